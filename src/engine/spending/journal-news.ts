import { type UnixMs, unixMs } from '../base/clock.ts'
import type { PaymentHash } from '../protocol/ids.ts'
import type { Journal, JournalTurn } from './journal.ts'
import type { Entry, PaymentNews } from './journal-rows.ts'

/** What a wallet says of a payment, even if it has said otherwise before. */
export const onNews = (turn: JournalTurn, hash: PaymentHash, news: PaymentNews): void => {
  const entry = turn.journal.open.get(hash)
  if (!entry || !mayTell(turn.journal, entry)) return
  if (news.state === 'settled') onSettled(turn, entry, news)
  else if (news.state === 'failed') onFailed(turn, entry, news.reason)
  else if (entry.state !== news.state) {
    // Also of one that had failed: it may cost money again, and is asked about as long as it may.
    const late = entry.late || entry.state === 'failed'
    put(turn, { ...entry, state: news.state, late, reason: null, doneAt: null })
    turn.journal.deadlines.set(hash, nextAsk(entry, turn.now))
  }
}

/**
 * The wallet knows of no such payment. It may not have heard of it yet, so that proves something only when
 * nobody can pay the invoice any more. One that is wanted again may be sent again, where that moves money once.
 */
export const onAbsent = (turn: JournalTurn, hash: PaymentHash, maySend = false): void => {
  const { journal, now, effects } = turn
  const entry = journal.open.get(hash)
  if (!entry || !mayTell(journal, entry)) return
  const isWanted = maySend && journal.unsure.get(hash) === true
  if (isWanted && entry.state === 'intent' && entry.expiresAt - now >= LEAST_LIFE_MS) {
    // Once: from now on it is this process that sends it.
    journal.unsure.delete(hash)
    const { bolt11, maxFee } = entry
    return void effects.push({ do: 'pay', hash, bolt11, maxFee, again: true })
  }
  if (entry.state !== 'failed' && now < entry.expiresAt + ABSENT_MS) return
  onFailed(turn, entry, entry.reason ?? 'unsent')
}

/** Only once nobody can pay its invoice any more. Should its wallet come back within a day, it is asked all the same. */
export const onGivenUp = (turn: JournalTurn, hash: PaymentHash): void => {
  const { journal, now } = turn
  const entry = journal.open.get(hash)
  if (!entry || !isOut(entry) || now < entry.expiresAt + ABSENT_MS) return
  put(turn, { ...entry, state: 'failed', reason: 'given_up', doneAt: now })
  journal.deadlines.set(hash, askFailedAt(entry, now))
}

/** It is time to ask the wallet how a payment stands. */
export const ask = (turn: JournalTurn, hash: PaymentHash): void => {
  const { journal, now, effects } = turn
  const entry = journal.open.get(hash)
  if (!entry) return
  const failed = entry.state === 'failed'
  if (failed && now >= entry.expiresAt + 2 * LATEST_MS) return finish(turn, entry)
  if (!failed && !mayTell(journal, entry)) return
  journal.deadlines.set(hash, failed ? askFailedAt(entry, now) : nextAsk(entry, now))
  if (mayTell(journal, entry)) effects.push({ do: 'lookup', hash, bolt11: entry.bolt11 })
}

/** Asked again after as long as it has taken so far, from 2 s to ten minutes; by a clock that was set either way. */
export const nextAsk = ({ at }: Entry, now: UnixMs): UnixMs =>
  unixMs(now + Math.min(600_000, Math.max(2_000, Math.abs(now - at))))

/** When one that failed is asked about again, three times within a day: some settle after all. */
export const askFailedAt = ({ expiresAt }: Entry, now: UnixMs): UnixMs =>
  unixMs(expiresAt + (LATE_MS.find((ms) => expiresAt + ms > now) ?? 2 * LATEST_MS))

