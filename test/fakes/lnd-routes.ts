import { fromHex } from '../../src/engine/base/bytes.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { hangUp } from './lnd-http.ts'
import { type FakeInvoice, type FakeNode, type FakePayment, hashOf } from './lnd-node.ts'

/** What lnd 0.21.2 was seen to answer (its figures and words: docs/wallets/lnd.md). */

/** How a fake lnd lies. */
export type LndLies = {
  /** Makes its invoices of something else than was asked. */
  invoice?: 'amount' | 'terms' | 'hash' | 'life' | 'network' | 'text'
  /** The preimage of a payment that settled. */
  preimage?: 'zeros' | 'another'
  /** Cuts the connection in the middle of a payment, which goes on. */
  cut?: boolean
  /** A payment never leaves: in flight for ever, with no HTLC (lnd#5152). */
  stuck?: boolean
  /** Says FAILED of what settles. */
  failed?: boolean
  /** Says each word of a stream twice. */
  twice?: boolean
  /** Quotes in its errors what it was sent, the macaroon too. */
  quotes?: boolean
  channel?: 'inactive' | 'none' | 'closing'
}

export type Asked = Readonly<{
  node: FakeNode
  lies: LndLies
  /** Of the path, after the route. */
  of: string
  body: Record<string, unknown>
}>

/** null hangs up. */
export type Route = readonly [
  pattern: RegExp,
  uri: string,
  answer: (it: Asked) => Promise<Response> | Response,
]

export const flat = (status: number, code: number, message: string): Response =>
  Response.json({ code, message, details: [] }, { status })
export const streamed = (status: number, code: number, message: string): Response =>
  Response.json({ error: { code, message, details: [] } }, { status })
export const base64 = (hex: string): string => fromHex(hex).toBase64()
const hexOf = (text: unknown): string =>
  Uint8Array.fromBase64(String(text).replace(/-/g, '+').replace(/_/g, '/')).toHex()

/** Only padded base64url is taken in a path. */
const inPath = (of: string): string | null => (of.length % 4 === 0 ? hexOf(of) : null)
const illegal = () =>
  flat(
    400,
    3,
    'type mismatch, parameter: payment_hash, error: illegal base64 data at input byte 40',
  )

export const line = (result: unknown): string => `${JSON.stringify({ result })}\n`

/** Lines, one after the other; the function that `begin` gives ends it when the reader goes. */
export const lines = (begin: (say: (text: string) => void, end: () => void) => () => void) => {
  let over = () => {}
  const encoder = new TextEncoder()
  return new Response(
    new ReadableStream({
      start(controller) {
        let open = true
        const end = () => {
          if (open) controller.close()
          open = false
        }
        over = begin((text) => open && controller.enqueue(encoder.encode(text)), end)
      },
      cancel: () => over(),
    }),
    { headers: { 'content-type': 'application/json' } },
  )
}

export const invoiceBody = (it: FakeInvoice) => ({
  r_hash: base64(it.hash),
  r_preimage: it.preimage && base64(it.preimage),
  value_msat: String(it.msat),
  creation_date: String(it.created),
  expiry: String(it.expires - it.created),
  payment_request: it.bolt11,
  settle_index: String(it.settleIndex),
  amt_paid_msat: String(it.received),
  state: it.state.toUpperCase(),
})

const FAILURES = {
  no_route: 'FAILURE_REASON_NO_ROUTE',
  no_balance: 'FAILURE_REASON_INSUFFICIENT_BALANCE',
  rejected: 'FAILURE_REASON_INCORRECT_PAYMENT_DETAILS',
}
const STATUS = { inflight: 'IN_FLIGHT', settled: 'SUCCEEDED', failed: 'FAILED' }

const paymentBody = (it: FakePayment, lies: LndLies) => {
  const lied = lies.failed && it.state === 'settled'
  const own = it.state === 'settled' && !lied ? it.preimage : null
  const shown = { zeros: null, another: 'ab'.repeat(32), none: own }[lies.preimage ?? 'none']
  return {
    payment_hash: it.hash,
    payment_preimage: shown ?? '00'.repeat(32),
    value_msat: String(it.msat),
    fee_msat: String(it.fee),
    payment_request: it.bolt11,
    status: lied ? 'FAILED' : STATUS[it.state],
    failure_reason: lied
      ? FAILURES.no_route
      : it.failure
        ? FAILURES[it.failure]
        : 'FAILURE_REASON_NONE',
    htlcs: [],
  }
}

