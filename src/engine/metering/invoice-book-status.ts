import { type UnixMs, unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { PaymentHash } from '../protocol/ids.ts'
import type { BookTurn } from './invoice-book.ts'
import type { BookEffect, BookEvent, BookedInvoice } from './invoice-book-rows.ts'

/** What our own wallet says of an invoice, as often and as late as it may say it. */
export const onStatus = (
  turn: BookTurn,
  { hash, state, received }: Extract<BookEvent, { type: 'status' }>,
): void => {
  const { book, now } = turn
  const row = book.invoices.get(hash) ?? book.canceled.get(hash)
  if (!row) return
  const got = received ?? row.msat
  if (state === 'settled') onSettled(turn, row, got)
  else if (state === 'accepted' && row.preimage !== null) onAccepted(turn, row, got)
  else if (state === 'canceled' || now >= row.expiresAt + LOST_MS) onCanceled(turn, row)
}

/** Its wallet gave the hash of an invoice that the ledger has, from before or of another payee. */
export const onUnwritten = (turn: BookTurn, hash: PaymentHash): void => {
  const row = turn.book.invoices.get(hash)
  if (row?.state !== 'issued') return
  leave(turn, row)
  clear(turn, hash)
  turn.effects.push({ do: 'refuse', payer: row.payer, ref: row.ref, why: 'wallet' })
}

/**
 * What became of the result that a hold invoice pays for: its money is taken, or goes back; also where that has not come,
 * and its payer says that it will not.
 */
export const close = (turn: BookTurn, hash: PaymentHash, closing: 'settle' | 'cancel'): void => {
  const row = turn.book.invoices.get(hash)
  if (!row || row.closing !== null) return
  const isUnpaid = closing === 'cancel' && row.state === 'issued' && row.preimage !== null
  if (row.state !== 'accepted' && !isUnpaid) return
  put(turn, { ...row, closing })
  closeAtWallet(turn, { ...row, closing })
  // What is taken late is not taken: that deadline stays.
  if (closing === 'cancel') turn.book.deadlines.clear(`held:${hash}`)
}

/** Its money has waited for as long as it may: what our wallet has not taken by now goes back. */
export const lapse = (turn: BookTurn, hash: PaymentHash): void => {
  const { book } = turn
  const row = book.invoices.get(hash)
  if (row?.closing !== 'settle') return close(turn, hash, 'cancel')
  book.closes.delete(hash)
  book.deadlines.clear(`close:${hash}`)
  put(turn, { ...row, closing: 'cancel' })
  closeAtWallet(turn, { ...row, closing: 'cancel' })
}

/** A `close:` deadline fell due: the wallet has not said that it did what it was told. */
export const closeAgain = (turn: BookTurn, hash: PaymentHash): void => {
  const row = turn.book.invoices.get(hash)
  if (row && row.closing !== null) closeAtWallet(turn, row)
  // One that was to have no money: only where it has some still is that sent back again.
  else turn.effects.push({ do: 'lookup', hash })
}

/** What others may hear of an invoice: who knows the preimage of one that is held can have it settled. */
export const tell = (row: BookedInvoice): BookEffect => ({
  do: 'tell',
  invoice: { ...row, preimage: null },
})

/** It is time to ask the wallet how an invoice stands. */
export const ask = (turn: BookTurn, hash: PaymentHash): void => {
  const { book, now, effects } = turn
  const row = book.invoices.get(hash) ?? book.canceled.get(hash)
  if (!row) return
  if (row.state === 'canceled' && now >= row.expiresAt + 2 * LATEST_MS) return forget(turn, row)
  book.deadlines.set(`ask:${hash}`, nextAsk(row, now, book.rules.pollMs))
  if (row.closing !== null) closeAtWallet(turn, row)
  effects.push({ do: 'lookup', hash })
}

/** When to ask again: an open one often, one that was cancelled three times within a day, in case it settles after all. */
export const nextAsk = (row: BookedInvoice, now: UnixMs, pollMs: number): UnixMs => {
  const over = Math.max(0, now - row.expiresAt)
  if (row.state !== 'canceled') return unixMs(now + Math.max(pollMs, Math.min(over / 4, 600_000)))
  return unixMs(row.expiresAt + (LATE_MS.find((ms) => ms > over) ?? 2 * LATEST_MS))
}

/** Whenever it comes, after its time or after it was called cancelled: it is money of the payer's (attack 14). */
const onSettled = (turn: BookTurn, row: BookedInvoice, got: bigint): void => {
  const { book, effects } = turn
  if (got < row.msat) return void effects.push({ do: 'warn', hash: row.hash, why: 'short' })
  // BOLT 4 lets a payee take up to twice the amount. Beyond that somebody took sat for msat.
  const most = row.msat * 2n
  const received = msat(got < most ? got : most)
  const settled: BookedInvoice = { ...row, state: 'settled', received, closing: null }
  leave(turn, row)
  book.canceled.delete(row.hash)
  clear(turn, row.hash)
  turn.changes.push({ do: 'put', table: 'invoices', row: settled })
  turn.settled.push(settled)
  effects.push(tell(settled))
}

/** The money of a hold invoice waits for us. */
const onAccepted = (turn: BookTurn, row: BookedInvoice, got: bigint): void => {
  const { book, effects, now } = turn
  if (row.state === 'canceled' || got < row.msat)
    return closeAtWallet(turn, { ...row, closing: 'cancel' })
  if (row.closing !== null) return closeAtWallet(turn, row)
  if (row.state === 'accepted') return
  const accepted: BookedInvoice = { ...row, state: 'accepted' }
  put(turn, accepted)
  book.deadlines.set(`held:${row.hash}`, unixMs(now + book.rules.holdMs))
  effects.push(tell(accepted))
}

/** It cannot be paid any more, says the wallet: its seq is free for another. */
const onCanceled = (turn: BookTurn, row: BookedInvoice): void => {
  const { book, now } = turn
  if (row.state === 'canceled')
    return now >= row.expiresAt + LATEST_MS ? forget(turn, row) : undefined
  const canceled: BookedInvoice = { ...row, state: 'canceled', closing: null }
  leave(turn, row)
  clear(turn, row.hash)
  book.canceled.set(row.hash, canceled)
  book.deadlines.set(`ask:${row.hash}`, nextAsk(canceled, now, book.rules.pollMs))
  turn.changes.push({ do: 'put', table: 'invoices', row: canceled })
  turn.effects.push(tell(canceled))
  const [oldest] = book.canceled.values()
  if (book.canceled.size > MOST_CANCELED && oldest) forget(turn, oldest)
}

/**
 * Tells the wallet, at once and then ever less often, for as long as it says that the money waits: whatever it
 * answers, and however often it says so, it is told no sooner.
 */
const closeAtWallet = (
  { book, effects, now }: BookTurn,
  { hash, preimage, closing }: BookedInvoice,
): void => {
  if (book.deadlines.has(`close:${hash}`)) return
  const told = book.closes.get(hash) ?? 0
  book.closes.set(hash, told + 1)
  const wait = told < OFTEN ? Math.min(SOON_MS * 2 ** told, LATER_MS) : SELDOM_MS
  book.deadlines.set(`close:${hash}`, unixMs(now + wait))
  if (closing === 'settle' && preimage !== null) effects.push({ do: 'settleHold', hash, preimage })
  else effects.push({ do: 'cancelHold', hash })
}

const put = ({ book, changes }: BookTurn, row: BookedInvoice): void => {
  book.invoices.set(row.hash, row)
  changes.push({ do: 'put', table: 'invoices', row })
}

const leave = ({ book }: BookTurn, row: BookedInvoice): void => {
  book.invoices.delete(row.hash)
  const place = `${row.payer} ${row.ref}`
  if (book.live.get(place) === row.hash) book.live.delete(place)
}

const clear = ({ book }: BookTurn, hash: PaymentHash): void => {
  for (const what of ['ask', 'held', 'close']) book.deadlines.clear(`${what}:${hash}`)
  book.closes.delete(hash)
}

const forget = (turn: BookTurn, row: BookedInvoice): void => {
  turn.book.canceled.delete(row.hash)
  clear(turn, row.hash)
  turn.changes.push({ do: 'drop', table: 'invoices', row })
}

/** Between two times that a wallet is told to take held money or give it back: 1 s, 2, 4, 8, then 10; a minute later. */
const SOON_MS = 1_000
const LATER_MS = 10_000
const OFTEN = 12
const SELDOM_MS = 60_000
/**
 * A wallet that knows nothing of an invoice for so long after its end has lost it; some call it open for ever, and would
 * keep its payer from another one, and strangers from any.
 */
const LOST_MS = 600_000
/** When one that was cancelled is asked about again, ms after its end. A day later nobody is asked any more. */
const LATE_MS = [600_000, 3_600_000, 86_400_000]
const LATEST_MS = 86_400_000
/** About 8 MB: an hour and more of a flood of invoices that nobody pays. */
const MOST_CANCELED = 4_096
