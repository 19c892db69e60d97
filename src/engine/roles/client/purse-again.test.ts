// A payment that was written and perhaps never sent, wanted again by a later process: crashes at every point.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { seededRandom } from '../../base/random.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import type { Payer, Payment } from '../../payments/payer.ts'
import { msat } from '../../base/money.ts'
import { unixMs } from '../../base/clock.ts'
import { FREE, SETTLED, WALLET, payment } from '../../spending/journal.case.ts'
import type { SpendingCaps } from '../../spending/caps.ts'
import { memoryStore } from '../../storage/memory.ts'
import { openPurse } from './purse.ts'

const secp = await openSecp256k1()
const random = seededRandom(4)
const signer = newSigner(secp, random)

/** `unsent`: it died before its wallet heard of it. `late`: the wallet hears of it later. `mute`: it died of the answer. */
type Crash = 'unsent' | 'late' | 'mute' | null
const LATE_MS = 3_000
const SETTLED_AS = SETTLED as Payment

/** A wallet, the ledger of a user, and processes that die. `once`: the wallet pays a hash once, whoever asks. */
const scene = (once: boolean) => {
  const clock = virtualClock()
  const store = memoryStore().money
  const wanted = payment(1, { expiresAt: unixMs(clock.now() + 120_000) })
  let moved = 0
  const take = (): Payment => {
    if (!once || moved === 0) moved++
    return SETTLED_AS
  }
  const life = (crash: Crash, caps: SpendingCaps = FREE) => {
    let dead = false
    const never = new Promise<never>(() => {})
    const payer: Payer = {
      ...(once && { onceByHash: true as const }),
      info: () => never,
      pay: async () => {
        dead = crash !== null
        if (crash === 'unsent') return never
        if (crash === 'late') clock.after(LATE_MS, take)
        else if (!dead) return take()
        else take()
        return never
      },
      payStatus: async () => (dead ? never : moved > 0 ? SETTLED_AS : null),
      close: async () => {},
    }
    const write: typeof store.write = (changes) => (dead ? never : store.write(changes))
    const purse = openPurse({
      payer,
      wallet: WALLET,
      signer,
      secp,
      net: 'sim',
      clock,
      random,
      store: { ...store, write },
      broken: (fault) => {
        throw fault
      },
    })
    // What an earlier one has paid meanwhile is refused (`payment.repeated`).
    purse.pay({ payment: wanted, caps, price: msat(0n) }).catch(() => {})
    return { kill: () => void (dead = true) }
  }
  return { clock, life, moved: () => moved, entry: () => store.payments(10)[0] }
}

const crashes = fc.array(
  fc.record({
    crash: fc.constantFrom<Crash>('unsent', 'late', 'mute'),
    ms: fc.integer({ min: 1, max: 6_000 }),
  }),
  { maxLength: 4 },
)

test('is paid once, and soon, where the wallet pays a hash once', async () => {
  await fc.assert(
    fc.asyncProperty(crashes, async (lives) => {
      const it = scene(true)
      for (const { crash, ms } of lives) {
        const { kill } = it.life(crash)
        await it.clock.advance(ms)
        kill()
      }
      it.life(null)
      await it.clock.advance(2 * LATE_MS)
      expect(it.moved()).toBe(1)
      expect(it.entry()).toMatchObject({ state: 'settled' })
    }),
    { seed: 4, numRuns: 200 },
  )
})

test('is sent once only where the wallet may pay it twice, and ends when nobody can pay it any more', async () => {
  await fc.assert(
    fc.asyncProperty(crashes, async (lives) => {
      const it = scene(false)
      for (const { crash, ms } of lives) {
        const { kill } = it.life(crash)
        await it.clock.advance(ms)
        kill()
      }
      it.life(null)
      await it.clock.advance(400_000)
      expect(it.moved()).toBeLessThanOrEqual(1)
      expect(it.entry()?.state).toBe(it.moved() === 1 ? 'settled' : 'failed')
    }),
    { seed: 5, numRuns: 200 },
  )
})

test('is not sent again by who would not allow it any more', async () => {
  const it = scene(true)
  const { kill } = it.life('unsent')
  await it.clock.advance(1_000)
  kill()
  const caps = { ...FREE, budget: msat(100_000n) }
  it.life(null, caps)
  await it.clock.advance(60_000)
  expect([it.moved(), it.entry()?.state]).toEqual([0, 'intent'])
})
