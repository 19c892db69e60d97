// A purse whose machine's clock is set: its day's sum and its payments' ends.
import { expect, test } from 'bun:test'
import { type Clock, unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { seededRandom } from '../../base/random.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import type { Payer, Payment } from '../../payments/payer.ts'
import { DAY, FREE, SETTLED, WALLET, payment } from '../../spending/journal.case.ts'
import { memoryStore } from '../../storage/memory.ts'
import { openPurse } from './purse.ts'

const secp = await openSecp256k1()
const HOUR = 3_600_000

/** A ledger, a wallet that says this of each payment, and processes whose clock is set. */
const scene = (says: Payment = SETTLED as Payment) => {
  const truth = virtualClock(Math.ceil(1_800_000_000_000 / DAY) * DAY + DAY / 2)
  const random = seededRandom(4)
  const signer = newSigner(secp, random)
  const store = memoryStore().money
  let set = 0
  let asked = 0
  const clock: Clock = { ...truth, now: () => unixMs(truth.now() + set) }
  const payer: Payer = {
    info: () => new Promise<never>(() => {}),
    pay: async () => says,
    payStatus: async () => (asked++, says),
    close: async () => {},
  }
  const broken = (fault: Error) => {
    throw fault
  }
  const open = () =>
    openPurse({ payer, wallet: WALLET, signer, secp, net: 'sim', clock, random, store, broken })
  let purse = open()
  let count = 0
  return {
    advance: truth.advance,
    setBy: (ms: number) => void (set += ms),
    restart: () => void (purse = open()),
    asked: () => asked,
    /** @returns how it ended, or why nothing was paid */
    async pay(sat: number, budget: number | null = null): Promise<string> {
      const wanted = payment(++count, {
        msat: msat(BigInt(sat) * 1_000n),
        maxFee: msat(0n),
        expiresAt: unixMs(clock.now() + 120_000),
      })
      const caps = { ...FREE, budget: budget === null ? null : msat(BigInt(budget) * 1_000n) }
      return purse.pay({ payment: wanted, caps, price: msat(0n) }).then(
        ({ state }) => state,
        ({ code }) => code,
      )
    },
  }
}

test('set back over midnight, it knows what was spent on the day before it began', async () => {
  const it = scene()
  expect(await it.pay(900, 1_000)).toBe('settled')
  it.setBy(DAY)
  it.restart()
  expect(await it.pay(10, 1_000)).toBe('settled')
  it.setBy(-DAY)
  expect(await it.pay(900, 1_000)).toBe('budget.exceeded')
  expect(await it.pay(80, 1_000)).toBe('settled')
  it.setBy(DAY)
  expect(await it.pay(900, 1_000)).toBe('settled')
  expect(await it.pay(100, 1_000)).toBe('budget.exceeded')
})

for (const by of [-DAY, DAY])
  test(`an open payment is asked about on, where the clock is set by ${by / HOUR} h`, async () => {
    const it = scene({ state: 'unknown' })
    it.setBy(-by)
    expect(await it.pay(1)).toBe('unknown')
    await it.advance(2_500)
    expect(it.asked()).toBe(1)
    it.setBy(by)
    await it.advance(2_000)
    expect(it.asked()).toBe(2)
    await it.advance(HOUR)
    expect(it.asked()).toBeGreaterThan(6)
    // Nor much more often than by a clock that nobody set.
    expect(it.asked()).toBeLessThan(20)
  })
