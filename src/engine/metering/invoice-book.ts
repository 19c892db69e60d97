import { type UnixMs, unixMs } from '../base/clock.ts'
import { Deadlines } from '../base/deadlines.ts'
import type { PaymentHash, PubKey } from '../protocol/ids.ts'
import { LEAST_INVOICE } from '../protocol/terms.ts'
import type {
  BookDecision,
  BookEffect,
  BookEvent,
  BookedInvoice,
  InvoiceChange,
  InvoicePlace,
  IssuedInvoice,
  WantedInvoice,
} from './invoice-book-rows.ts'
import {
  ask,
  close,
  closeAgain,
  lapse,
  nextAsk,
  onStatus,
  onUnwritten,
  tell,
} from './invoice-book-status.ts'

/**
 * The invoices that we issued and that may still be paid: `wanted → issued → accepted (hold) → settled |
 * canceled`. Changed in place. Those that settled are in the ledger alone: whatever is said about them again
 * is about an invoice that is not here.
 */
export type Book = Readonly<{
  payee: PubKey
  rules: BookRules
  /** Issued or accepted. */
  invoices: Map<PaymentHash, BookedInvoice>
  /** Canceled within the last day, the oldest first: one may settle after all. */
  canceled: Map<PaymentHash, BookedInvoice>
  /** Asked of the wallet, by payer and ref. */
  wanted: Map<string, WantedInvoice>
  /** The one invoice of a payer and ref that can be paid. */
  live: Map<string, PaymentHash>
  deadlines: Deadlines
  /** How often the wallet was told to take held money, or to give it back. */
  closes: Map<PaymentHash, number>
}>

export type BookRules = Readonly<{
  /** How often an open invoice is looked up: often where the wallet does not say by itself what was paid. */
  pollMs: number
  /** Open at once: of one payer, and of all. Half of these are kept for payers who have paid before. */
  mostEach: number
  mostInAll: number
  /** Hold invoices of one payer at once, and how long the money of one waits at most. */
  mostHolds: number
  holdMs: number
}>

export const BOOK_RULES: BookRules = {
  pollMs: 10_000,
  mostEach: 4,
  mostInAll: 256,
  mostHolds: 2,
  holdMs: 90_000,
}

/** One decision in the making. */
export type BookTurn = Readonly<{
  book: Book
  now: UnixMs
  changes: InvoiceChange[]
  settled: BookedInvoice[]
  effects: BookEffect[]
}>

/**
 * The book as the ledger has it: everything in it is looked up at the next tick. A hold invoice whose job
 * ended with the process before is cancelled, and one that should have been taken long ago.
 * @param rows those that have not settled
 */
export const openBook = (
  payee: PubKey,
  rows: readonly BookedInvoice[],
  now: UnixMs,
  rules: BookRules = BOOK_RULES,
): Book => {
  const book: Book = {
    payee,
    rules,
    invoices: new Map(),
    canceled: new Map(),
    wanted: new Map(),
    live: new Map(),
    deadlines: new Deadlines(),
    closes: new Map(),
  }
  for (const row of rows) {
    if (row.state === 'canceled') {
      book.canceled.set(row.hash, row)
      book.deadlines.set(`ask:${row.hash}`, nextAsk(row, now, rules.pollMs))
      continue
    }
    // When its money came stands nowhere: not before the invoice.
    const until = unixMs(row.at + rules.holdMs)
    const lost = row.state === 'accepted' && (row.closing === null || now >= until)
    book.invoices.set(row.hash, lost ? { ...row, closing: 'cancel' } : row)
    if (row.closing === 'settle' && !lost) book.deadlines.set(`held:${row.hash}`, until)
    book.live.set(placeOf(row), row.hash)
    book.deadlines.set(`ask:${row.hash}`, now)
  }
  return book
}

/**
 * One live invoice for a payer and ref: asked again, the same is given, whatever amount is asked for. Its seq
 * is 1 + the highest that settled, so only one that was cancelled or expired unpaid frees it.
 */
export const decide = (book: Book, event: BookEvent, now: UnixMs): BookDecision => {
  const turn: BookTurn = { book, now, changes: [], settled: [], effects: [] }
  if (event.type === 'fund') onFund(turn, event)
  else if (event.type === 'unwanted') onUnwanted(turn, placeOf(event))
  else if (event.type === 'issued') onIssued(turn, event.invoice)
  else if (event.type === 'unissued') onUnissued(turn, placeOf(event))
  else if (event.type === 'unwritten') onUnwritten(turn, event.hash)
  else if (event.type === 'status') onStatus(turn, event)
  else if (event.type === 'tick') for (const key of book.deadlines.due(now)) onDue(turn, key)
  else close(turn, event.hash, event.type === 'delivered' ? 'settle' : 'cancel')
  return { changes: turn.changes, settled: turn.settled, effects: turn.effects }
}

