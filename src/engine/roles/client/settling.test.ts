// What other processes of one user pay, and what this one says of payments.
import { expect, test } from 'bun:test'
import { unixMs } from '../../base/clock.ts'
import { Deadlines } from '../../base/deadlines.ts'
import { msat } from '../../base/money.ts'
import { seededRandom } from '../../base/random.ts'
import { jobId, paymentHash, pubKey } from '../../protocol/ids.ts'
import { FREE, SETTLED, payment } from '../../spending/journal.case.ts'
import { keepLooking, onLookDue } from './looking.ts'
import { type Funding, newClientMoney, newFunding, placeOf } from './money.ts'
import { onBegun, sayPaid } from './saying.ts'
import { paidByOthers } from './settling.ts'
import type { ClientTurn } from './state.ts'

const [NODE, KEY, ROUTER] = ['01', '02', '03'].map((it) => pubKey(it.repeat(32))) as [
  ReturnType<typeof pubKey>,
  ReturnType<typeof pubKey>,
  ReturnType<typeof pubKey>,
]
const JOB = jobId('04'.repeat(32))
const now = unixMs(1_800_000_000_000)

/** A client whose books say so many payments into its tab; no link, so that it says nothing. */
const scene = (over: Partial<Funding> = {}, seq = 3) => {
  const view = () => ({ seq, paid: 0n, used: 0n }) as never
  const money = newClientMoney({
    tab: () => ({ pubkey: KEY }) as never,
    view,
    caps: FREE,
    secp: null as never,
  })
  const deadlines = new Deadlines()
  const state = { money, jobs: new Map(), deadlines, link: null, router: ROUTER }
  const effects: { do: string; job?: string; news?: { type: string } }[] = []
  const turn = { state, now, effects, random: seededRandom(1) } as never as ClientTurn
  const jobs = new Set<never>()
  const wanted = { node: NODE, ref: KEY, timing: 'before', jobs, topUp: null } as const
  const one = { ...newFunding({ ...wanted, needed: msat(1n) }, now, 2), ...over }
  money.funding.set(placeOf(NODE, one.ref), one)
  const told = () => effects.splice(0).map((it) => (it.news ? `${it.news.type} ${it.job}` : it.do))
  return { turn, money, one, deadlines, told }
}

test('what another process paid into the tab while this one asked is waited for, and nothing more is paid', () => {
  const { turn, one, deadlines } = scene()
  expect(paidByOthers(turn, one)).toBe(true)
  expect(one).toMatchObject({ phase: 'paid', seq: 3, hash: null })
  expect(deadlines.has(`fund:${NODE} ${KEY}`)).toBe(true)
  // Once.
  expect(paidByOthers(turn, one)).toBe(false)
})

test('processes that wait for one payment do not ask in one moment, by which a router could tell that they belong together', () => {
  const random = seededRandom(2)
  const moments = Array.from({ length: 50 }, () => {
    const { turn, one, deadlines } = scene()
    paidByOthers({ ...turn, random }, one)
    return deadlines.dueAt(`fund:${NODE} ${KEY}`)! - now
  })
  expect(Math.max(...moments)).toBeLessThan(300)
  expect(new Set(moments).size).toBeGreaterThan(40)
})

test.each<[string, Partial<Funding>]>([
  ['there is nothing that was not there before', { before: 3 }],
  ['it is being paid', { phase: 'paying' }],
  ['its invoice is for one job alone', { ref: JOB }],
  ['a user typed the amount', { topUp: {} as never }],
])('not where %s', (_, over) => {
  const { turn, one } = scene(over)
  const phase = one.phase
  expect(paidByOthers(turn, one)).toBe(false)
  expect(one.phase).toBe(phase)
})

test('it looks ten times a second, while it waits for something and no longer', () => {
  const { turn, money, deadlines, told } = scene()
  keepLooking(turn)
  expect(deadlines.dueAt('look:')).toBe(unixMs(now + 100))
  onLookDue(turn)
  expect(told()).toEqual(['look'])
  deadlines.clear('look:')
  money.funding.clear()
  keepLooking(turn)
  expect(deadlines.has('look:')).toBe(false)
})

test('a payment is said by who makes it, and to the same that it is paid: once', () => {
  const { turn, money, told } = scene()
  const hash = paymentHash('ab'.repeat(32))
  const about = { node: NODE, ref: KEY, hash }
  const news = { type: 'paying', msat: msat(9n), maxFee: msat(0n), for: 'tab', ...about } as const
  const end = { ...payment(1), ...SETTLED, hash } as never
  const paid = { type: 'payment', ...about, end } as const
  // Another process makes it.
  sayPaid(turn, { ...paid, others: true })
  expect(told()).toEqual([])
  money.telling.set('tag' as never, { outcome: { node: NODE, job: JOB } } as never)
  onBegun(turn, { type: 'begun', ...about, news })
  expect(told()).toEqual([`paying ${JOB}`])
  money.telling.clear()
  sayPaid(turn, paid)
  sayPaid(turn, paid)
  expect(told()).toEqual([`paid ${JOB}`])
  // It has no job any more: it is told in the background.
  onBegun(turn, { type: 'begun', ...about, news })
  sayPaid(turn, { ...paid, end: { ...payment(1), state: 'failed' } as never })
  expect(told()).toEqual(['paying '])
})
