// A payment that surely was not sent is wanted again, by several processes of one user that die at any time.
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { unixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import { seededRandom } from '../../base/random.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import type { Payer, Payment } from '../../payments/payer.ts'
import { FREE, SETTLED, WALLET, payment } from '../../spending/journal.case.ts'
import { moneyElsewhere } from '../../storage/faults.ts'
import { memoryStore } from '../../storage/memory.ts'
import { openPurse } from './purse.ts'

const secp = await openSecp256k1()
const random = seededRandom(5)
const signer = newSigner(secp, random)

/** `empty`, `away`: nothing is sent. */
type Answer = 'empty' | 'away' | 'pays'

/**
 * A wallet that takes a while. Where it moves a hash once it has its last failure on record until it has paid; else it
 * has nothing on record of what it refused.
 */
const scene = (once: boolean) => {
  const clock = virtualClock()
  const store = memoryStore().money
  const wanted = payment(1, { expiresAt: unixMs(clock.now() + 120_000) })
  const seen = { moved: 0, sends: 0, most: 0 }
  let record: Payment | null = null
  let version = 0
  const wait = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve))
  const life = () => {
    let dead = false
    let known = 0
    let next: Answer = 'pays'
    const never = new Promise<never>(() => {})
    const pay = async (): Promise<Payment> => {
      const answer = next
      seen.most = Math.max(seen.most, ++seen.sends)
      await wait(2_500)
      seen.sends--
      if (answer === 'pays' && (!once || seen.moved === 0)) seen.moved++
      if (answer === 'pays') record = SETTLED as Payment
      else if (once && seen.moved === 0) record = { state: 'failed', reason: 'no_balance' }
      if (dead) return never
      if (answer === 'pays') return SETTLED as Payment
      if (answer === 'away') throw new Fault('unavailable', 'wallet.unreachable', 'away')
      return { state: 'failed', reason: 'no_balance' }
    }
    const payer: Payer = {
      ...(once && { onceByHash: true as const }),
      info: () => never,
      pay,
      payStatus: async () => (dead ? never : record),
      close: async () => {},
    }
    const purse = openPurse({
      payer,
      signer,
      secp,
      clock,
      random,
      wallet: WALLET,
      net: 'sim',
      store: {
        ...store,
        spending: (since) => {
          known = version
          return store.spending(since)
        },
        // As the ledger on a disk has it for processes that share it.
        write: async (changes) => {
          if (dead) return never
          if (changes.length > 0 && known !== version) throw moneyElsewhere()
          if (changes.length > 0) known = ++version
          return store.write(changes)
        },
      },
      broken: (fault) => {
        throw fault
      },
    })
    return {
      want: (as: Answer) => {
        next = as
        return purse
          .pay({ payment: wanted, caps: FREE, price: msat(0n) })
          .catch((fault: unknown) => fault)
      },
      kill: () => void (dead = true),
    }
  }
  return { clock, life, seen, entry: () => store.payments(10)[0] }
}

const steps = fc.array(
  fc.record({
    who: fc.integer({ min: 0, max: 1 }),
    as: fc.constantFrom<Answer>('empty', 'away', 'pays'),
    ms: fc.integer({ min: 1, max: 4_000 }),
    dies: fc.boolean(),
  }),
  { maxLength: 8 },
)

test('where the wallet may pay a hash twice, two sends are never under way, and it moves once at most', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const it = scene(false)
      const lives = [it.life(), it.life()]
      for (const { who, as, ms, dies } of list) {
        void lives[who]!.want(as)
        await it.clock.advance(ms)
        if (!dies) continue
        lives[who]!.kill()
        lives[who] = it.life()
      }
      await it.clock.advance(400_000)
      expect(it.seen.most).toBeLessThanOrEqual(1)
      expect(it.seen.moved).toBeLessThanOrEqual(1)
    }),
    { seed: 6, numRuns: 300 },
  )
})

test('where it moves a hash once, it is paid as soon as the wallet can', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const it = scene(true)
      const lives = [it.life(), it.life()]
      for (const { who, as, ms, dies } of list.map((step) => ({ ...step, as: 'empty' as const }))) {
        void lives[who]!.want(as)
        await it.clock.advance(ms)
        if (!dies) continue
        lives[who]!.kill()
        lives[who] = it.life()
      }
      await it.clock.advance(8_000)
      // One that died of the answer is looked at first.
      for (let n = 0; n < 3 && it.entry()?.state !== 'settled'; n++) {
        void lives[0]!.want('pays')
        await it.clock.advance(8_000)
      }
      expect(it.seen.moved).toBe(1)
      expect(it.entry()).toMatchObject({ state: 'settled' })
    }),
    { seed: 7, numRuns: 300 },
  )
})

test('a second try is not called failed by what the wallet has on record of the first', async () => {
  const it = scene(true)
  const one = it.life()
  const first = one.want('empty')
  await it.clock.advance(5_000)
  expect(await first).toMatchObject({ state: 'failed' })
  const second = one.want('pays')
  // Looked at after two seconds, while it is on its way.
  await it.clock.advance(5_000)
  expect(await second).toMatchObject({ state: 'settled', late: false })
})

test.each([true, false])(
  'what another process began, or ended, since this one read is heard of, not refused (once: %p)',
  async (once) => {
    const it = scene(once)
    const [one, other, third] = [it.life(), it.life(), it.life()]
    const first = one.want('pays')
    await it.clock.advance(100)
    const second = other.want('pays')
    await it.clock.advance(10_000)
    expect([await first, await second]).toMatchObject([{ state: 'settled' }, { state: 'settled' }])
    expect(it.seen.moved).toBe(1)
    expect(await third.want('pays')).toMatchObject({ state: 'settled' })
    expect(it.seen.moved).toBe(1)
  },
)
