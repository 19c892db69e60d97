import type { UnixMs } from '../base/clock.ts'
import { Deadlines } from '../base/deadlines.ts'
import { Fault } from '../base/fault.ts'
import type { PaymentHash } from '../protocol/ids.ts'
import { capFlaw } from './caps.ts'
import { known, repeated, tooLate, tooMany } from './journal-faults.ts'
import { isSame, mayRetry } from './journal-retry.ts'
import {
  LEAST_LIFE_MS,
  ask,
  askFailedAt,
  countSettled,
  countsOn,
  dayOf,
  isOut,
  mayTell,
  nextAsk,
  notePaid,
  onAbsent,
  onGivenUp,
  onNews,
  placeOf,
} from './journal-news.ts'
import type {
  Entry,
  JournalDecision,
  JournalEffect,
  JournalEvent,
  PaymentChange,
  WantedPayment,
} from './journal-rows.ts'

/**
 * What we pay: `intent → inflight → settled | failed | unknown`. Changed in place. An entry is on the disk
 * before the wallet is told; after a crash at any point the wallet is asked how it stands. What it does not know is sent again only
 * where it is wanted again, and the wallet moves the money of a hash once (docs/money.md).
 */
export type Journal = {
  /** Entries that are not final. */
  readonly open: Map<PaymentHash, Entry>
  /** Highest seq that settled, by payee and ref. */
  readonly paid: Map<string, number>
  /** What settled of each day, fees included; days are counted from 1970 in UTC. One that was counted stays. */
  readonly days: Map<number, bigint>
  /** The first day that was read. Where the clock says an earlier one, the journal is to be opened anew. */
  readonly since: number
  readonly deadlines: Deadlines<PaymentHash>
  /** Fingerprint of the wallet that pays and is asked now; null where there is none, and nobody is asked. */
  readonly wallet: string | null
  /** Those that were written before it was opened, and perhaps never sent: whether one is wanted again. */
  readonly unsure: Map<PaymentHash, boolean>
}

/** One decision in the making. */
export type JournalTurn = Readonly<{
  journal: Journal
  now: UnixMs
  changes: PaymentChange[]
  settled: Entry[]
  effects: JournalEffect[]
}>

/**
 * The journal as the ledger has it. Everything that is open is looked up at the next tick, where it is this wallet's. Also called anew
 * when another process of ours has written meanwhile (`money.elsewhere`).
 * @param entries all that are not final, and all of today and later
 * @param views what is known to be paid: highest seqs by payee and ref
 * @param wallet fingerprint of the wallet that is connected
 * @param unsure of the journal that it stands in for: what was wanted again still is
 */
export const openJournal = (
  entries: readonly Entry[],
  views: Iterable<Readonly<{ payee: string; ref: string; seq: number }>>,
  now: UnixMs,
  wallet: string | null,
  unsure: Journal['unsure'] = new Map(),
): Journal => {
  const journal: Journal = {
    open: new Map(),
    paid: new Map(),
    days: new Map(),
    since: dayOf(now),
    deadlines: new Deadlines(),
    wallet,
    unsure: new Map(),
  }
  // What was paid job by job has no number of its own.
  for (const { payee, ref, seq } of views) if (seq > 0) notePaid(journal, `${payee} ${ref}`, seq)
  for (const entry of entries) {
    if (entry.state === 'settled') countSettled(journal, entry)
    if (entry.final) continue
    journal.open.set(entry.hash, entry)
    if (entry.state === 'intent') journal.unsure.set(entry.hash, unsure.get(entry.hash) ?? false)
    if (entry.state !== 'failed' && !mayTell(journal, entry)) continue
    // Of one that failed nobody knows how often it was asked about since.
    const first = entry.state === 'failed' ? askFailedAt(entry, entry.expiresAt) : now
    journal.deadlines.set(entry.hash, first)
  }
  return journal
}

/** Takes up a payment, or says why not; hears what became of those that were begun. */
export const decide = (journal: Journal, event: JournalEvent, now: UnixMs): JournalDecision => {
  const turn: JournalTurn = { journal, now, changes: [], settled: [], effects: [] }
  if (event.type === 'want') onWant(turn, event)
  else if (event.type === 'answer') onNews(turn, event.hash, event.news)
  else if (event.type === 'absent') onAbsent(turn, event.hash, event.maySend)
  else if (event.type === 'unsent')
    onNews(turn, event.hash, { state: 'failed', reason: event.reason })
  else if (event.type === 'given_up') onGivenUp(turn, event.hash)
  else for (const hash of journal.deadlines.due(now)) ask(turn, hash)
  return { changes: turn.changes, settled: turn.settled, effects: turn.effects }
}

/** When the next tick is due; undefined where nothing is open. */
export const nextDue = (journal: Journal): UnixMs | undefined => journal.deadlines.next()

/**
 * What today came to, msat: payments whose end is not known count in full, with the fee that they may cost. What
 * is dated a day later counts as well: the clock has run ahead, and may have done so today.
 */
