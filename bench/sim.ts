// Payments of play money that are settled and on the disk, on one core: 64 at once, each an invoice that is
// written, signed and then paid. One process has payee and payers; by libsecp256k1 and by wasm. Then the same with
// the payer's journal and the payee's book, alone and 16 at once: how many transactions they commit (books.ts).
//   bun bench/sim.ts [PAYMENTS]
import { fdatasync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from '../src/engine/base/clock.ts'
import { msat } from '../src/engine/base/money.ts'
import { systemRandom } from '../src/engine/base/random.ts'
import { openSecp256k1 } from '../src/engine/identity/secp256k1.ts'
import { faucet } from '../src/engine/payments/sim/faucet.ts'
import { newLedgers } from '../src/engine/payments/sim/ledger.ts'
import { openSimPayer } from '../src/engine/payments/sim/payer.ts'
import { openSimWallet } from '../src/engine/payments/sim/wallet.ts'
import { measureBooks } from './books.ts'
import { at, newFolder, stopParties } from './parties.ts'

const TARGET = 1_500
const AT_ONCE = 64
const PAYMENTS = Number(process.argv[2] ?? 5_000)
const AMOUNT = msat(10_000n)
/** Of journal and book together, for a payment. */
const MOST_COMMITS = 4

const n = (it: number): string => Math.round(it).toLocaleString('en-US')

/** Pays so many, `AT_ONCE` at a time. */
const measure = async (backend: 'libsecp256k1' | 'wasm') => {
  let syncs = 0
  const toDisk = promisify(fdatasync)
  const ledgers = newLedgers((fd) => {
    syncs++
    return toDisk(fd)
  })
  const secp = await openSecp256k1(backend)
  const seams = { clock: systemClock, random: systemRandom, secp, net: 'sim', ledgers } as const
  const path = join(newFolder(), 'play.db')
  const wallet = await openSimWallet({ path, account: 'payee' }, seams)
  const payer = await openSimPayer({ path, account: 'payer' }, seams)
  await faucet({ path, account: 'payer' }, msat(AMOUNT * BigInt(PAYMENTS + 500)), seams)
  let told = 0
  wallet.subscribe(({ state }) => void (told += state === 'settled' ? 1 : 0))

  const times: number[] = []
  const pay = async (): Promise<void> => {
    const begun = performance.now()
    const terms = systemRandom.bytes(300).toHex()
    const { bolt11 } = await wallet.createInvoice({ msat: AMOUNT, terms, expirySec: 60 })
    const { state } = await payer.pay(bolt11, { maxFee: msat(0n), timeoutMs: 10_000 })
    if (state !== 'settled') throw new Error(`a payment is ${state}`)
    times.push(performance.now() - begun)
  }
  const payAll = async (count: number): Promise<void> => {
    let left = count
    const one = async (): Promise<void> => {
      while (left-- > 0) await pay()
    }
    await Promise.all(Array.from({ length: AT_ONCE }, one))
  }

  await payAll(500)
  times.length = syncs = told = 0
  const [began, cpu] = [performance.now(), process.cpuUsage()]
  await payAll(PAYMENTS)
  const seconds = (performance.now() - began) / 1_000
  const { user, system } = process.cpuUsage(cpu)
  await Bun.sleep(100)
  await payer.close()
  await wallet.close()
  const perSecond = PAYMENTS / seconds
  process.stdout.write(
    [
      `${secp.backend}: ${n(PAYMENTS)} payments in ${seconds.toFixed(1)} s, ${AT_ONCE} at once`,
      `  settled      ${n(perSecond)} a second, each on the disk${backend === 'wasm' ? '' : ` (≥ ${n(TARGET)})`}`,
      `  CPU          ${n((user + system) / PAYMENTS)} µs each`,
      `  commits      ${(syncs / PAYMENTS).toFixed(3)} each: ${n(syncs)} in all`,
      `  time         ${n(at(times, 0.5))} ms (median), ${n(at(times, 0.99))} ms (p99), invoice included`,
      `  told         ${n(told)} of ${n(PAYMENTS)}`,
      '',
    ].join('\n'),
  )
  return { backend: secp.backend, perSecond, told }
}

/** What the books of both sides commit, so many payments at once. */
const measureCommits = async (payments: number, atOnce: number) => {
  const secp = await openSecp256k1()
  const it = await measureBooks({ secp, folder: newFolder() }, { payments, atOnce })
  const each = (it.payer + it.payee) / payments
  process.stdout.write(
    [
      `journal and book: ${n(payments)} payments, ${atOnce} at once`,
      `  settled      ${n(payments / it.seconds)} a second, in both ledgers`,
      `  commits      ${each.toFixed(2)} each (≤ ${MOST_COMMITS}): ${n(it.payer)} of the journal, ${n(it.payee)} of the book`,
      '',
    ].join('\n'),
  )
  return each
}

try {
  const native = await measure('libsecp256k1')
  const wasm = await measure('wasm')
  const alone = await measureCommits(200, 1)
  const grouped = await measureCommits(2_000, 16)
  const few = alone <= MOST_COMMITS && grouped < alone
  const sound = few && native.told === PAYMENTS && wasm.told === PAYMENTS
  process.exitCode =
    sound && native.backend === 'libsecp256k1' && native.perSecond >= TARGET ? 0 : 1
} finally {
  stopParties()
}
