// Several `fedai pay top-up` at one moment: they share a tab, and its next invoice.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { topUpShape } from '../../src/commands/pay/shape.ts'
import { jsonOf } from './pay.ts'
import { type WithUp, withUp } from './with-up.ts'

let it: WithUp
beforeAll(async () => void (it = await withUp()), 120_000)
afterAll(() => it.end())

const SPENDING = ['--yes', '--max-exposure', '2000sat', '--budget', '9000sat', '--json']
let node = ''

const atOnce = async (sums: readonly number[]) => {
  const ran = await Promise.all(
    sums.map((sat) => jsonOf(it.here.run(['pay', 'top-up', node, `${sat}sat`, ...SPENDING]))),
  )
  expect(ran.map(({ code, error }) => ({ code, error }))).toEqual(
    ran.map(() => ({ code: 0, error: null })),
  )
  const ends = ran.map(({ said }) => topUpShape.parse(said))
  for (const [n, { amount_msat, fee_msat }] of ends.entries())
    expect({ amount_msat, fee_msat }).toEqual({ amount_msat: `${sums[n]}000`, fee_msat: '0' })
  return ends.map(({ status }): string => status)
}

/** Sums of all payments so far, in sat, sorted. */
const paidSums = async (): Promise<number[]> => {
  const { payments } = (await jsonOf(it.here.run(['pay', 'history', '--json']))).said
  for (const { state } of payments) expect(state).toBe('settled')
  const sums: number[] = payments.map((one: { amount_msat: string }) => +one.amount_msat / 1000)
  return sums.toSorted((a, b) => a - b)
}

test('eight of one sum at once are one payment: one has paid it, and the others joined', async () => {
  const offers = await jsonOf(it.here.run(['request', '--dry-run', '--json', 'hello']))
  node = offers.said.offers[0].node
  const ends = await atOnce([100, 100, 100, 100, 100, 100, 100, 100])
  expect(ends.toSorted()).toEqual(['paid', ...Array.from({ length: 7 }, () => 'paid_before')])
  expect(await paidSums()).toEqual([100])
  const { tabs } = (await jsonOf(it.here.run(['pay', 'tabs', '--json']))).said
  expect(tabs).toMatchObject([{ paid_msat: '100000', seq: 1 }])
}, 60_000)

test('started after it has ended the same one pays anew', async () => {
  expect(await atOnce([100])).toEqual(['paid'])
  expect(await paidSums()).toEqual([100, 100])
}, 30_000)

test('of several sums each is paid once, one after the other', async () => {
  const begun = performance.now()
  const ends = await atOnce([110, 150, 200, 110, 150, 200])
  expect(ends.toSorted()).toEqual([
    'paid',
    'paid',
    'paid',
    ...ends.slice(3).map(() => 'paid_before'),
  ])
  expect(await paidSums()).toEqual([100, 100, 110, 150, 200])
  // Nobody waits for the end of an invoice, two minutes.
  expect(performance.now() - begun).toBeLessThan(60_000)
}, 150_000)

test('a cap holds for all together, and whoever joins needs no more than one', async () => {
  const [{ paid_msat }] = (await jsonOf(it.here.run(['pay', 'tabs', '--json']))).said.tabs
  const cap = `${BigInt(paid_msat) / 1000n + 150n}sat`
  const args = ['pay', 'top-up', node, '120sat', '--yes', '--max-exposure', cap, '--json']
  const ran = await Promise.all([1, 2, 3].map(() => jsonOf(it.here.run(args))))
  expect(ran.map(({ code }) => code)).toEqual([0, 0, 0])
  expect((await paidSums()).filter((sat) => sat === 120)).toHaveLength(1)
}, 60_000)
