// Several commands of one user at one node at one moment: they share a tab, its key and the ledger. Each is paid for as soon
// as alone, and says what it has paid itself and nothing else.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { historyShape, tabsShape } from '../../src/commands/pay/shape.ts'
import { jsonOf } from './pay.ts'
import { type WithUp, withUp } from './with-up.ts'

const WORDS = Array.from({ length: 3_900 }, (_, i) => `w${i} `)
const TEXT = 'The heron stands in the reeds. It waits for fish all day. At dusk it flies home.'
/** Where a process does not hear what it waits for it waits 10 s. */
const STALL_MS = 9_000

let it: WithUp
beforeAll(async () => void (it = await withUp(WORDS)), 120_000)
afterAll(() => it.end())

type Event = Readonly<{ type: string; msat: string }>

const job = async (...args: string[]) => {
  const began = performance.now()
  const { code, said } = await jsonOf(it.here.run(['request', '--json', ...args]))
  const of = (type: string): bigint[] =>
    (said.events as Event[]).filter((one) => one.type === type).map((one) => BigInt(one.msat))
  const ms = performance.now() - began
  return { code, ms, paying: of('paying'), paid: of('paid'), left: BigInt(said.left_msat) }
}
type Ended = Awaited<ReturnType<typeof job>>

const hold = async () => {
  const began = performance.now()
  const args = ['request', '--timing', 'hold', '-t', 'text.summarize', TEXT]
  const { code, stderr } = await it.here.run(args)
  return { code, stderr, ms: performance.now() - began }
}
const after = (tokens: number) =>
  job('--timing', 'after', '--max-tokens', String(tokens), 'how are you?')

const tab = async () =>
  tabsShape.parse((await jsonOf(it.here.run(['pay', 'tabs', '--json']))).said).tabs[0]!
const history = async (): Promise<bigint> =>
  BigInt(
    historyShape.parse((await jsonOf(it.here.run(['pay', 'history', '--json']))).said).paid_msat,
  )
const sum = (all: readonly bigint[]): bigint => all.reduce((one, other) => one + other, 0n)
const several = <T>(count: number, one: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, one))

/** What they said that they paid is what was paid, and no more. */
const saysAll = async (before: bigint, ended: readonly Ended[]): Promise<void> => {
  for (const { paying, paid } of ended) expect(paid).toEqual(paying)
  expect(sum(ended.flatMap(({ paid }) => paid))).toBe((await history()) - before)
}

test('a tab that three use for the first time: one pays, and says so', async () => {
  const ended = await several(3, () => job('--max-tokens', '20', 'hello'))
  expect(ended.map(({ code }) => code)).toEqual([0, 0, 0])
  expect(ended.flatMap(({ paid }) => paid)).toEqual([10_000n])
  await saysAll(0n, ended)
}, 60_000)

test('a top-up that follows a job is in its object: paid, and what is left after it', async () => {
  const followed: Ended[] = []
  for (let n = 0; n < 24 && followed.length === 0; n++) {
    const before = await tab()
    const one = await job('--max-tokens', '3900', 'how are you?')
    await saysAll(BigInt(before.paid_msat), [one])
    expect(String(one.left)).toBe((await tab()).left_msat)
    // What was there had covered it.
    if (one.paid.length > 0 && BigInt(before.left_msat) >= 9_800n) followed.push(one)
  }
  expect(followed).toHaveLength(1)
}, 120_000)

describe('paid after it', () => {
  // All that was paid ahead is used, and what is lent is free.
  beforeAll(async () => {
    for (let n = 0; n < 40 && (await after(3_900)).paid.length === 0; n++);
    expect((await tab()).left_msat).toBe('0')
  }, 240_000)

  test.each([3, 8])(
    '%d at once: none waits, each msat is paid once, nothing is owed',
    async (count) => {
      const [before, { used_msat: used }] = [await history(), await tab()]
      const ended = await several(count, () => after(count === 3 ? 900 : 440))
      expect(ended.map(({ code }) => code)).toEqual(ended.map(() => 0))
      for (const { ms, left } of ended) {
        expect(ms).toBeLessThan(STALL_MS)
        expect(left).toBe(0n)
      }
      await saysAll(before, ended)
      const now = await tab()
      expect(now).toMatchObject({ left_msat: '0', paid_msat: now.used_msat })
      expect((await history()) - before).toBe(BigInt(now.used_msat) - BigInt(used))
    },
    60_000,
  )
})

describe('by hold', () => {
  test('beside other commands: as soon as alone, and none of them speaks of its payment', async () => {
    const beside = { over: false }
    const others: string[] = []
    const loop = async (): Promise<void> => {
      while (!beside.over)
        others.push((await it.here.run(['request', '--max-tokens', '5', 'hi'])).stderr)
    }
    const loops = [loop(), loop()]
    for (let n = 0; n < 4; n++) {
      const { code, ms, stderr } = await hold()
      expect({ code, paid: stderr.match(/^paid /gm)?.length }).toEqual({ code: 0, paid: 1 })
      expect(ms).toBeLessThan(STALL_MS)
    }
    beside.over = true
    await Promise.all(loops)
    expect(others.length).toBeGreaterThan(2)
    expect(others.filter((said) => /under way|resolve/.test(said))).toEqual([])
  }, 120_000)

  test('four at once: each is paid for once, and says so once', async () => {
    const before = await history()
    const ended = await several(4, hold)
    for (const { code, ms, stderr } of ended) {
      expect({ code, paid: stderr.match(/^paid 1 sat/gm)?.length }).toEqual({ code: 0, paid: 1 })
      expect(ms).toBeLessThan(STALL_MS)
      expect(stderr).not.toContain('under way')
    }
    expect((await history()) - before).toBe(4_000n)
  }, 60_000)
})
