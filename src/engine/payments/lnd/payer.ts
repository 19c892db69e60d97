import type { Clock } from '../../base/clock.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { type Backend, nonsense } from '../http.ts'
import type { Payable } from '../payable.ts'
import { payOnce, type Sent, UNKNOWN } from '../payer-once.ts'
import type { Payer, PayLimits, Payment } from '../payer.ts'
import type { PaymentSeams } from '../wallet.ts'
import { eventsOf } from './events.ts'
import { lndCaps, netByReading, type Place, placeOf } from './info.ts'
import { secondsLeft } from '../life.ts'
import { canSpend } from './macaroon.ts'
import { isNotBegun, paymentOf, refusalOf } from './payment.ts'
import { askLnd, faultOf, inPath, isRejected, lndBackend, type LndConnection } from './rest.ts'
import { isStuck } from './stuck.ts'

/** How much later than its time limit lnd may answer; then nobody waits any longer. */
const LATE_MS = 2_000
const TRACK_MS = 10_000

/**
 * The paying half of an lnd (REST, 0.18 and later). Its macaroon needs to pay, track and decode, and to list
 * channels where a payment that hangs for ever is to be told from one that is on its way.
 * @throws Fault `config` `wallet.plain_http`
 */
export const openLndPayer = async (
  connection: LndConnection,
  seams: PaymentSeams,
): Promise<Payer> => {
  const to = lndBackend(connection, seams.clock)
  const caps = lndCaps(canSpend(connection.macaroon))
  const { pay, payStatus } = payOnce(
    {
      record: (hash) => record(to, hash, seams.clock),
      send: (invoice, bolt11, limits) =>
        send(to, invoice, bolt11, limits, secondsLeft(invoice, seams.clock)),
    },
    seams,
  )
  let place: Place | undefined

  return {
    onceByHash: true,
    async info() {
      if (!place) {
        // Who pays without seeing what becomes of it would find out too late.
        await track(to, NO_HASH)
        place = (await placeOf(to)) ?? { net: await netByReading(to, seams), nodeKey: null }
      }
      return { kind: 'lnd', ...place, caps }
    },
    pay,
    payStatus,
    close: async () => {},
  }
}

const NO_HASH = '00'.repeat(32) as PaymentHash

/**
 * lnd gets no more time than the invoice has: what it begins after that could reach a payee who takes an expired
 * payment, when `isStuck` says that there is none.
 */
const send = async (
  to: Backend,
  { paymentHash }: Payable,
  bolt11: string,
  { maxFee, timeoutMs, maxCltv }: PayLimits,
  left: number,
): Promise<Sent> => {
  const json = {
    payment_request: bolt11,
    timeout_seconds: Math.max(1, Math.min(left, Math.ceil(timeoutMs / 1_000))),
    fee_limit_msat: String(maxFee),
    no_inflight_updates: true,
    ...(maxCltv !== undefined && { cltv_limit: maxCltv }),
  }
  const reply = await askLnd(to, {
    method: 'POST',
    path: '/v2/router/send',
    json,
    timeoutMs: timeoutMs + LATE_MS,
  })
  if (reply.ok) return paymentOf(paymentHash, reply.body) ?? { ifNone: UNKNOWN }
  // Refused at lnd's door, before anybody looked at the invoice.
  if (isRejected(reply.error)) throw faultOf(to, reply.error)
  // That it is paid already, or on its way (409), is among what only the record tells.
  const reason = refusalOf(reply.error)
  return { ifNone: reason ? { state: 'failed', reason } : UNKNOWN }
}

/**
 * What lnd has on record: one that is in flight for ever has failed, or is unknown where the macaroon may not look.
 * @throws Fault those of `Wallet`
 */
const record = async (to: Backend, hash: PaymentHash, clock: Clock): Promise<Payment | null> => {
  const it = await track(to, hash)
  if (it?.payment.state !== 'inflight') return it && it.payment
  const stuck = await isStuck(to, hash, it.bolt11, clock).catch(() => null)
  if (stuck === null) return UNKNOWN
  return stuck ? { state: 'failed', reason: 'other' } : it.payment
}

type Tracked = Readonly<{ payment: Payment; bolt11: string }>

/**
 * How a payment stands now; null where lnd never began with it.
 * @throws Fault those of `Wallet`
 */
const track = async (to: Backend, hash: PaymentHash): Promise<Tracked | null> => {
  const over = new AbortController()
  const stop = to.clock.after(TRACK_MS, () => over.abort())
  try {
    // The first line is the present state; the others, of one in flight, may take days.
    for await (const reply of eventsOf(to, `/v2/router/track/${inPath(hash)}`, over.signal)) {
      if (!reply.ok) {
        if (isNotBegun(reply.error)) return null
        throw faultOf(to, reply.error)
      }
      const payment = paymentOf(hash, reply.body)
      if (payment) return { payment, bolt11: String(reply.body.payment_request) }
      break
    }
    throw nonsense(to, 'nothing that says how the payment stands')
  } finally {
    stop()
    over.abort()
  }
}
