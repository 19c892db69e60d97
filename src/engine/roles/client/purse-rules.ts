import { BOUNDS } from '../../base/bounds.ts'
import type { UnixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import type { Msat } from '../../base/money.ts'
import type { PayLimits, Payer, Payment } from '../../payments/payer.ts'
import type { PaymentHash, PubKey } from '../../protocol/ids.ts'
import { parseTerms } from '../../protocol/terms.ts'
import { type Outlay, type SpendingCaps, capFlaw } from '../../spending/caps.ts'
import { type Journal, outTo, spentToday } from '../../spending/journal.ts'
import { isOut } from '../../spending/journal-news.ts'
import type { Entry, JournalEffect } from '../../spending/journal-rows.ts'

/** Whose units a payment buys: those of the key in its terms; null where it buys none. */
export const payerOf = ({ terms, purpose }: Pick<Entry, 'terms' | 'purpose'>): PubKey | null => {
  if (purpose === 'other') return null
  const read = parseTerms(terms)
  return typeof read === 'string' ? null : read.payer
}

/** Payments whose end is not known. */
export const openOf = ({ open }: Journal): Entry[] => [...open.values()].filter(isOut)

/** What a payment may cost and take. What is held has no end of its own, and is locked for few blocks only. */
export const limitsOf = (maxFee: Msat, hold: boolean, timeoutMs = 60_000): PayLimits =>
  hold ? { maxFee, timeoutMs: HELD_MS, maxCltv: BOUNDS.lockedBlocks } : { maxFee, timeoutMs }

/** What is wanted of a purse that is being closed. */
export const leaving = (): Fault =>
  new Fault('interrupted', 'purse.closed', 'nothing more is paid: the command is leaving')

/** What is about to be asked for, and what is left at its payee by our own count, msat. */
type Planned = Readonly<{ payee: PubKey; ref: string; left: bigint; caps: SpendingCaps }>

/** Whether it would be over a cap. What is out for the same is counted already, and its own payment's to say. */
export const overCaps = (
  journal: Journal,
  now: UnixMs,
  { payee, ref, left, caps }: Planned,
  outlay: Outlay,
): Fault | null => {
  if (openOf(journal).some((it) => it.payee === payee && it.ref === ref)) return null
  const spent = { today: spentToday(journal, now), here: left + outTo(journal, payee) }
  return capFlaw(caps, spent, outlay)
}

/** @returns whether a wallet always shows the preimage of what it paid; false until it has said so */
export const showsOf = (payer: Payer): (() => boolean) => {
  let shows = false
  payer.info().then(
    ({ caps }) => (shows = caps.preimage === 'always'),
    () => {},
  )
  return () => shows
}

type Pay = Extract<JournalEffect, { do: 'pay' }>

/** A wallet as the journal is told of it: what it has on record of a first try says nothing of the second. */
export const tellerOf = (payer: Payer) => {
  const retrying = new Set<PaymentHash>()
  return {
    once: payer.onceByHash === true,
    pay: ({ hash, bolt11, retry }: Pay, limits: PayLimits): Promise<Payment> => {
      if (retry) retrying.add(hash)
      return payer.pay(bolt11, limits).finally(() => retrying.delete(hash))
    },
    /** @returns undefined where it says nothing that counts */
    statusOf: async ({ hash, bolt11 }: Entry): Promise<Payment | null | undefined> => {
      const news = await payer.payStatus(hash, bolt11).catch(() => undefined)
      return news?.state === 'failed' && retrying.has(hash) ? undefined : news
    },
  }
}

/** A payee lets go of what it holds within 90 s. */
const HELD_MS = 120_000
