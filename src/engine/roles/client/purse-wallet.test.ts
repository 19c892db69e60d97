// A payment that one wallet sent, and processes that have another: no word of theirs ends it, or sends it again.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { unixMs } from '../../base/clock.ts'
import { isFault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import { seededRandom } from '../../base/random.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import type { Payer, Payment } from '../../payments/payer.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { FREE, SETTLED, payment } from '../../spending/journal.case.ts'
import { memoryStore } from '../../storage/memory.ts'
import { openPurse } from './purse.ts'

const secp = await openSecp256k1()
const random = seededRandom(6)
const signer = newSigner(secp, random)

/** Wallets that share nothing but the ledger of their user. Each pays a hash once, and says what it has on record. */
const scene = () => {
  const clock = virtualClock()
  const store = memoryStore().money
  const records = new Map<string, Map<PaymentHash, Payment>>()
  const asked: string[] = []
  const wanted = payment(1, { expiresAt: unixMs(clock.now() + 120_000) })
  let sends = 0

  /** @param dies it was killed before the wallet's answer came */
  const life = (wallet: string, dies = false) => {
    const record = records.get(wallet) ?? new Map<PaymentHash, Payment>()
    records.set(wallet, record)
    let dead = false
    const never = new Promise<never>(() => {})
    const payer: Payer = {
      onceByHash: true,
      info: () => never,
      pay: async () => {
        dead = dies
        if (!record.has(wanted.hash)) sends++
        record.set(wanted.hash, SETTLED as Payment)
        return dead ? never : (SETTLED as Payment)
      },
      payStatus: async (hash) => {
        asked.push(wallet)
        return dead ? never : (record.get(hash) ?? null)
      },
      close: async () => {},
    }
    const purse = openPurse({
      payer,
      wallet,
      signer,
      secp,
      net: 'sim',
      clock,
      random,
      store: { ...store, write: (changes) => (dead ? never : store.write(changes)) },
      broken: (fault) => {
        throw fault
      },
    })
    const pay = () => purse.pay({ payment: wanted, caps: FREE, price: msat(0n) })
    return { purse, pay, kill: () => void (dead = true) }
  }
  return {
    clock,
    store,
    life,
    asked,
    wanted,
    sends: () => sends,
    entry: () => store.payments(9)[0],
  }
}

const codeOf = (end: Promise<unknown>): Promise<string> =>
  end.then(
    () => 'paid',
    (error: unknown) => (isFault(error) ? error.code : 'no fault'),
  )

test('another wallet is never asked, and waits for nothing; its own settles it', async () => {
  const it = scene()
  const first = it.life('sim-one', true)
  void first.pay()
  await it.clock.advance(1_000)
  expect(it.entry()).toMatchObject({ state: 'intent', wallet: 'sim-one' })

  const other = it.life('sim-two')
  expect(await codeOf(other.pay())).toBe('payment.other_wallet')
  expect(await other.purse.resolve()).toMatchObject([{ state: 'intent', wallet: 'sim-one' }])
  await it.clock.advance(9 * 86_400_000)
  expect(await other.purse.resolve()).toHaveLength(1)
  expect([it.asked, it.sends(), it.entry()?.state]).toEqual([[], 1, 'intent'])
  other.kill()

  const again = it.life('sim-one')
  expect(await again.purse.resolve()).toEqual([])
  expect(it.entry()).toMatchObject({ state: 'settled', wallet: 'sim-one' })
})

test('a statement that says more was paid is no reason to ask another wallet either', async () => {
  const it = scene()
  void it.life('sim-one', true).pay()
  await it.clock.advance(1_000)
  const other = it.life('sim-two')
  const { payee } = it.wanted
  await other.purse.check({
    id: it.wanted.hash as never,
    node: payee!,
    key: other.purse.tab(payee!).pubkey,
    n: 1,
    paid: msat(100_000n),
    used: msat(0n),
    reserved: msat(0n),
    receipt: it.wanted.hash as never,
    cost: msat(0n),
    text: '',
    at: it.clock.now(),
  })
  await it.clock.advance(1_000)
  expect(it.asked).toEqual([])
})

test('whatever wallets come and go, it is sent once, and what its own says is the end', async () => {
  const lives = fc.array(
    fc.record({
      wallet: fc.constantFrom('sim-one', 'sim-two', 'sim-three'),
      dies: fc.boolean(),
      ms: fc.integer({ min: 1, max: 400_000 }),
    }),
    { minLength: 1, maxLength: 6 },
  )
  await fc.assert(
    fc.asyncProperty(lives, async (all) => {
      const it = scene()
      for (const { wallet, dies, ms } of all) {
        const { pay, purse, kill } = it.life(wallet, dies)
        void codeOf(pay())
        void purse.resolve()
        await it.clock.advance(ms)
        kill()
      }
      const sender = it.entry()?.wallet
      expect(sender).toBe(all[0]!.wallet)
      const { purse } = it.life(sender!)
      expect(await purse.resolve()).toEqual([])
      expect([it.sends(), it.entry()?.state]).toEqual([1, 'settled'])
    }),
    { seed: 7, numRuns: 200 },
  )
})
