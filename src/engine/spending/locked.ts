import type { UnixMs } from '../base/clock.ts'
import type { JobId, PaymentHash, PubKey } from '../protocol/ids.ts'
import type { Entry } from './journal-rows.ts'

/**
 * The whole result of a job that is paid by `hold`, as it came: locked under what paying for it reveals
 * (identity/hold-seal.ts). It is on the disk before its node hears that we have all of it, so whenever that node takes
 * the money, whoever has this ledger and sees the preimage in its own wallet has the result.
 */
export type LockedResult = Readonly<{
  hash: PaymentHash
  job: JobId
  node: PubKey
  task: string
  /**
   * Its frames in order, each behind its length; in the ledger sealed for this user's identity besides: the ledger has
   * preimages, too, and keeps what is deleted (roles/client/results.ts).
   */
  frames: Uint8Array
  at: UnixMs
}>

/** What is known of one without what is in it. */
export type LockedAbout = Omit<LockedResult, 'frames'>

/** Nothing will open it, since its payment is known to have failed; or it was left lying. */
export const isStale = (
  { at }: LockedAbout,
  payment: Pick<Entry, 'state' | 'final'> | null,
  now: UnixMs,
): boolean => now - at > KEPT_MS || (payment?.state === 'failed' && payment.final === true)

/** Results that are kept at once: each was paid for, or may be. */
export const MOST_LOCKED = 32
/** Of one result. */
export const LOCKED_BYTES = 16 * 1024 * 1024
/** 30 days. */
const KEPT_MS = 30 * 86_400_000
