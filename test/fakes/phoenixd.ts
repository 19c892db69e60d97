import type { Clock } from '../../src/engine/base/clock.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import type { FakeInvoice, FakeNode, FakePayment } from './lnd-node.ts'

/** How a fake phoenixd misbehaves. */
export type PhoenixdMisbehaviour =
  /** A proxy's page instead of every answer. */
  | 'page'
  /** 500 for every question, nothing is done. */
  | 'error'
  /** Does what it is asked and hangs up before it answers. */
  | 'cut'
  /** Hangs up before it does anything. */
  | 'deaf'
  | 'wrong amount'
  | 'wrong terms'
  | 'wrong net'
  | 'other payment'
  | 'zero preimage'
  /** Says its password and the invoice in every complaint. */
  | 'gossip'
  /** Says of each payment that it failed, also of those that settle. */
  | 'says failed'
  /** As early versions: paid is what has ended, failed or not, and no preimage is shown. */
  | 'early'

export const FULL = 'canary-full-password-of-phoenixd'
export const LIMITED = 'canary-limited-password'

/** What ACINQ takes: 4 sat and 0.4 %. */
const feeFor = (amount: bigint): bigint => 4_000n + (amount * 4n) / 1_000n

/** A phoenixd as the sources of 0.9.1 have it, on a port of its own. */
export const fakePhoenixd = (
  node: FakeNode,
  { clock, chain = 'regtest' }: { clock: Clock; chain?: string },
) => {
  let how: PhoenixdMisbehaviour | null = null
  let where = ''
  /** What a channel costs that the next payment opens, in msat. */
  let channelFee = 0n
  let gate: Promise<void> | undefined
  const asked: string[] = []
  const waiting = new Map<string, () => void>()

  const incoming = (it: FakeInvoice) => ({
    type: 'incoming_payment',
    subType: 'lightning',
    paymentHash: how === 'other payment' ? '00'.repeat(32) : it.hash,
    // From the beginning, whether it was paid or not.
    preimage: it.preimage,
    invoice: it.bolt11,
    isPaid: it.state === 'settled',
    isExpired: it.expires * 1_000 < clock.now(),
    requestedSat: Number(it.msat / 1_000n),
    receivedSat: it.state === 'settled' ? Number((it.received - channelFee) / 1_000n) : 0,
    fees: it.state === 'settled' ? Number(channelFee) : 0,
    expiresAt: it.expires * 1_000,
    createdAt: it.created * 1_000,
    ...(it.state === 'settled' && { completedAt: clock.now() }),
  })

  const outgoing = (it: FakePayment) => ({
    type: 'outgoing_payment',
    subType: 'lightning',
    paymentId: crypto.randomUUID(),
    paymentHash: how === 'other payment' ? '00'.repeat(32) : it.hash,
    ...(it.preimage &&
      how !== 'early' &&
      how !== 'says failed' && { preimage: shown(it.preimage) }),
    isPaid:
      how === 'early' ? it.state !== 'inflight' : it.state === 'settled' && how !== 'says failed',
    sent: Number(it.msat / 1_000n),
    fees: Number(feeFor(it.msat)),
    invoice: it.bolt11,
    ...(it.state !== 'inflight' && { completedAt: clock.now() }),
    createdAt: clock.now(),
  })

  const shown = (preimage: string) => (how === 'zero preimage' ? '00'.repeat(32) : preimage)

  const createInvoice = (form: URLSearchParams): Response => {
    const amount = BigInt(form.get('amountSat') ?? '0') * 1_000n
    const it = node.invoice({
      msat: how === 'wrong amount' ? amount + 1_000n : amount,
      descriptionHash: how === 'wrong terms' ? 'ab'.repeat(32) : form.get('descriptionHash')!,
      expirySec: Number(form.get('expirySeconds')),
      ...(how === 'wrong net' && { prefix: 'bc' as const }),
    })
    const paymentHash = how === 'other payment' ? '00'.repeat(32) : it.hash
    return Response.json({ amountSat: Number(amount / 1_000n), paymentHash, serialized: it.bolt11 })
  }

  const payInvoice = async (form: URLSearchParams): Promise<Response> => {
    const bolt11 = form.get('invoice') ?? ''
    const invoice = decodeBolt11(bolt11)
    if (typeof invoice === 'string')
      return text(400, "Request parameter invoice couldn't be parsed/converted to bolt11invoice")
    const hash = invoice.paymentHash
    const failed = (reason: string) =>
      Response.json({ type: 'payment_failed', paymentHash: hash, reason })
    const before = node.payments.get(hash)
    if (before?.state === 'settled') return failed('this invoice has already been paid')
    if (before?.state === 'inflight')
      return failed('another payment is in progress for that invoice')
    const it = await node.pay(bolt11, 10n ** 18n)
    if (it.state === 'failed') return failed(REASONS[it.failure!])
    node.balance -= feeFor(it.msat) - it.fee
    if (how === 'says failed') return failed(REASONS.no_route)
    return Response.json({
      type: 'payment_sent',
      recipientAmountSat: Number(it.msat / 1_000n),
      routingFeeSat: Number(feeFor(it.msat) / 1_000n),
      paymentId: crypto.randomUUID(),
      paymentHash: hash,
      paymentPreimage: shown(it.preimage!),
    })
  }

  const answer = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    const form = new URLSearchParams(await request.text())
    const password = atob(request.headers.get('authorization')?.slice(6) ?? '').slice(1)
    asked.push(pathname)
    if (gate) await gate
    waiting.get(pathname)?.()
    const now = pathname.startsWith(where) ? how : null
    if (now === 'page') return page()
    if (now === 'error') return text(500, 'boom')
    if (now === 'gossip')
      return text(500, `${password} ${request.headers.get('authorization')} ${form}`)
    if (now === 'deaf') return cut()
    if (password !== FULL && password !== LIMITED) return text(401, UNAUTHORIZED)
    const hash = pathname.split('/').at(-1)!
    if (pathname === '/getinfo')
      return Response.json({
        nodeId: node.key,
        channels: [],
        chain,
        blockHeight: 1,
        version: '0.9.1',
      })
    if (pathname === '/createinvoice') return createInvoice(form)
    if (pathname === '/payinvoice')
      return password === FULL ? payInvoice(form) : text(401, UNAUTHORIZED)
    if (pathname.startsWith('/payments/incoming/')) {
      const it = node.find(hash)
      return it ? Response.json(incoming(it)) : text(404, 'Not found')
    }
    if (pathname.startsWith('/payments/outgoingbyhash/')) {
      const it = node.payments.get(hash)
      return it ? Response.json(outgoing(it)) : text(404, 'Not found')
    }
    return text(404, 'Unknown endpoint (check api doc)')
  }

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      const response = await answer(request)
      return how === 'cut' && pathname.startsWith(where) ? cut() : response
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    /** Every path that was asked for. */
    asked,
    /** @param path questions to others are answered well */
    misbehave: (it: PhoenixdMisbehaviour | null, path = '') => {
      how = it
      where = path
    },
    channelCosts: (msat: bigint) => void (channelFee = msat),
    /** From now on no question is looked at until the function that it returns is called. */
    hold: () => {
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      return () => {
        gate = undefined
        resolve()
      }
    },
    /** Called before a question to this path is looked at. */
    whenAsked: (path: string, call: () => void) => void waiting.set(path, call),
    stop: () => server.stop(true),
  }
}

const UNAUTHORIZED =
  'Invalid authentication (use basic auth with the http password set in phoenix.conf)'

const REASONS = {
  no_route: 'the recipient was offline or did not have enough liquidity to receive the payment',
  no_balance: 'not enough funds in wallet to afford payment',
  rejected: 'RecipientRejectedPayment',
} as const

export const text = (status: number, said: string): Response => new Response(said, { status })

export const page = (): Response =>
  new Response('<html><body>nginx</body></html>', { headers: { 'content-type': 'text/html' } })

/** Headers, a few bytes, and the connection is gone. */
export const cut = (): Response =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue('{"par')
        setTimeout(() => controller.error(), 1)
      },
    }),
  )
