import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { BOUNDS } from '../bounds.ts'
import { AGREED, SETTABLE } from './limits.ts'
import { type Env, type Flags, OTHER_VARIABLES, resolve, showSource } from './resolve.ts'
import { KEYS, type Key, SETTINGS, fileSchema, settingOf, variableOf } from './schema.ts'
import { readToml } from './toml.ts'

const none: Env = {}
const file = (text: string) => readToml(text, 'fedai.toml')
const wrong = (flags: Flags, env: Env, text = '') => {
  try {
    resolve(flags, env, file(text))
  } catch (error) {
    const { kind, code, message, hint } = error as Record<string, string>
    return { kind, code, message, hint }
  }
  return undefined
}

describe('the table of settings', () => {
  test.each(KEYS)('%s has a default and an example that it takes, and a sentence', (key) => {
    const { value, usual, example, doc } = settingOf(key)
    if (usual !== undefined) expect(value.schema.safeParse(usual).success).toBe(true)
    expect(value.schema.safeParse(example).success).toBe(true)
    expect(doc).toMatch(/^[A-Z].*\.$/)
    expect(doc.length).toBeLessThanOrEqual(120)
    expect(key).toMatch(/^[a-z]+(\.[a-z_]+)?$/)
  })

  test('no variable stands for two keys, or for something else', () => {
    const variables = [...KEYS.map(variableOf), ...Object.keys(OTHER_VARIABLES)]
    expect(new Set(variables).size).toBe(variables.length)
  })

  test('every bound is settable, or agreed between two parties', () => {
    expect([...SETTABLE, ...AGREED].toSorted()).toEqual(Object.keys(BOUNDS).toSorted() as never)
  })

  test('all limits are the bounds, unless they are set', () => {
    expect(resolve({}, none).bounds()).toEqual(BOUNDS)
    const set = resolve({}, { FEDAI_LIMITS_IDLE: '10m' }, file('limits.open_jobs_unknown = 9'))
    expect(set.bounds()).toEqual({ ...BOUNDS, idleMs: 600_000, openJobsUnknown: 9 })
  })

  test('one schema takes a whole file of examples, and nothing else', () => {
    const whole: Record<string, unknown> = {}
    for (const key of KEYS) {
      const [section, name] = key.split('.') as [string, string?]
      if (name === undefined) whole[section] = SETTINGS[key].example
      else whole[section] = { ...(whole[section] as object), [name]: SETTINGS[key].example }
    }
    expect(fileSchema().safeParse(whole).success).toBe(true)
    expect(fileSchema().safeParse({}).success).toBe(true)
    expect(fileSchema().safeParse({ ...whole, x: 1 }).success).toBe(false)
    expect(fileSchema().safeParse({ router: { x: 1 } }).success).toBe(false)
  })
})

/** Two values of each key that differ, as the file has them. */
const OTHER: Partial<Record<Key, unknown>> = {
  'router.public': ['ws://[::1]:80', 'wss://b.example'],
  'node.runners': ['none'],
}
const textOf = (key: Key, value: unknown): string =>
  [value].flat().join(key === 'node.runners' ? ';' : ',')
const tomlOf = (values: ReadonlyMap<Key, unknown>): string =>
  [...values].map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join('\n')

describe('flag, variable, file, default', () => {
  test('the first of them that says anything is believed, for any layering', () => {
    const layer = fc.subarray([...KEYS])
    fc.assert(
      fc.property(layer, layer, layer, (inFlags, inEnv, inFile) => {
        const example = (key: Key) => OTHER[key] ?? settingOf(key).example
        const flags = Object.fromEntries(
          inFlags.map((key) => {
            const value = example(key)
            return [key, Array.isArray(value) ? value : String(value)]
          }),
        ) as Flags
        const env = Object.fromEntries(
          inEnv.map((key) => [variableOf(key), textOf(key, example(key))]),
        )
        const text = tomlOf(new Map(inFile.map((key) => [key, settingOf(key).example])))
        const settings = resolve(flags, env, file(text))
        for (const key of KEYS) {
          const from = inFlags.includes(key)
            ? 'flag'
            : inEnv.includes(key)
              ? 'env'
              : inFile.includes(key)
                ? 'file'
                : 'default'
          expect(settings.sourceOf(key).from).toBe(from)
          const { usual, value } = settingOf(key)
          const said =
            from === 'default' ? usual : from === 'file' ? settingOf(key).example : example(key)
          expect(settings.written(key)).toEqual(said as never)
          expect(settings.get(key)).toEqual(
            (said === undefined ? undefined : value.schema.parse(said)) as never,
          )
        }
      }),
      { numRuns: 60 },
    )
  })

  test('types are those of the table', () => {
    const settings = resolve({ 'request.max_price': '2sat' }, none)
    const port: number = settings.get('router.listen').port
    const queue: number = settings.get('node.queue')
    const routers: readonly string[] = settings.get('routers')
    const price: bigint | undefined = settings.get('request.max_price')
    const prefer: 'cheap' | 'balanced' | 'fast' = settings.get('request.prefer')
    expect({ port, queue, routers, price, prefer, drain: settings.get('node.drain') }).toEqual({
      port: 7447,
      queue: 2,
      routers: [],
      price: 2000n,
      prefer: 'balanced',
      drain: 30_000,
    })
  })

  test('a source is said as people find it', () => {
    const settings = resolve(
      { 'router.listen': '[::1]:0' },
      { FEDAI_NODE_NAME: 'n', FEDAI_ROUTER_NAME: '' },
      file('\n  node.queue = 3\nnode.name = "other"'),
    )
    expect(settings.get('router.listen')).toEqual({ host: '::1', port: 0 })
    expect(
      (['router.listen', 'node.name', 'node.queue', 'router.name'] as const).map((key) =>
        showSource(settings.sourceOf(key)),
      ),
    ).toEqual(['--listen', 'FEDAI_NODE_NAME', 'fedai.toml:2:3', 'default'])
  })
})