/** When the next tick is due; undefined where nothing is open. */
export const nextDue = (book: Book): UnixMs | undefined => book.deadlines.next()

const onFund = (turn: BookTurn, event: Extract<BookEvent, { type: 'fund' }>): void => {
  const { book, effects } = turn
  const { type: _, settled, ...asked } = event
  const place = placeOf(asked)
  const live = book.invoices.get(book.live.get(place) ?? ('' as PaymentHash))
  // Given back by its payer, and perhaps not cancelled yet: another one can be made in a moment.
  if (live?.state === 'issued' && live.closing !== null)
    return void effects.push({ do: 'refuse', payer: asked.payer, ref: asked.ref, why: 'busy' })
  if (live) return void effects.push(tell(live))
  const before = book.wanted.get(place)
  if (before) return void book.wanted.set(place, { ...before, unwanted: false })
  const wanted: WantedInvoice = { ...asked, seq: settled + 1 }
  const why = refusal(book, wanted)
  if (why) return void effects.push({ do: 'refuse', payer: asked.payer, ref: asked.ref, why })
  book.wanted.set(place, wanted)
  book.deadlines.set(`wanted:${place}`, unixMs(turn.now + WANTED_MS))
  effects.push({ do: 'createInvoice', wanted })
}

/** Invoices cost a wallet and a disk something, and a key nothing (lightning.md, attack 13). */
const refusal = (
  book: Book,
  { payer, seq, hold, msat }: WantedInvoice,
): 'busy' | 'policy' | null => {
  const { rules } = book
  if (msat < LEAST_INVOICE) return 'policy'
  const issued = [...book.invoices.values()].map((it) => ({ ...it, hold: it.preimage !== null }))
  const open = [...book.wanted.values(), ...issued]
  const own = open.filter((it) => it.payer === payer)
  if (own.length >= rules.mostEach) return 'policy'
  if (hold && own.filter((it) => it.hold).length >= rules.mostHolds) return 'policy'
  if (open.length >= rules.mostInAll) return 'busy'
  const strangers = open.filter((it) => it.seq === 1).length
  return seq === 1 && strangers * 2 >= rules.mostInAll ? 'busy' : null
}

const onIssued = (turn: BookTurn, issued: IssuedInvoice): void => {
  const { book, now } = turn
  const place = placeOf(issued)
  // Not asked for any more; or a wallet that gives one hash twice, which would be credited twice.
  const wanted = book.wanted.get(place)
  if (wanted?.seq !== issued.seq) return
  if (book.invoices.has(issued.hash) || book.canceled.has(issued.hash))
    return onUnissued(turn, place)
  book.wanted.delete(place)
  book.deadlines.clear(`wanted:${place}`)
  const row: BookedInvoice = { ...issued, payee: book.payee, ...UNPAID, at: now }
  book.invoices.set(row.hash, row)
  book.live.set(place, row.hash)
  book.deadlines.set(`ask:${row.hash}`, unixMs(now + book.rules.pollMs))
  turn.changes.push({ do: 'add', table: 'invoices', row })
  if (wanted.unwanted) close(turn, row.hash, 'cancel')
  else turn.effects.push(tell(row))
}

/** It counts until the wallet has made it, and is cancelled then: nobody has more made at once by giving them back. */
const onUnwanted = ({ book }: BookTurn, place: string): void => {
  const wanted = book.wanted.get(place)
  if (wanted?.hold) book.wanted.set(place, { ...wanted, unwanted: true })
}

const onUnissued = ({ book, effects }: BookTurn, place: string): void => {
  const wanted = book.wanted.get(place)
  if (!wanted) return
  book.wanted.delete(place)
  book.deadlines.clear(`wanted:${place}`)
  effects.push({ do: 'refuse', payer: wanted.payer, ref: wanted.ref, why: 'wallet' })
}

const onDue = (turn: BookTurn, key: string): void => {
  const id = key.slice(key.indexOf(':') + 1)
  if (key.startsWith('wanted:')) onUnissued(turn, id)
  else if (key.startsWith('held:')) lapse(turn, id as PaymentHash)
  else if (key.startsWith('close:')) closeAgain(turn, id as PaymentHash)
  else ask(turn, id as PaymentHash)
}

const placeOf = ({ payer, ref }: InvoicePlace): string => `${payer} ${ref}`

const UNPAID = { state: 'issued', received: null, closing: null } as const

/** Longest that a wallet takes to make an invoice. */
const WANTED_MS = 60_000
