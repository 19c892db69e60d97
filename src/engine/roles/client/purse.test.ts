// What a purse allows, counts and waits for, beyond what the journal decides.
import { describe, expect, test } from 'bun:test'
import { msat } from '../../base/money.ts'
import type { Payment } from '../../payments/payer.ts'
import type { EventId, JobId, PubKey } from '../../protocol/ids.ts'
import { termsText } from '../../protocol/terms.ts'
import { toSec } from '../../base/clock.ts'
import { FREE, NODE, SETTLED, hex, payment } from '../../spending/journal.case.ts'
import { memoryStore } from '../../storage/memory.ts'
import { scene } from './purse.case.ts'

const never = () => new Promise<never>(() => {})

/** Terms that pay into our tab at the node. */
const topUp = (
  { purse, clock }: Scene,
  seq: number,
  payer: PubKey = purse.tab(NODE).pubkey,
): string => {
  const iat = toSec(clock.now())
  const parties = { net: 'sim', payee: NODE, payer, router: '', ref: payer } as const
  const sums = { price: hex<EventId>(7), msat: msat(100_000n), cum_used_msat: msat(0n) }
  const exp = (iat + 120) as typeof iat
  return termsText({ ...parties, ...sums, for: 'topup', seq, iat, exp })
}

test('what is used and in no book yet leaves room below the exposure that is allowed', async () => {
  const it = scene()
  const ref = it.purse.tab(NODE).pubkey
  expect(await it.pay(1, { ref, terms: topUp(it, 1) })).toBe('settled')
  const caps = { ...FREE, exposure: msat(150_000n) }
  const second = { ref, terms: topUp(it, 2), caps }
  expect(await it.pay(2, { ...second, used: 49_999n })).toBe('exposure.exceeded')
  expect(await it.pay(2, { ...second, used: 50_000n })).toBe('settled')
})

test('a payment into the tab of an identity before, which settles now as the first there, is no session’s', async () => {
  const it = scene()
  const [before, session] = [hex<PubKey>(71), hex<PubKey>(72)]
  expect(await it.pay(1, { ref: before, terms: topUp(it, 1, before) })).toBe('settled')
  expect(await it.pay(2, { ref: hex<JobId>(9), terms: topUp(it, 1, session) })).toBe('settled')
  expect(it.purse.view(NODE, before)).toMatchObject({ paid: 100_000n, session: false })
  expect(it.purse.view(NODE, session).session).toBe(true)
})

test('a job that an identity before paid alone (`hold`, `--as`), which settles now: it was no session’s', async () => {
  const dead = scene({ pay: never })
  const [tab, lasting, session] = [dead.purse.tab(NODE).pubkey, hex<PubKey>(72), hex<PubKey>(73)]
  dead.purse.lasts(lasting)
  for (const [i, payer] of [tab, lasting, session].entries()) {
    const job = { ref: hex<JobId>(90 + i), purpose: 'job', terms: topUp(dead, 1, payer) } as const
    void dead.pay(1 + i, { ...job, hold: payer === tab })
  }
  await dead.purse.close()
  const payStatus = async (): Promise<Payment> => SETTLED as Payment
  const it = scene({ payStatus }, {}, dead.store, 5)
  await it.purse.resolve()
  expect(it.purse.tab(NODE).pubkey).not.toBe(tab)
  const marks = [tab, lasting, session].map((key) => it.purse.view(NODE, key))
  expect(marks).toMatchObject([false, false, true].map((of) => ({ paid: 100_000n, session: of })))
  expect(it.codes()).toEqual([])
})

test('a receipt that is counted again is counted once, and breaks nothing', async () => {
  const it = scene()
  const receipt = {
    id: hex<EventId>(5),
    job: hex<JobId>(6),
    cost: msat(10n),
    ceiling: msat(10n),
    disputed: false,
  }
  await Promise.all([it.purse.charge(NODE, receipt), it.purse.charge(NODE, receipt)])
  expect(it.purse.view(NODE).used).toBe(msat(10n))
  expect(it.codes()).toEqual([])
})

describe('what is held', () => {
  test('is locked for few blocks, and nobody’s patience ends it', async () => {
    const it = scene()
    await it.pay(1)
    await it.pay(2, { hold: true })
    expect(it.limits).toEqual([
      { maxFee: msat(5_000n), timeoutMs: 60_000 },
      { maxFee: msat(5_000n), timeoutMs: 120_000, maxCltv: 300 },
    ])
  })
})

describe('a payment that an earlier process began', () => {
  const left = async () => {
    const shared = memoryStore().money
    const dead = scene({ pay: never }, {}, shared)
    void dead.pay(1)
    await dead.clock.advance(1)
    return shared
  }

  test('is waited for until it ends', async () => {
    const look = Promise.withResolvers<Payment>()
    const it = scene({ payStatus: () => look.promise }, {}, await left())
    let end = 'waits'
    void it.pay(1).then((as) => (end = as))
    await it.clock.advance(1_000)
    expect(end).toBe('waits')
    look.resolve(SETTLED as Payment)
    await it.clock.advance(1)
    expect([end, it.paid]).toEqual(['settled', []])
  })

  test('and is sent again is unknown where that is refused: the first may have been heard', async () => {
    const pay = () => Promise.reject(new Error('refused'))
    const it = scene({ onceByHash: true, pay }, {}, await left())
    expect(await it.pay(1)).toBe('unknown')
    expect(it.purse.open()).toMatchObject([{ state: 'unknown' }])
    expect(await it.pay(2)).toBe('failed')
  })
})

type Scene = ReturnType<typeof scene>

test('a payment that was decided before its node lied is not made: nothing is written, and nothing leaves', async () => {
  const it = scene()
  const ref = it.purse.tab(NODE).pubkey
  expect(await it.pay(1, { ref, terms: topUp(it, 1) })).toBe('settled')
  // The lie is on its way into the books when the payment is asked for, and an invoice that it sent with it comes.
  const pinned = it.purse.pin(NODE)
  expect(await it.pay(2, { ref, terms: topUp(it, 2) })).toBe('tab.broken')
  await pinned
  expect(it.paid).toHaveLength(1)
  expect(it.store.payment(payment(2).hash)).toBeNull()
  // What was begun before is heard of all the same.
  expect(await it.pay(1, { ref, terms: topUp(it, 1) })).not.toBe('tab.broken')
})
