// What a ledger does not take, or knows already: the purse has only what is written, and whoever waits hears of it.
import { describe, expect, test } from 'bun:test'
import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import type { SignedStatement } from '../../metering/tab-rows.ts'
import type { Payment } from '../../payments/payer.ts'
import type { EventId, JobId } from '../../protocol/ids.ts'
import { NODE, SETTLED, hex } from '../../spending/journal.case.ts'
import { memoryStore } from '../../storage/memory.ts'
import type { MoneyStore } from '../../storage/money-store.ts'
import { moneyElsewhere, moneyKnown } from '../../storage/faults.ts'
import { scene } from './purse.case.ts'

const FULL = new Fault('io', 'ledger.io', 'the disk is full')
const OTHER = { seq: 2, bolt11: 'lnbcrt-other' }

/** A ledger that refuses as many writes as `why` has reasons for, from now on. */
const refusing = (shared: MoneyStore) => {
  const why: Fault[] = []
  const write: MoneyStore['write'] = async (changes) => {
    const fault = changes.length > 0 && why.shift()
    if (fault) throw fault
    return shared.write(changes)
  }
  return { why, write }
}

describe('attack 16: a payee that uses a payment hash for two of its invoices', () => {
  test('is refused the second; nothing is begun, counted or broken', async () => {
    const it = scene()
    expect(await it.pay(1)).toBe('settled')
    const spent = it.purse.spentToday()
    expect(await it.pay(1, OTHER)).toBe('payment.reused')
    expect([it.purse.open(), it.purse.spentToday(), it.paid]).toEqual([[], spent, ['lnbcrt1']])
    expect(await it.pay(3)).toBe('settled')
    await it.clock.advance(600_000)
    expect(it.codes()).toEqual([])
    // Neither is it waited for for ever.
    expect(await it.pay(1, OTHER)).toBe('payment.reused')
  })

  test('so is one that asks while the first is on its way, which ends by itself', async () => {
    const first = Promise.withResolvers<Payment>()
    const it = scene({ pay: () => first.promise })
    const ends = [it.pay(1), it.pay(1, OTHER)]
    expect(await ends[1]).toBe('payment.reused')
    const another = scene({ pay: () => first.promise }, {}, it.store)
    expect(await another.pay(1, OTHER)).toBe('payment.open')
    first.resolve(SETTLED as Payment)
    expect(await ends[0]).toBe('settled')
    expect([it.paid, another.paid]).toEqual([['lnbcrt1'], []])
  })

  test('so is one whose hash another process of ours pays in the same moment', async () => {
    const other = scene()
    const write: MoneyStore['write'] = async (changes) => {
      if (changes.length === 0) return
      expect(await other.pay(1)).toBe('settled')
      throw moneyElsewhere()
    }
    const it = scene({}, { write }, other.store)
    expect(await it.pay(1, OTHER)).toBe('payment.reused')
    expect([it.paid, it.purse.open()]).toEqual([[], []])
  })
})

test('a write that is refused leaves nothing behind: what it began was not begun', async () => {
  const shared = memoryStore().money
  const { why, write } = refusing(shared)
  const it = scene({}, { write }, shared)
  why.push(moneyKnown('payments', hex(1)))
  expect(await it.pay(1)).toBe('money.known')
  expect([it.purse.open(), it.purse.spentToday(), it.paid]).toEqual([[], 0n, []])
  expect(await it.pay(1)).toBe('settled')
  expect(it.codes()).toEqual([])
})

test('what is wanted again still is once the ledger was read anew', async () => {
  const shared = memoryStore().money
  const dead = scene({ pay: () => new Promise(() => {}) }, {}, shared)
  void dead.pay(1)
  await dead.clock.advance(1)
  const { why, write } = refusing(shared)
  const looks: ((found: null) => void)[] = []
  const payStatus = () => new Promise<null>((resolve) => void looks.push(resolve))
  const it = scene({ onceByHash: true, payStatus }, { write }, shared)
  const again = it.pay(1)
  await it.clock.advance(1)
  why.push(moneyElsewhere())
  expect(await it.pay(2)).toBe('settled')
  expect(it.paid).toEqual(['lnbcrt2'])
  looks[0]!(null)
  expect(await again).toBe('settled')
  expect(it.paid).toEqual(['lnbcrt2', 'lnbcrt1'])
})

describe('a ledger that takes nothing more', () => {
  const statement = (it: Scene, paid: bigint): SignedStatement => ({
    id: hex(77),
    node: NODE,
    key: it.purse.tab(NODE).pubkey,
    n: 1,
    paid: msat(paid),
    used: msat(5n),
    reserved: msat(0n),
    receipt: hex(88),
    cost: msat(5n),
    text: '',
    at: unixMs(0),
  })
  const receipt = {
    id: hex<EventId>(5),
    job: hex<JobId>(6),
    cost: msat(10n),
    ceiling: msat(10n),
    disputed: false,
  }

  test('ends whoever waits for a payment, with that Fault', async () => {
    const shared = memoryStore().money
    const { why, write } = refusing(shared)
    const slow = Promise.withResolvers<Payment>()
    const it = scene({ pay: () => slow.promise }, { write }, shared)
    const ends = [it.pay(1), it.pay(2)]
    await it.clock.advance(1)
    why.push(FULL)
    await it.purse.charge(NODE, receipt)
    expect(await Promise.all(ends)).toEqual(['ledger.io', 'ledger.io'])
    expect(it.codes()).toEqual(['ledger.io'])
  })

  test.each([
    ['a statement', (it: Scene) => it.purse.check(statement(it, 0n), true)],
    ['a receipt', (it: Scene) => it.purse.charge(NODE, receipt)],
    ['the pin of a node', (it: Scene) => it.purse.pin(NODE)],
  ])('is said once where it is %s that is not written, and rejects nobody', async (_, act) => {
    const it = scene({}, { write: () => Promise.reject(FULL) })
    await act(it)
    expect(it.codes()).toEqual(['ledger.io'])
  })

  test('also by the look that a statement asks for', async () => {
    const shared = memoryStore().money
    const { why, write } = refusing(shared)
    const settles = { payStatus: async () => SETTLED as Payment }
    const it = scene({ ...settles, pay: async () => ({ state: 'unknown' }) }, { write }, shared)
    expect(await it.pay(1)).toBe('unknown')
    const { paid } = it.purse.view(NODE)
    await it.purse.check(statement(it, paid + 1n))
    why.push(FULL)
    await it.clock.advance(1)
    expect(it.codes()).toEqual(['ledger.io'])
  })

  test('is no news once the purse is closed', async () => {
    const it = scene({}, { write: () => Promise.reject(FULL) })
    await it.purse.close()
    await it.purse.pin(NODE)
    expect(it.codes()).toEqual([])
  })
})

type Scene = ReturnType<typeof scene>
