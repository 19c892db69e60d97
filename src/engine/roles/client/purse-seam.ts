import type { Clock, UnixMs } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import type { Random } from '../../base/random.ts'
import type { Secp256k1, Signer } from '../../identity/seams.ts'
import type { Finding } from '../../metering/finding.ts'
import type { Draw, SignedStatement } from '../../metering/tab-rows.ts'
import type { Payer } from '../../payments/payer.ts'
import type { Net } from '../../protocol/event.ts'
import type { JobId, PaymentHash, PubKey } from '../../protocol/ids.ts'
import type { Outlay, SpendingCaps } from '../../spending/caps.ts'
import type { Entry, JournalEvent } from '../../spending/journal-rows.ts'
import type { Answered, TabView } from '../../spending/ledger.ts'
import type { MoneyStore } from '../../storage/money-store.ts'
import type { Kept } from '../../storage/store.ts'
import type { Results } from './results.ts'

/** What a purse is made of. */
export type PurseOptions = Readonly<{
  store: MoneyStore
  payer: Payer
  /** Its fingerprint (payments/fingerprint.ts): what another wallet sent is not asked of this one. */
  wallet: string
  /** A lasting identity: tab keys are derived from it, so that a tab outlives this process. */
  signer: Signer
  secp: Secp256k1
  net: Net
  clock: Clock
  random: Random
  /** After so many ms a payment that did not end is `unknown`. */
  timeoutMs?: number
  /** The ledger takes nothing more. Who waits for a payment hears the same Fault. */
  broken: (fault: Fault) => void
}>

/** A payment whose sum is known before it is asked for. `used`: what of the tab is used, and in no book yet. msat. */
export type Planned = Outlay &
  Readonly<{ node: PubKey; key: PubKey; ref: string; caps: SpendingCaps; used: bigint }>

/** What a client pays with, and what it has at its nodes. Several clients of one process share one. */
export interface Purse {
  /** The key that this user has at one node alone: links nothing to anything (docs/money.md). */
  tab(node: PubKey): Signer
  /**
   * What we paid there and have used, as far as this process has read.
   * @param key what pays there instead of our tab's key: a session key, where the tab is off
   */
  view(node: PubKey, key?: PubKey): TabView
  /** This key pays nodes, too, and outlives the process (`--as`): what is left on it is no past session's. */
  lasts(key: PubKey): void
  /** Whether our wallet always shows the preimage of what it paid; false until it has said so. */
  shows(): boolean
  /** Until when nothing can be paid in the place of a payment that failed; null where it may be tried again at once. */
  lockedUntil(entry: Entry): UnixMs | null
  /** Why what is about to be asked for would not be paid: the Fault of the cap; null where it is within all. */
  over(planned: Planned): Fault | null
  /** Keeps a node from getting anything more, under whatever key we pay it. */
  pin(node: PubKey): Promise<void>
  /** The node says that it knows nothing of our tab: that is shown with it, until it charges a job there again. */
  lost(node: PubKey): Promise<void>
  /**
   * Pays an invoice that was checked, once; again one that surely was not paid. Resolves when it settled or failed, or when nobody can say how it
   * ended (`unknown`): then it is asked about on, and never paid again. What is held (`hold`) has no end until its
   * payee decides, and nobody's patience makes it `unknown`.
   * @throws Fault `refused` over a cap; `payment.repeated`, `.reused`, `.open`; those of wallet and ledger
   */
  pay(
    wanted: Omit<Extract<JournalEvent, { type: 'want' }>, 'type' | 'left' | 'known' | 'once'> & {
      used?: bigint
      hold?: boolean
      /** It is this process that wrote it down: called before anything leaves. */
      begun?: () => void
    },
  ): Promise<Entry>
  /** A job goes out that draws on our tab until it has ended: other processes of this user draw on the same one. */
  draw(row: Draw): Promise<void>
  drawn(job: JobId): Promise<void>
  /** What jobs of other processes draw on our tab there, msat. */
  drawnByOthers(node: PubKey): bigint
  /** Counts a receipt that was acknowledged, and its job draws on nothing more; resolves when it is in the books. */
  charge(node: PubKey, receipt: Answered, key?: PubKey): Promise<void>
  /**
   * Holds a statement of the node against our own sums; tells what does not hold.
   * @param alone no receipt of that node's is awaited: what it charges for one that we lack is counted
   * @param answers the receipt of the job that it came with; null where it came by itself. Kept where it is not named
   */
  check(said: SignedStatement, alone?: boolean, answers?: Kept | null): Promise<readonly Finding[]>
  /** Asks the wallet about every payment whose end is not known. @returns those that still are */
  resolve(): Promise<readonly Entry[]>
  /** Reads what other processes of this user have written since. @returns whether there was anything */
  look(): Promise<boolean>
  /** Resolves once nobody here waits for a payment any more; for what is held nobody does. */
  idle(): Promise<void>
  /** Payments that this process wrote down first, and none that another one had. */
  readonly begunHere: ReadonlySet<PaymentHash>
  /** Payments whose end is not known, and what this day came to with them in full, msat. */
  open(): readonly Entry[]
  spentToday(): bigint
  readonly results: Results
  /**
   * Begins nothing more, and waits until everything that was begun is on the disk, or known to be open.
   * @param patience waits for what is being paid and not held, for as long as it likes; without it nobody does
   */
  close(patience?: (over: Promise<void>) => Promise<unknown>): Promise<void>
}
