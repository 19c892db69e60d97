import type { Clock } from '../../base/clock.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { type Backend, isObject } from '../http.ts'
import { secondsLeft } from '../life.ts'
import { base64, type Body, bodyOf } from './rest.ts'

/** Clocks differ; a payment that was begun in the last second may be on its way to a channel. */
const GRACE_SEC = 10

/**
 * Whether a payment that lnd calls in flight will never move. An lnd that is killed within some 20 ms after a
 * payment was begun keeps it in flight for ever, with no HTLC on any channel (lnd#5152, seen with 0.21.2; lnd#9461:
 * one without an HTLC on the first channel never succeeds).
 *
 * True only where all of this holds: the invoice expired, so that lnd begins nothing new for it either (`pay`
 * gives it no more time than that); there are channels, and all of them are active; none is being closed, which
 * could still settle it on the chain; none has an HTLC with this hash.
 * @throws Fault those of `Wallet`, also where the macaroon may not list channels: then nobody can tell
 */
export const isStuck = async (
  to: Backend,
  hash: PaymentHash,
  bolt11: string,
  clock: Clock,
): Promise<boolean> => {
  const invoice = decodeBolt11(bolt11)
  if (typeof invoice === 'string' || invoice.paymentHash !== hash) return false
  if (secondsLeft(invoice, clock) > -GRACE_SEC) return false
  const closing = await bodyOf(to, { path: '/v1/channels/pending' })
  const none = (list: unknown) => Array.isArray(list) && list.length === 0
  if (!none(closing.waiting_close_channels) || !none(closing.pending_force_closing_channels))
    return false
  const { channels } = await bodyOf(to, { path: '/v1/channels' })
  if (!Array.isArray(channels) || channels.length === 0) return false
  const lock = base64(hash)
  return channels.every((it) => isObject(it) && it.active === true && isFree(it, lock))
}

const isFree = ({ pending_htlcs: htlcs }: Body, lock: string): boolean =>
  Array.isArray(htlcs) && htlcs.every((it) => isObject(it) && it.hash_lock !== lock)
