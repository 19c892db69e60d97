import type { UnixMs } from '../base/clock.ts'

/**
 * Reading without crediting (docs/protocol.md, what is owed): what one key has of a node and has not
 * credited is at most a tenth of what it ever credited there, and one piece. Amounts in msat.
 */
export type Account = {
  /** Cost of all output that it credited. */
  paid: bigint
  /** Cost of output that was sent to its open jobs and is not credited yet. */
  outstanding: bigint
  /** Cost of output that was sent to jobs which ended, and never credited; and of what it disputed. */
  lost: bigint
  /** When it last did anything. */
  at: UnixMs
}

/** The accounts of all keys, the least recently heard first. Changed in place. */
export type Accounts<Key> = Map<Key, Account>

/**
 * Whether a frame that adds `added` to the cost may be sent. What costs nothing always may. One piece
 * goes on trust where nothing else is out; more only within a tenth of what was paid. `unused` as for `mayBegin`.
 */
export const maySend = (account: Account, added: bigint, unused = 0n): boolean =>
  added === 0n ||
  isWithinTenth(account, added) ||
  (account.outstanding === 0n && mayBegin(account, unused))

/** Whether this much more would still be within a tenth of what the key has paid. */
export const isWithinTenth = ({ paid, outstanding, lost }: Account, added: bigint): boolean =>
  (lost + outstanding + added) * TENTH <= paid

/**
 * Whether this much more would be paid for before, with all else that the key has and has not credited. It takes a
 * tenth of what is left at most, so that a client that dies with it in its hands, again and again, goes on with the rest.
 * @param unused as for `mayBegin`
 */
export const isPrepaid = ({ outstanding, lost }: Account, added: bigint, unused: bigint): boolean =>
  lost + outstanding + added * TENTH <= unused

/**
 * Whether the key may have another job: what it took without paying is within a tenth of what it paid, or is less
 * than what lies on its tab, so that all it took is paid for before.
 * @param unused paid on its tab and not used, msat; 0 where it has none, or owes
 */
export const mayBegin = ({ paid, lost }: Account, unused = 0n): boolean =>
  lost * TENTH <= paid || lost < unused

/**
 * Most that the one piece on trust should cost: as much as was ever paid, so that a thief of a large piece
 * has bought as much before; null for a key that paid nothing, whose first piece is bounded in bytes.
 */
export const trusted = ({ paid }: Account): bigint | null => (paid === 0n ? null : paid)

/** Output went out. */
export const sent = (account: Account, cost: bigint): void => void (account.outstanding += cost)

/** Output that was sent is credited. */
export const credited = (account: Account, cost: bigint): void => {
  account.outstanding -= cost
  account.paid += cost
}

/** A job ended, and this was sent to it and never credited. */
export const lost = (account: Account, cost: bigint): void => {
  account.outstanding -= cost
  account.lost += cost
}

/** The key disputes what it had credited: it does not mean to pay, so it is as if it had not. */
export const disputed = (account: Account, cost: bigint): void => {
  // An account that was forgotten meanwhile knows nothing of what was paid.
  account.paid -= cost < account.paid ? cost : account.paid
  account.lost += cost
}

/**
 * The account of a key, opened where there is none. One that did nothing for an hour is forgotten, and
 * the oldest when there are too many: that washes nobody, since a new key costs nothing and gets the same
 * one piece. Keys that paid are forgotten last, so that a crowd of new ones pushes out no regular.
 * @param isBusy whether a key has open jobs: its account is kept
 */
export const accountOf = <Key>(
  accounts: Accounts<Key>,
  key: Key,
  now: UnixMs,
  isBusy: (key: Key) => boolean,
): Account => {
  const before = accounts.get(key)
  const stale = before && now - before.at > IDLE_MS && !isBusy(key)
  const account = before && !stale ? before : { paid: 0n, outstanding: 0n, lost: 0n, at: now }
  account.at = now
  accounts.delete(key)
  accounts.set(key, account)
  if (accounts.size > MOST_KEYS) forgetOne(accounts, key, isBusy)
  return account
}

/** A few steps must do, since this runs on every new key. */
const forgetOne = <Key>(
  accounts: Accounts<Key>,
  newest: Key,
  isBusy: (key: Key) => boolean,
): void => {
  let oldest: Key | undefined
  let steps = 0
  for (const [key, account] of accounts) {
    if (steps++ >= 100) break
    if (key === newest || isBusy(key)) continue
    oldest ??= key
    if (account.paid > 0n) continue
    accounts.delete(key)
    return
  }
  if (oldest !== undefined) accounts.delete(oldest)
}

const TENTH = 10n
/** An account without any traffic for so long is forgotten. */
const IDLE_MS = 3_600_000
/** Keys whose accounts are kept: about 10 MB. */
export const MOST_KEYS = 65_536
