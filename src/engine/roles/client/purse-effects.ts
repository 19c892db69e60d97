import type { UnixMs } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import type { Msat } from '../../base/money.ts'
import type { Finding } from '../../metering/finding.ts'
import type { Draw, SignedStatement } from '../../metering/tab-rows.ts'
import type { EventId, JobId, PaymentHash, PubKey } from '../../protocol/ids.ts'
import type { SpendingCaps } from '../../spending/caps.ts'
import type { Entry, WantedPayment } from '../../spending/journal-rows.ts'
import type { Answered } from '../../spending/ledger.ts'
import type { LockedResult } from '../../spending/locked.ts'
import type { Kept } from '../../storage/store.ts'
import type { PayingNews } from './news.ts'

/** What the purse is told; after `pay` a `payment` event follows, after `charge` a `charged`. */
export type PurseEffect =
  /** `used`: what of the tab is used, and in no book yet, msat. */
  | Readonly<{
      do: 'pay'
      node: PubKey
      payment: WantedPayment
      caps: SpendingCaps
      price: Msat
      used: bigint
      hold: boolean
      /** What is said once it is begun. */
      news: PayingNews
    }>
  /** Other processes of this user write the same books: a `looked` event follows where they have. */
  | Readonly<{ do: 'look' }>
  /** The node took money for nothing, or signed what anybody can see to be a lie: it gets nothing more. */
  | Readonly<{ do: 'pin'; node: PubKey }>
  /** A job goes out that draws on a tab, and has ended. */
  | Readonly<{ do: 'draw'; row: Draw }>
  | Readonly<{ do: 'drawn'; job: JobId }>
  /** The node knows nothing of our tab. */
  | Readonly<{ do: 'lost'; node: PubKey }>
  | Readonly<{
      do: 'charge'
      node: PubKey
      key: PubKey
      receipt: Answered
    }>
  /** A result came locked; a `locked` event follows when it is on the disk, or says why it is not. */
  | Readonly<{ do: 'lock'; row: LockedResult }>
  | StatementEffect

/**
 * `alone`: no receipt of that node's is awaited here, so one that we lack was lost; `answers`: the receipt of the job that
 * it came with; `isLast`: nothing more is waited for that could explain it. A `checked` event follows.
 */
type StatementEffect = Readonly<{
  do: 'statement'
  said: SignedStatement
  alone: boolean
  isAnswer: boolean
  answers: Kept | null
  isLast: boolean
}>

/** What comes of it. */
export type PurseEvent =
  /** It is this process that pays: nothing has left yet. */
  | Readonly<{ type: 'begun'; node: PubKey; ref: string; hash: PaymentHash; news: PayingNews }>
  /** Another process of ours had written, and all is read anew. */
  | Readonly<{ type: 'looked' }>
  /** How a payment ended, as far as anybody can say; or why nothing was sent. */
  | Readonly<{
      type: 'payment'
      node: PubKey
      ref: string
      hash: PaymentHash
      end: Entry | Fault
      /** Of one that failed: until when nothing can be paid in its place; null where it may be tried again. */
      lockedUntil?: UnixMs | null
      /** Another process of ours had begun it. */
      others?: boolean
    }>
  /** A receipt is in the books. */
  | Readonly<{ type: 'charged'; receipt: EventId }>
  /** A statement was held against the books, and counted where it holds. `isAnswer`: we had asked for it; `wrong`: what does not hold. */
  | Readonly<{
      type: 'checked'
      said: SignedStatement
      isAnswer: boolean
      isLast: boolean
      wrong: Finding[]
    }>
  | Readonly<{ type: 'locked'; job: JobId; fault: Fault | null }>
