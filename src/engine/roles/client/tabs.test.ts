import { expect, test } from 'bun:test'
import { BOUNDS } from '../../base/bounds.ts'
import { unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { seededRandom } from '../../base/random.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import type { SignedStatement } from '../../metering/tab-rows.ts'
import type { EventId } from '../../protocol/ids.ts'
import { STATEMENT_PAGE } from '../../protocol/sync.ts'
import { openView } from '../../spending/ledger.ts'
import { windowBudget } from '../../transport/flow.ts'
import { decide } from './decide.ts'
import { newClientMoney } from './money.ts'
import { newClientState } from './state.ts'

const secp = await openSecp256k1()

/** A client that hears of statements of a node; how far its own books go is for the test to say. */
const scene = () => {
  const random = seededRandom(26_435)
  const [session, tab, router, other] = Array.from({ length: 4 }, () => newSigner(secp, random))
  const node = other!.pubkey
  const books = { n: 3 }
  const money = newClientMoney({
    tab: () => tab!,
    view: () => ({ ...openView(node, tab!.pubkey, unixMs(0)), n: books.n }),
    caps: { budget: null, exposure: null, maxPrice: msat(1n) },
    secp,
  })
  const keys = { signer: session!, verifier: secp, router: router!.pubkey }
  const state = newClientState({
    ...keys,
    net: 'sim',
    bounds: BOUNDS,
    budget: windowBudget(),
    money,
  })
  state.link = 1
  let now = 1_795_350_000_000
  const saidOf = (n: number): SignedStatement => ({
    node,
    key: tab!.pubkey,
    n,
    paid: msat(0n),
    used: msat(0n),
    reserved: msat(0n),
    receipt: String(n).padStart(64, '0') as EventId,
    cost: msat(0n),
    id: String(n).padStart(64, '0') as EventId,
    text: '',
    at: unixMs(now),
  })
  const run = (event: Parameters<typeof decide>[1]) =>
    decide(state, event, unixMs(now), random).effects
  const asks = (effects: ReturnType<typeof run>) =>
    effects.filter((it) => it.do === 'send' && it.outgoing.event.kind === 26437).length
  return {
    books,
    /** @returns how often the node was asked for what is missing */
    checked: (n: number, isAnswer = false) => {
      money.heard.set(node, Math.max(n, money.heard.get(node) ?? 0))
      return asks(run({ type: 'checked', said: saidOf(n), isAnswer, isLast: false, wrong: [] }))
    },
    later: (ms: number) => {
      now += ms
      return asks(run({ type: 'tick' }))
    },
    /** The statement of a job did not come in time. */
    late: () => {
      const tag = 'ab'.repeat(16) as never
      money.expected.set(tag, { node, key: tab!.pubkey, receipt: null, secret: new Uint8Array(32) })
      state.deadlines.set(`statement:${tag}`, unixMs(now))
      return asks(run({ type: 'tick' }))
    },
    /** A job has ended and waits for its statement, the n-th, which is here. */
    waits: (n: number) => {
      const job = String(n).padStart(64, '0')
      const outcome = { job, node, bundle: {}, left: null }
      const one = { receipt: job, outcome, n, isAfter: false, held: null }
      money.telling.set(job as never, one as never)
      return () => !money.telling.has(job as never)
    },
  }
}

test('one that follows from the one before it asks for nothing, and its job is told to have ended', () => {
  const { books, checked, waits, later } = scene()
  const isTold = waits(4)
  books.n = 4
  expect([checked(4), isTold(), later(5_000)]).toEqual([0, true, 0])
})

test('one before it that is missing is asked for and waited for; what does not help is not waited for again', () => {
  const { books, checked, waits, later } = scene()
  const first = waits(6)
  expect([checked(6), first()]).toEqual([1, false])
  // It came, and cannot be counted yet.
  expect([checked(4, true), checked(5, true), first()]).toEqual([0, 0, true])
  expect([later(1_000), later(10_000)]).toEqual([0, 0])
  const second = waits(7)
  expect([checked(7), second()]).toEqual([1, true])
  books.n = 7
  expect(later(1_000)).toBe(0)
})

test('asked for a moment ago, it is asked for again as soon as that may be; what is on its way is waited for', () => {
  const { checked, later, waits } = scene()
  expect(checked(6)).toBe(1)
  const isTold = waits(7)
  expect([checked(7), isTold()]).toEqual([0, false])
  expect([later(999), later(1), later(1_000)]).toEqual([0, 1, 0])
})

test('what is known to be there is asked on for, as long as it comes', () => {
  const { books, checked, later } = scene()
  expect(checked(10)).toBe(1)
  books.n += 2
  expect(later(1_000)).toBe(1)
  expect(later(1_000)).toBe(0)
  expect(checked(11)).toBe(1)
  books.n = 11
  expect(later(1_000)).toBe(0)
})

test('after a whole page there may be one that nobody heard of, and not after less', () => {
  const { books, late, later } = scene()
  expect(late()).toBe(1)
  books.n += STATEMENT_PAGE
  expect(later(1_000)).toBe(1)
  books.n += STATEMENT_PAGE - 1
  expect(later(1_000)).toBe(0)
})
