import type { UnixSec } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { type Msat, msat } from '../../base/money.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import { type PaysOverHttp, type Sent, UNKNOWN, payOnce, preimageOf } from '../payer-once.ts'
import type { PayFailure, Payer, Payment } from '../payer.ts'
import type { PaymentSeams } from '../wallet.ts'
import { abilitiesOf, needMethods } from './abilities.ts'
import { type NwcClient, openNwcClient } from './client.ts'
import { holds, infoOf } from './describe.ts'
import { FORBIDDEN, faultOf } from './faults.ts'
import type { Outcome } from './sealed.ts'
import { type Transaction, lookUp, stateOf } from './transaction.ts'
import { parseNwcUri } from './uri.ts'
import type { NwcConnection } from './wallet.ts'

/** Asked before and after each payment: one that is this slow is better not begun. */
const LOOKUP_MS = 5_000
/** Payments of which nothing was heard; the oldest is forgotten. */
const MOST_UNHEARD = 1_000

/**
 * The paying half of a wallet that is asked over Nostr relays (NIP-47, NIP-44). The protocol has no limit for fees
 * and none for time: the budget of the connection, and what the wallet thinks right, are the bounds.
 * @throws Fault `usage` `wallet.connection`; those of `Payer`, `wallet.credential` also for a wallet that speaks
 * NIP-04 alone or lets this connection look up no payments
 */
export const openNwcPayer = async (
  connection: NwcConnection,
  seams: PaymentSeams,
): Promise<Payer> => {
  const client = openNwcClient(parseNwcUri(connection.uri, seams.secp), seams)
  try {
    const abilities = await abilitiesOf(client)
    needMethods(client, abilities, ['lookup_invoice'])
    const known = { net: seams.net, bind: 'hash', hold: holds(abilities) } as const
    return {
      info: async () => infoOf(await abilitiesOf(client), known),
      ...payOnce(paysOver(client, seams), seams),
      close: async () => client.close(),
    }
  } catch (fault) {
    client.close()
    throw fault
  }
}

const paysOver = (client: NwcClient, { clock }: PaymentSeams): PaysOverHttp => {
  /** Until when a request without an answer may still reach the wallet: a relay can hold it back. By both clocks, ms. */
  const unheard = new Map<PaymentHash, Readonly<{ time: number; ticks: number }>>()

  const record = async (hash: PaymentHash): Promise<Payment | null> => {
    const it = await lookUp(client, hash, LOOKUP_MS)
    const payment = it && paymentOf(hash, it)
    if (payment) return payment
    const until = unheard.get(hash)
    // One that was set says nothing of it.
    const isOver = !until || (until.time <= clock.now() && until.ticks <= clock.ticks())
    return isOver ? null : UNKNOWN
  }

  return {
    record,
    async send({ paymentHash: hash, timestamp, expirySec }, invoice, { timeoutMs }) {
      const expires = (timestamp + expirySec) as UnixSec
      const options = { waitMs: timeoutMs, expires }
      const outcome = await client.call('pay_invoice', { invoice }, options)
      if (outcome.state === 'silent') {
        const time = expires * 1000
        unheard.set(hash, { time, ticks: clock.ticks() + time - clock.now() })
        if (unheard.size > MOST_UNHEARD) unheard.delete(unheard.keys().next().value!)
      }
      if (outcome.state === 'done') return settledBy(hash, outcome.result, record)
      return notSettledBy(client, outcome)
    },
  }
}

/** A success without the right preimage is the wallet's word, unless it then says that the money is on its way. */
const settledBy = async (
  hash: PaymentHash,
  result: Readonly<Record<string, unknown>>,
  record: (hash: PaymentHash) => Promise<Payment | null>,
): Promise<Payment> => {
  const preimage = preimageOf(hash, result.preimage)
  const settled: Payment = { state: 'settled', preimage, fee: feeIn(result.fees_paid) }
  if (preimage) return settled
  const known = await record(hash).catch(() => null)
  return known?.state === 'settled' || known?.state === 'inflight' ? known : settled
}

/**
 * What a wallet says that did not pay. "Failed" is only believed with its record: NIP-47 calls a time-out so, too,
 * and one that got the request by two relays may refuse the copy of what it is paying.
 */
const notSettledBy = (client: NwcClient, outcome: Exclude<Outcome, { state: 'done' }>): Sent => {
  if (outcome.state === 'error') {
    const { code } = outcome
    if (FORBIDDEN.has(code)) throw faultOf(client, 'pay_invoice', outcome)
    const reason = CERTAIN[code]
    if (reason) return { ifNone: { state: 'failed', reason } }
    if (code === 'PAYMENT_FAILED') return { ifNone: UNKNOWN }
  }
  // Not how it ended, but that nobody knows: payOnce then believes no older failure either.
  throw new Fault('unavailable', 'wallet.unreachable', 'nobody knows how the payment stands')
}

/** What NIP-47 has words for by which nothing was sent. */
const CERTAIN: Readonly<Record<string, PayFailure>> = {
  INSUFFICIENT_BALANCE: 'no_balance',
  QUOTA_EXCEEDED: 'over_limit',
  RATE_LIMITED: 'over_limit',
}

/**
 * A payment as the wallet has it on record. Where payee and payer share a wallet that may be the invoice: paid is
 * paid then, and an open one says nothing of a payment.
 */
const paymentOf = (hash: PaymentHash, it: Transaction): Payment | null => {
  switch (stateOf(it)) {
    case 'settled':
      return {
        state: 'settled',
        preimage: preimageOf(hash, it.preimage),
        fee: it.fees_paid ?? null,
      }
    case 'accepted':
      return { state: 'inflight' }
    case 'pending':
      return it.type === 'incoming' ? null : { state: 'inflight' }
    case 'failed':
      return it.type === 'incoming' ? null : { state: 'failed', reason: 'other' }
    default:
      return it.type === 'incoming' ? null : UNKNOWN
  }
}

const feeIn = (said: unknown): Msat | null =>
  Number.isSafeInteger(said) && Number(said) >= 0 ? msat(BigInt(Number(said))) : null
