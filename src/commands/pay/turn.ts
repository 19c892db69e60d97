import { dirname, join } from 'node:path'
import { Fault } from '../../engine/base/fault.ts'
import { type Msat, showMsat } from '../../engine/base/money.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { PaymentHash, PubKey } from '../../engine/protocol/ids.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { type Lock, takeLock } from '../../engine/storage/lock.ts'
import type { MoneyReads } from '../../engine/storage/money-store.ts'
import { userLedgerPath } from './ledger.ts'

/** Of several `fedai pay top-up` one after the other pays into a tab, and who asked for the same at that time joins. */

/** What one of them waits by. */
type Waiter = Readonly<{
  signal: AbortSignal
  /** Called once, where another one is at it. */
  waits: () => void
  /** Path of the lock, and how long it is waited for, ms. */
  path: string
  withinMs?: number
}>

/** The lock of a tab, beside the ledger that all processes of this user share. */
export const turnPath = (net: Net, node: PubKey): string =>
  join(dirname(userLedgerPath(net)), `top-up-${node.slice(0, 16)}.lock`)

/**
 * Waits until no other process pays into this tab, and keeps them waiting until it is released, or this one ends.
 * @throws Fault `again` `top_up.busy` where that takes too long, `interrupted` where it was left, `io` `ledger.io`
 */
export const takeTurn = async (waiter: Waiter): Promise<Lock> => {
  const { path, signal, waits, withinMs = WITHIN_MS } = waiter
  for (let waited = 0; ; waited += LOOK_MS) {
    const lock = takeLock(path)
    if (lock) return lock
    if (signal.aborted) throw new Fault('interrupted', 'interrupted', 'nothing was paid')
    if (waited >= withinMs) throw busy()
    if (waited === 0) waits()
    await Bun.sleep(LOOK_MS)
  }
}

/**
 * The top-up that settled since, of just this sum, and that another process began: whoever asks for the same while it
 * is under way has it. Who asks after its end wants another one.
 * @param since ms since 1970, when this process began
 * @param amount msat; null: of any sum
 * @param own payments that this process began
 */
export const joinedTopUp = (
  money: Pick<MoneyReads, 'payments'>,
  tab: PubKey,
  { since, amount, own }: { since: number; amount: Msat | null; own: ReadonlySet<PaymentHash> },
): Entry | null =>
  money
    .payments(NEWEST)
    .find(
      (it) =>
        it.ref === tab &&
        it.purpose === 'topup' &&
        it.state === 'settled' &&
        (it.doneAt ?? it.at) >= since &&
        (amount === null || it.msat === amount) &&
        !own.has(it.hash),
    ) ?? null

/** What is said where another one's is this one's, too. */
export const joinedLine = ({ msat }: Pick<Entry, 'msat'>): string =>
  `${showMsat(msat)} that another command was paying into this tab have arrived; nothing more was sent`

const busy = (): Fault =>
  new Fault('again', 'top_up.busy', 'another command still pays into this tab', {
    hint: 'this one paid nothing; see how that ends with: fedai pay status\nthen try again',
  })

const LOOK_MS = 50
/** Longer than a payment, and than the wait for an invoice over another sum. */
const WITHIN_MS = 180_000
/** Payments that are looked through. */
const NEWEST = 100
