import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Msat } from '../../base/money.ts'
import { seededRandom } from '../../base/random.ts'
import { type VirtualClock, virtualClock } from '../../base/virtual-clock.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { newTerms, sats } from '../specimen.conformance.ts'
import type { Wallet } from '../wallet.ts'
import { openSimPayer } from './payer.ts'
import { openSimWallet } from './wallet.ts'
import { balanceOf, faucet } from './faucet.ts'
import { type Ledgers, type SimLedger, newLedgers, newMemoryLedgers } from './ledger.ts'
import type { SimSeams } from './open.ts'

/** A ledger of play money of a test's own, as one process sees it or two. */
export type Scene = Readonly<{
  clock: VirtualClock
  path: string
  /** For looks behind the counter. */
  ledger: SimLedger
  /** Of the process under test, and of the others'. */
  here: SimSeams
  there: SimSeams
  give(account: string, amount: Msat): Promise<Msat>
  has(account: string): Promise<Msat>
  pass(ms: number): Promise<void>
  /** Removes the file. */
  stop(): Promise<void>
}>

/** `memory` has no file; in `processes` the others have a connection of their own, as another process has. */
export const PLACES = ['memory', 'file', 'processes'] as const
export type Place = (typeof PLACES)[number]

let seed = 0

export const newScene = async (place: Place): Promise<Scene> => {
  const clock = virtualClock()
  const folder = mkdtempSync(join(tmpdir(), 'fedai-sim-'))
  const path = join(folder, 'play.db')
  const secp = await openSecp256k1()
  const seams = (ledgers: Ledgers): SimSeams => ({
    clock,
    random: seededRandom(++seed),
    secp,
    net: 'sim',
    ledgers,
  })
  // No test of a wallet waits for a disk: durability has its own.
  const onFile = () => newLedgers(async () => {})
  const first = place === 'memory' ? newMemoryLedgers() : onFile()
  const here = seams(first)
  const there = seams(place === 'processes' ? onFile() : first)
  // Without anybody who has it open, the memory would be gone.
  const ledger = await first.take(path, here.random)
  return {
    clock,
    path,
    ledger,
    here,
    there,
    give: (account, amount) => faucet({ path, account }, amount, there),
    has: (account) => balanceOf({ path, account }, there),
    pass: async (ms) => {
      await clock.advance(ms)
      // A group of commits waits on the machine's own clock.
      if (place !== 'memory') await Bun.sleep(1)
    },
    stop: async () => {
      await ledger.close()
      rmSync(folder, { recursive: true })
    },
  }
}

export const walletOf = (scene: Scene, account = 'payee') =>
  openSimWallet({ path: scene.path, account }, scene.here)
export const payerOf = (scene: Scene, account = 'payer') =>
  openSimPayer({ path: scene.path, account }, scene.here)
export const create = (wallet: Wallet, amount: Msat = sats(21), hold?: PaymentHash) =>
  wallet.createInvoice({ msat: amount, terms: newTerms(1), expirySec: 60, ...(hold && { hold }) })
export const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: { code: string }) => error.code,
  )
