import { toHex } from '../base/bytes.ts'
import { type UnixMs, toSec, unixMs } from '../base/clock.ts'
import type { Deadlines } from '../base/deadlines.ts'
import type { Msat } from '../base/money.ts'
import type { Random } from '../base/random.ts'
import type { Signer } from '../identity/seams.ts'
import type {
  BookDecision,
  BookEffect,
  BookEvent,
  BookedInvoice,
  InvoicePlace,
  WantedInvoice,
} from '../metering/invoice-book-rows.ts'
import { type Book, decide, nextDue } from '../metering/invoice-book.ts'
import type { Net } from '../protocol/event.ts'
import {
  type PaymentHash,
  type Preimage,
  type PubKey,
  preimage as newPreimage,
} from '../protocol/ids.ts'
import type { Contents } from '../protocol/messages.ts'
import { type Terms, termsHash, termsText } from '../protocol/terms.ts'
import type { MoneyChange } from '../storage/money-store.ts'
import type { WalletEffect } from './desk.ts'
import type { Unwritten, WireEffect } from './wire.ts'

/** Where a payee, node or router, takes money: invoices are made, told, and credited when they are paid. */

export type Counter<Turn> = {
  readonly book: Book
  /** What follows once a commit is on the disk. */
  committing: Map<number, (turn: Turn) => void>
  commits: number
}

/** What a decision of a payee has. */
export type PayeeTurn = Readonly<{
  state: Readonly<{ signer: Signer; net: Net; deadlines: Deadlines }>
  now: UnixMs
  random: Random
  effects: { push: (effect: WireEffect | WalletEffect) => unknown }
}>

/** In what payees differ. */
export type Payee<Turn extends PayeeTurn, At extends Counter<Turn>> = Readonly<{
  /** Writes rows together; what follows comes when they are on the disk. */
  commit: (turn: Turn, at: At, changes: readonly MoneyChange[], then: (turn: Turn) => void) => void
  terms: (
    turn: Turn,
    at: At,
    wanted: WantedInvoice,
  ) => Pick<Terms, 'router' | 'price' | 'cum_used_msat'>
  /** What an invoice that settled adds to the books. */
  credit: (turn: Turn, at: At, paid: BookedInvoice & { received: Msat }) => readonly MoneyChange[]
  /** Says something of an invoice to its payer, signed and sealed. */
  tell: <K extends 'invoice' | 'paid'>(
    turn: Turn,
    at: At,
    of: InvoicePlace,
    name: K,
    content: Contents[K],
  ) => void
  /** There is no invoice for a payer now. */
  refused?: (turn: Turn, at: At, of: InvoicePlace, why: 'busy' | 'policy' | 'wallet') => void
  /** It is on the disk. */
  credited: (turn: Turn, at: At, payer: PubKey) => void
  /** Left out where no invoice is held. */
  holds?: Readonly<{
    /** How an invoice stands now, held or not. */
    news: (turn: Turn, at: At, hash: PaymentHash, now: 'accepted' | 'settled' | 'canceled') => void
    /** What a payer may hear once it settled. */
    preimage: (turn: Turn, hash: PaymentHash) => Preimage | undefined
  }>
}>

export const newCounter = <Turn>(book: Book): Counter<Turn> => ({
  book,
  committing: new Map(),
  commits: 0,
})

/**
 * Writes rows together; what follows comes when they are on the disk, and with them all that was written
 * before: also where there are none, since what follows may stand on rows that are on their way.
 */
export const commitTo = <Turn extends Pick<PayeeTurn, 'effects'>>(
  turn: Turn,
  at: Counter<Turn>,
  changes: readonly MoneyChange[],
  then: (turn: Turn) => void,
): void => {
  const id = at.commits++
  at.committing.set(id, then)
  turn.effects.push({ do: 'commit', id, changes })
}

/** A commit is on the disk. */
export const onCommitted = <Turn>(turn: Turn, at: Counter<Turn> | null, id: number): void => {
  const then = at?.committing.get(id)
  at?.committing.delete(id)
  then?.(turn)
}

/** Takes what somebody asks or our wallet says into the book, and does what follows. */
export const feedBook = <Turn extends PayeeTurn, At extends Counter<Turn>>(
  turn: Turn,
  at: At,
  payee: Payee<Turn, At>,
  event: BookEvent,
): void => {
  const { state, now } = turn
  const decision: BookDecision = decide(at.book, event, now)
  const paid = decision.settled.flatMap((it) =>
    payee.credit(turn, at, { ...it, received: it.received ?? it.msat }),
  )
  const due = nextDue(at.book)
  if (due === undefined) state.deadlines.clear('book:')
  else state.deadlines.set('book:', due)
  payee.commit(turn, at, [...decision.changes, ...paid], (later) => {
    for (const effect of decision.effects) perform(later, at, payee, effect)
    for (const { payer } of decision.settled) payee.credited(later, at, payer)
  })
}

/** A commit was to write an invoice of a hash that the ledger knows: nothing of it is so. */
export const onUnwritten = <Turn extends PayeeTurn, At extends Counter<Turn>>(
  turn: Turn,
  at: At,
  payee: Payee<Turn, At>,
  { id, hash }: Unwritten,
): void => {
  at.committing.delete(id)
  feedBook(turn, at, payee, { type: 'unwritten', hash })
}

