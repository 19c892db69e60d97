import { expect, test } from 'bun:test'
import { parseSealed, parseStrict } from './json.ts'

/**
 * How much a stranger's text can make the parser do, counted and not timed, so that a busy machine changes nothing:
 * each character that is looked at, and for what the engine does as a whole all characters that it goes over.
 */

const SHAPES: readonly ((n: number) => string)[] = [
  (n) => '['.repeat(n),
  (n) => '{"":'.repeat(n / 4),
  (n) => `"${'\\\\'.repeat(n / 2)}`,
  (n) => `["${'\\"'.repeat(n / 2)}`,
  (n) => ' '.repeat(n),
  (n) => `{${Array.from({ length: n / 8 }, (_, i) => `"${1_000_000 + i}":0`).join(',')}}`,
  (n) => '9'.repeat(n),
  (n) => `[${'0,'.repeat(n / 2)}0]`,
  (n) => `[${'1.5,'.repeat(n / 4)}0]`,
  (n) => `"${'\\ud83d'.repeat(n / 6)}"`,
  (n) => `"${'\\u0061'.repeat(n / 6)}"`,
  (n) => 'é'.repeat(n / 2),
  (n) => `"${'é'.repeat(n / 2)}"`,
]

test.each(SHAPES.map((shape) => [shape(24), shape] as const))(
  'of %s the work grows with the length, and no faster',
  (_, shape) => {
    const [small, large] = [shape(2_400), shape(76_800)]
    const [few, many] = [stepsOf(small), stepsOf(large)]
    expect(few).toBeGreaterThan(0)
    // 32 times as long: a quadratic one would take 1,024 times as many.
    expect(many).toBeLessThan(few * 33 + 100)
    expect(many).toBeLessThan(large.length * 30)
  },
)

const stepsOf = (text: string): number =>
  counted(() => {
    // With a blank before it no text takes the fast path.
    for (const it of [text, ` ${text}`]) parseStrict(it, { maxDepth: 8, maxBytes: 1e9 })
    parseSealed(text)
  })

type Cost = (self: unknown, result: unknown) => number
const whole: Cost = (self) => lengthOf(self)
const result: Cost = (_, out) => 1 + lengthOf(out)

/** What the parser reads a text with, and how many characters each goes over. */
const READS: readonly (readonly [on: object, name: string, cost: Cost])[] = [
  [String.prototype, 'charCodeAt', () => 1],
  [String.prototype, 'charAt', () => 1],
  [String.prototype, 'startsWith', () => 5],
  [String.prototype, 'slice', result],
  [String.prototype, 'includes', whole],
  [String.prototype, 'isWellFormed', whole],
  [String.prototype, 'indexOf', whole],
  [Array.prototype, 'includes', whole],
  [Array.prototype, 'indexOf', whole],
  [Array.prototype, 'some', whole],
  // What is tried in vain may have been looked at, too.
  [RegExp.prototype, 'exec', (_, out) => 1 + (Array.isArray(out) ? lengthOf(out[0]) : 0)],
  [RegExp.prototype, 'test', () => 4],
  [JSON, 'stringify', result],
  [Object, 'values', result],
]

const counted = (run: () => void): number => {
  let steps = 0
  const undo = READS.map(([on, name, cost]) => {
    const real: (...args: unknown[]) => unknown = Reflect.get(on, name)
    Reflect.set(on, name, function (this: unknown, ...args: unknown[]) {
      const out = Reflect.apply(real, this, args)
      steps += cost(this, out)
      return out
    })
    return () => Reflect.set(on, name, real)
  })
  // What does not parse is no reason to leave the text without its own methods.
  const parse = JSON.parse
  JSON.parse = (text, ...rest) => {
    steps += lengthOf(text)
    return parse(text, ...rest)
  }
  try {
    run()
  } finally {
    JSON.parse = parse
    for (const back of undo) back()
  }
  return steps
}

const lengthOf = (value: unknown): number =>
  typeof value === 'string' || Array.isArray(value) ? value.length : 0
