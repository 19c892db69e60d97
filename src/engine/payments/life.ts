import type { Clock } from '../base/clock.ts'
import { decodeBolt11 } from '../protocol/bolt11/decode.ts'
import type { Invoice } from '../protocol/bolt11/invoice.ts'
import { type Named, nonsense, refused } from './http.ts'
import type { Issued } from './wallet.ts'

/** Longest life of an invoice, in seconds: lnd makes none for longer than a year. */
const MOST_SEC = 31_536_000

/**
 * lnd makes of no life, or of less, an invoice that lives for a day.
 * @throws Fault `unavailable` `wallet.refused`
 */
export const checkLife = (of: Named, expirySec: number): void => {
  if (!Number.isSafeInteger(expirySec) || expirySec < 1 || expirySec > MOST_SEC)
    throw refused(of, `makes invoices that live for 1 to ${MOST_SEC} s`)
}

/**
 * An invoice that lives as long as was asked.
 * @throws Fault `unavailable` `wallet.answer`
 */
export const living = (of: Named, made: Issued, expirySec: number): Issued => {
  const invoice = decodeBolt11(made.bolt11)
  if (typeof invoice !== 'string' && invoice.expirySec === expirySec) return made
  throw nonsense(of, 'with an invoice that expires at another time')
}

/** Seconds until an invoice expires, rounded down; below zero where it has. */
export const secondsLeft = (
  { timestamp, expirySec }: Pick<Invoice, 'timestamp' | 'expirySec'>,
  clock: Clock,
): number => timestamp + expirySec - Math.ceil(clock.now() / 1_000)