/**
 * Each answer costs a signature and a letter: a session that asks for the same without end gets no more of them.
 * @param ref what it asks to be paid for, where that is one job
 */
export const mayAsk = (
  { state, now }: Pick<PayeeTurn, 'state' | 'now'>,
  what: 'fund' | 'tab_sync',
  session: PubKey,
  ref = '',
): boolean => {
  const asked = `asked:${what} ${session} ${ref}`
  if (state.deadlines.has(asked)) return false
  state.deadlines.set(asked, unixMs(now + ANSWER_EVERY_MS))
  return true
}

/** Asks our wallet for the invoices that a payer can pay, at once, but not more than once a second. */
export const lookSoon = (
  { state, now }: Pick<PayeeTurn, 'state' | 'now'>,
  { book }: Pick<Counter<never>, 'book'>,
  key: PubKey,
): void => {
  for (const { hash, payer } of book.invoices.values()) {
    if (payer !== key || state.deadlines.has(`looked:${hash}`)) continue
    state.deadlines.set(`looked:${hash}`, unixMs(now + LOOK_EVERY_MS))
    book.deadlines.set(`ask:${hash}`, now)
    state.deadlines.set('book:', now)
  }
}

const perform = <Turn extends PayeeTurn, At extends Counter<Turn>>(
  turn: Turn,
  at: At,
  payee: Payee<Turn, At>,
  effect: BookEffect,
): void => {
  switch (effect.do) {
    case 'createInvoice': {
      const { wanted } = effect
      const terms = termsFor(turn, wanted, payee.terms(turn, at, wanted))
      const expirySec = secondsOf(wanted)
      const preimage = wanted.hold ? newPreimage(toHex(turn.random.bytes(32))) : null
      const asked = { wanted, terms, expirySec, preimage }
      return void turn.effects.push({ do: 'wallet', ask: 'invoice', ...asked })
    }
    case 'lookup':
      return void turn.effects.push({ do: 'wallet', ask: 'lookup', hash: effect.hash })
    case 'settleHold': {
      const { hash, preimage } = effect
      return void turn.effects.push({ do: 'wallet', ask: 'settle', hash, preimage })
    }
    case 'cancelHold':
      payee.holds?.news(turn, at, effect.hash, 'canceled')
      return void turn.effects.push({ do: 'wallet', ask: 'cancel', hash: effect.hash })
    case 'tell':
      return tellPayer(turn, at, payee, effect.invoice)
    case 'refuse':
      payee.refused?.(turn, at, effect, effect.why)
      return log(turn, 'invoice.refused', { why: effect.why })
    case 'warn':
      return log(turn, 'invoice.short', { hash: effect.hash, why: effect.why })
  }
}

const termsFor = (
  { state, now }: PayeeTurn,
  wanted: WantedInvoice,
  own: ReturnType<Payee<PayeeTurn, Counter<PayeeTurn>>['terms']>,
): string => {
  const { payer, ref, seq, purpose, msat } = wanted
  const iat = toSec(now)
  const exp = (iat + secondsOf(wanted)) as typeof iat
  const parties = { net: state.net, payee: state.signer.pubkey, payer }
  return termsText({ ...parties, ...own, for: purpose, ref, seq, msat, iat, exp })
}

const tellPayer = <Turn extends PayeeTurn, At extends Counter<Turn>>(
  turn: Turn,
  at: At,
  payee: Payee<Turn, At>,
  invoice: BookedInvoice,
): void => {
  const { terms, bolt11, state, hash } = invoice
  if (state === 'issued') return payee.tell(turn, at, invoice, 'invoice', { terms, bolt11 })
  payee.holds?.news(turn, at, hash, state)
  if (state === 'canceled') return
  const said = paidOf(invoice)
  if (state === 'accepted') return payee.tell(turn, at, invoice, 'paid', { ...said, held: true })
  log(turn, 'invoice.paid', { msat: invoice.received ?? invoice.msat })
  const preimage = payee.holds?.preimage(turn, hash)
  payee.tell(turn, at, invoice, 'paid', { ...said, ...(preimage !== undefined && { preimage }) })
}

/** What is said of an invoice that is paid. */
export const paidOf = ({ hash, terms, ref, seq, received, msat }: BookedInvoice) => ({
  payment_hash: hash,
  terms: termsHash(terms),
  ref,
  seq,
  received: String(received ?? msat),
})

const secondsOf = ({ hold }: WantedInvoice): number => (hold ? HOLD_INVOICE_SEC : INVOICE_SEC)

const log = (turn: PayeeTurn, event: string, fields: Record<string, string | bigint>): void =>
  void turn.effects.push({ do: 'log', level: 'info', event, fields })

/** How long an invoice can be paid; and one whose money then waits. */
const INVOICE_SEC = 120
const HOLD_INVOICE_SEC = 60
const LOOK_EVERY_MS = 1_000
/** How often one session may ask for the same. */
const ANSWER_EVERY_MS = 500