/** Whether our wallet is the one that can say how it ended. */
export const mayTell = ({ wallet }: Pick<Journal, 'wallet'>, entry: Entry): boolean =>
  wallet !== null && (entry.wallet === null || entry.wallet === wallet)

/** Whether its money is on the way, or may be. */
export const isOut = ({ state }: Entry): boolean => state !== 'settled' && state !== 'failed'

/** Counts a payment that settled for its day, and its seq as paid. */
export const countSettled = (journal: Journal, entry: Entry): void => {
  const { days } = journal
  const day = dayOf(entry.at)
  days.set(day, (days.get(day) ?? 0n) + entry.msat + (entry.fee ?? entry.maxFee))
  notePaid(journal, placeOf(entry), entry.seq)
}

/** The least recently paid are forgotten first: their invoices have long expired. */
export const notePaid = ({ paid }: Journal, place: string, seq: number): void => {
  const highest = Math.max(seq, paid.get(place) ?? 0)
  paid.delete(place)
  paid.set(place, highest)
  if (paid.size > MOST_PLACES) paid.delete(paid.keys().next().value ?? place)
}

/** What a payment is numbered within. */
export const placeOf = ({ payee, ref }: Pick<Entry, 'payee' | 'ref'>): string => `${payee} ${ref}`

export const dayOf = (time: UnixMs): number => Math.floor(time / DAY_MS)

/**
 * Whether what was paid on a day counts today: on that day, and on the one before, by a clock that ran ahead. No
 * earlier, or one that was a year ahead for a moment would leave little to spend on each day of that year.
 */
export const countsOn = (day: number, now: UnixMs): boolean =>
  day === dayOf(now) || day === dayOf(now) + 1

/** When the day began. */
export const dayBegan = (time: UnixMs): UnixMs => unixMs(dayOf(time) * DAY_MS)

const onSettled = (
  turn: JournalTurn,
  entry: Entry,
  { fee, preimage }: Extract<PaymentNews, { state: 'settled' }>,
): void => {
  const { journal, now, settled } = turn
  const late = entry.late || entry.state === 'failed'
  const paid: Entry = { ...entry, ...SETTLED, fee, preimage, late, doneAt: now }
  put(turn, paid)
  forget(turn, paid)
  countSettled(journal, paid)
  settled.push(paid)
}

const onFailed = (turn: JournalTurn, entry: Entry, reason: string): void => {
  const { journal, now } = turn
  if (entry.state !== 'failed') {
    // It may have been another wallet's to pay, and that one's alone to have failed at.
    if (entry.wallet === null) return
    put(turn, { ...entry, state: 'failed', reason, doneAt: now })
    journal.deadlines.set(entry.hash, askFailedAt(entry, now))
  } else if (now >= entry.expiresAt + LATEST_MS) finish(turn, entry)
}

const finish = (turn: JournalTurn, entry: Entry): void => {
  turn.changes.push({ do: 'put', table: 'payments', row: { ...entry, final: true } })
  forget(turn, entry)
}

const put = ({ journal, changes, effects }: JournalTurn, entry: Entry): void => {
  journal.open.set(entry.hash, entry)
  changes.push({ do: 'put', table: 'payments', row: entry })
  effects.push({ do: 'tell', entry })
}

const forget = ({ journal }: JournalTurn, { hash }: Entry): void => {
  journal.open.delete(hash)
  journal.unsure.delete(hash)
  journal.deadlines.clear(hash)
}

const SETTLED = { state: 'settled', reason: null, final: true } as const

const DAY_MS = 86_400_000
/** One that is paid in its last second may settle after its end, or not at all (attack 14). */
export const LEAST_LIFE_MS = 15_000
/** After its end, how long the clock of a wallet may lag, and a request lie at a relay (NIP-47). */
export const ABSENT_MS = 60_000
/** When one that failed is asked about again, ms after its end. A day later nobody is asked any more. */
const LATE_MS = [600_000, 3_600_000, DAY_MS]
const LATEST_MS = DAY_MS
const MOST_PLACES = 10_000