const send: Route[2] = ({ node, lies, body }) => {
  const bolt11 = String(body.payment_request)
  const invoice = decodeBolt11(bolt11)
  if (typeof invoice === 'string') return streamed(500, 2, 'failed converting data to bytes: x')
  const before = node.payments.get(invoice.paymentHash)
  if (before?.state === 'settled') return streamed(409, 6, 'invoice is already paid')
  if (before?.state === 'inflight') return streamed(409, 6, 'payment is in transition')
  const limit = Number(body.cltv_limit ?? 1_000)
  if (limit < 43) return streamed(500, 2, `cltv limit ${limit} should be greater than 43`)
  if (lies.stuck) {
    node.payments.set(invoice.paymentHash, {
      hash: invoice.paymentHash,
      bolt11,
      msat: invoice.msat!,
      fee: 0n,
      state: 'inflight',
      failure: null,
      preimage: null,
    })
    return hangUp()
  }
  const paying = node.pay(bolt11, BigInt(String(body.fee_limit_msat ?? '0')))
  if (lies.cut) return hangUp()
  return paying.then((it) => new Response(line(paymentBody(it, lies))))
}

const track: Route[2] = ({ node, lies, of }) => {
  const hash = inPath(of)
  if (!hash) return illegal()
  const it = node.payments.get(hash)
  if (!it) return streamed(404, 5, "payment isn't initiated")
  return lines((say, end) => {
    say(line(paymentBody(it, lies)))
    if (it.state !== 'inflight') end()
    return node.onPayment((other) => {
      if (other !== it) return
      say(line(paymentBody(it, lies)))
      end()
    })
  })
}

export const PAYER_ROUTES: readonly Route[] = [
  [/^POST \/v2\/router\/send$/, '/routerrpc.Router/SendPaymentV2', send],
  [/^GET \/v2\/router\/track\/(.*)$/, '/routerrpc.Router/TrackPaymentV2', track],
  [
    /^GET \/v1\/payreq\/(.*)$/,
    '/lnrpc.Lightning/DecodePayReq',
    ({ of }) =>
      of.startsWith('lnbcrt')
        ? Response.json({ destination: '02'.repeat(33) })
        : flat(500, 2, "invoice not for current active network 'regtest'"),
  ],
  [
    /^GET \/v1\/channels$/,
    '/lnrpc.Lightning/ListChannels',
    ({ node, lies }) => {
      const held = [...node.payments.values()].filter((it) => it.state === 'inflight' && it.fee)
      const pending_htlcs = held.map((it) => ({ incoming: false, hash_lock: base64(it.hash) }))
      const other = { active: true, pending_htlcs: [] }
      const channel = { active: lies.channel !== 'inactive', pending_htlcs }
      return Response.json({ channels: lies.channel === 'none' ? [] : [other, channel] })
    },
  ],
  [
    /^GET \/v1\/channels\/pending$/,
    '/lnrpc.Lightning/PendingChannels',
    ({ lies }) =>
      Response.json({
        pending_open_channels: [],
        pending_closing_channels: [],
        pending_force_closing_channels: [],
        waiting_close_channels: lies.channel === 'closing' ? [{ channel: {} }] : [],
      }),
  ],
]

/** Settles and cancels, as lnd does it again and again to the same effect. */
export const resolve = (node: FakeNode, body: Record<string, unknown>): Response => {
  const preimage = body.preimage === undefined ? null : hexOf(body.preimage)
  const it = node.find(preimage ? hashOf(preimage) : hexOf(body.payment_hash))
  const refused = (message: string) => flat(500, 2, message)
  if (!it) return refused('unable to locate invoice')
  if (preimage) {
    if (it.state === 'open') return refused('invoice still open')
    if (it.state === 'canceled') return refused('invoice already canceled')
    if (it.state === 'accepted') node.settle(it, preimage)
    return Response.json({})
  }
  if (it.state === 'settled') return refused('invoice already settled')
  if (it.state !== 'canceled') node.cancel(it)
  return Response.json({})
}