describe('what is wrong', () => {
  test.each<[Flags, Env, string, object]>([
    [
      {},
      {},
      '[router]\nlissten = 1',
      {
        message: 'fedai.toml:2:1: there is no key router.lissten',
        hint: 'did you mean router.listen?',
      },
    ],
    [{}, {}, 'queue = 1', { hint: 'did you mean node.queue?' }],
    [
      {},
      {},
      '[routr]',
      { message: 'fedai.toml:1:1: there is no key routr', hint: 'did you mean router?' },
    ],
    [{}, {}, 'routrs = []', { hint: 'did you mean routers?' }],
    [{}, {}, 'prefr = "fast"', { hint: 'did you mean request.prefer?' }],
    [{}, { FEDAI_PREFER: 'fast' }, '', { hint: 'did you mean FEDAI_REQUEST_PREFER?' }],
    [{}, {}, 'router = 1979-05-27', { message: expect.stringContaining('is a section') }],
    [{}, {}, 'router = 1', { message: expect.stringContaining('is a section') }],
    [{}, {}, '[[router]]', { message: expect.stringContaining('is a section') }],
    [{}, {}, 'router = []', { message: expect.stringContaining('is a section') }],
    [{}, {}, 'routers.x = 1', { message: expect.stringContaining('no key routers.x') }],
    [
      {},
      { FEDAI_ROUTER: 'x' },
      '',
      { code: 'config.unknown_variable', hint: 'did you mean FEDAI_ROUTERS?' },
    ],
    [{}, { FEDAI_ZZZZZZZZZZZ: 'x' }, '', { hint: 'all variables: fedai config show' }],
    [
      {},
      { FEDAI_NODE_QUEUE: 'many' },
      '',
      {
        kind: 'config',
        message:
          'FEDAI_NODE_QUEUE: node.queue is "many", which is not a whole number from 0 to 1000',
        hint: 'such as: FEDAI_NODE_QUEUE=4',
      },
    ],
    [
      { 'router.drain': '30' },
      {},
      '',
      {
        kind: 'usage',
        message: '--drain is "30", which is not a time from 1ms to 1h, such as 30s',
        hint: 'such as: --drain 30s',
      },
    ],
    [
      {},
      {},
      'node.queue = "2"',
      { message: expect.stringContaining('fedai.toml:1:1: node.queue is "2"') },
    ],
    [{}, {}, 'node.queue = 2.5', { code: 'config.value' }],
    [{}, {}, 'node.queue = nan', { code: 'config.value' }],
    [{}, {}, 'node.drain = 30', { code: 'config.value' }],
    [{}, {}, 'node.drain = 1979-05-27', { code: 'config.value' }],
    [{}, {}, 'routers = "x"', { code: 'config.value' }],
    [{}, {}, 'node.runners = ["none", "none"]', { code: 'config.value' }],
    [{}, {}, 'node.name = "a\\u0007b"', { code: 'config.value' }],
    [{}, {}, 'router.listen = "x:65536"', { code: 'config.value' }],
    [{}, {}, 'limits.output = "1GiB"', { code: 'config.value' }],
    [{}, {}, 'request.max_price = "0.0001sat"', { hint: 'the smallest is 1msat' }],
    [{}, { FEDAI_PAY_BUDGET: '10,5sat' }, '', { hint: 'write 10.5sat' }],
    [{ 'pay.budget': '1,5sat' }, {}, '', { kind: 'usage', hint: 'write 1.5sat' }],
    [{ 'router.fee': '100,000,001sat' }, {}, '', { kind: 'usage', hint: 'such as: --fee 10sat' }],
    // Outranked by a variable, and wrong all the same.
    [{}, { FEDAI_NODE_QUEUE: '1' }, 'node.queue = -1', { code: 'config.value' }],
  ])('%j %j %j', (flags, env, text, fault) => {
    expect(wrong(flags, env, text)).toMatchObject({ kind: 'config', ...fault })
  })

  test('what is set to nothing is not set, and tools of a clone are let be', () => {
    expect(wrong({}, { FEDAI_NODE_QUEUE: '', FEDAI_ROUTER: '', FEDAI_SEED: '1' })).toBeUndefined()
  })

  test('a secret key in the wrong place is not shown', () => {
    const secret = 'ab'.repeat(32)
    for (const text of [`nsec1${'q'.repeat(58)}`, `NCRYPTSEC1${'Q'.repeat(100)}`, secret]) {
      const said = [
        wrong({}, { FEDAI_ROUTER_OPERATOR: text }),
        wrong({ 'router.listen': `x ${text}` }, {}),
        wrong({}, {}, `routers = [${JSON.stringify(`${text}@ws://x`)}]`),
      ]
      for (const fault of said) {
        expect(fault!.message).toContain('not shown')
        expect(JSON.stringify(fault).toLowerCase()).not.toContain(text.slice(6, 40).toLowerCase())
      }
    }
  })

  test('nor is a password in the address of a runner', () => {
    const fault = wrong({}, { FEDAI_NODE_RUNNERS: 'openai=http://me:hunter2@127.0.0.1:1' })
    expect(fault!.message).toContain('not shown')
    expect(JSON.stringify(fault) + fault!.message).not.toContain('hunter2')
  })

  test('a long value is cut short, and control characters are shown as escapes', () => {
    const { message } = wrong({}, { FEDAI_NODE_NAME: `\u001b[31m${'x'.repeat(5_000)}` })!
    expect(message!.length).toBeLessThan(200)
    expect(message).toContain('\\u001b')
  })
})