export const spentToday = (journal: Journal, now: UnixMs): bigint => {
  let sum = 0n
  for (const [day, spent] of journal.days) if (countsOn(day, now)) sum += spent
  for (const it of journal.open.values())
    if (isOut(it) && countsOn(dayOf(it.at), now)) sum += it.msat + it.maxFee
  return sum
}

/** What is on its way to a payee, or may be, msat. */
export const outTo = (journal: Journal, payee: Entry['payee']): bigint => {
  let sum = 0n
  for (const it of journal.open.values()) if (isOut(it) && it.payee === payee) sum += it.msat
  return sum
}

const onWant = (turn: JournalTurn, event: Want): void => {
  const { journal, now, changes, effects } = turn
  const { payment, price, left } = event
  const { hash, bolt11, maxFee, msat, payee } = payment
  const caps = capsOf(event)
  const spent = { today: spentToday(journal, now), here: left + outTo(journal, payee) }
  const same = journal.open.get(hash)
  const isOurs = same !== undefined && same.wallet === journal.wallet
  if (isOurs && same.state === 'intent' && journal.unsure.has(hash))
    return wantAgain(turn, event, same)
  const retry = same !== undefined && isSame(same, payment) && mayRetry(journal, same, event.once)
  const fault = flawOf(journal, event, now, retry) ?? capFlaw(caps, spent, { price, msat, maxFee })
  if (fault) return void effects.push({ do: 'refuse', hash, fault })
  const entry: Entry = { ...payment, ...BEGUN, at: now, wallet: journal.wallet }
  journal.open.set(hash, entry)
  journal.unsure.delete(hash)
  journal.deadlines.set(hash, nextAsk(entry, now))
  changes.push({ do: retry ? 'put' : 'add', table: 'payments', row: entry })
  effects.push({ do: 'pay', hash, bolt11, maxFee, ...(retry && { retry }) })
}

/** Written by an earlier process, perhaps never sent: its wallet is asked at once. It counts as spent already. */
const wantAgain = (turn: JournalTurn, event: Want, entry: Entry): void => {
  const { journal, now, effects } = turn
  const { hash, bolt11, payee, msat, maxFee } = entry
  const isCounted = countsOn(dayOf(entry.at), now)
  const today = spentToday(journal, now) - (isCounted ? msat + maxFee : 0n)
  const spent = { today, here: event.left + outTo(journal, payee) - msat }
  if (
    isFor(entry, event.payment) &&
    !capFlaw(capsOf(event), spent, { price: event.price, msat, maxFee })
  )
    journal.unsure.set(hash, true)
  effects.push({ do: 'refuse', hash, fault: known(journal, entry) }, { do: 'lookup', hash, bolt11 })
}

/** What is paid to nobody in particular leaves nothing unused anywhere. */
const capsOf = ({ payment, caps }: Want): Want['caps'] =>
  payment.payee === null ? { ...caps, exposure: null } : caps

type Want = Extract<JournalEvent, { type: 'want' }>

/** Why an invoice must not be paid, whatever is allowed; null where it may be. `retry`: the same one surely was not. */
const flawOf = (journal: Journal, want: Want, now: UnixMs, retry: boolean): Fault | null => {
  const { payment: wanted, known: before } = want
  const { hash, expiresAt, seq } = wanted
  const place = placeOf(wanted)
  const entries = [...journal.open.values()].filter((it) => !(retry && it.hash === hash))
  // The wallets on the way may answer for one that was paid before, and keep the money (attack 16).
  const same = entries.find((it) => it.hash === hash)
  if (same) return known(journal, same)
  const isPaid = before?.state === 'settled' && isFor(before, wanted)
  if (before && !isPaid && !retry) return reused(before)
  if (isPaid || seq <= (journal.paid.get(place) ?? 0)) return repeated(seq)
  // Nor another one in its place, while the first may still be paid (attack 15).
  const other = entries.find((it) => placeOf(it) === place && it.seq === seq)
  if (other && (isOut(other) || now < other.expiresAt)) return known(journal, other)
  if (expiresAt - now < LEAST_LIFE_MS) return tooLate(expiresAt - now)
  return entries.filter(isOut).length >= MOST_OUT ? tooMany(MOST_OUT) : null
}

const isFor = (entry: Entry, wanted: WantedPayment): boolean =>
  placeOf(entry) === placeOf(wanted) && entry.seq === wanted.seq

/** Not as if it were paid: what another invoice of this hash bought is no part of this one. */
export const reused = ({ hash, state }: Pick<Entry, 'hash' | 'state'>): Fault =>
  new Fault('verification', 'payment.reused', `payment ${hash.slice(0, 8)}… is ${state} already`, {
    hint: 'ask the payee for an invoice with another payment hash',
  })

const BEGUN = {
  state: 'intent',
  fee: null,
  preimage: null,
  reason: null,
  late: false,
  final: false,
  doneAt: null,
} as const

/** Payments whose end is not known, at once. */
const MOST_OUT = 16
