import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import { type Clock, toSec } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { seededRandom } from '../../src/engine/base/random.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { encodeBolt11 } from '../../src/engine/protocol/bolt11/encode.ts'
import { paymentHash } from '../../src/engine/protocol/ids.ts'
import type { FakeInvoice, FakeNode, FakePayment } from './lnd-node.ts'
import { cut, page } from './phoenixd.ts'

/** How a fake LNbits misbehaves. */
export type LnbitsMisbehaviour =
  | 'page'
  /** 520 in its own words for every question, nothing is done. */
  | 'error'
  /** Does what it is asked and hangs up before it answers. */
  | 'cut'
  | 'deaf'
  | 'wrong amount'
  | 'wrong terms'
  | 'wrong net'
  | 'other payment'
  | 'zero preimage'
  /** Says its key and what it was asked in every complaint. */
  | 'gossip'
  /** Says of each payment that it failed, also of those that settle. */
  | 'says failed'
  /** Pays, then fails over its own answer: 400. */
  | 'pays and complains'
  /** Its funding source has the money, LNbits has not counted it. */
  | 'lags'

/** What names terms in invoices of its funding source. */
export type Funding = 'hash' | 'description' | 'memo'

export const ADMIN = 'canary0admin0key0of0lnbits000000'
export const INVOICE = 'canary0invoice0key0of0lnbits0000'

type Wish = Readonly<{
  out?: boolean
  amount?: number
  expiry?: number
  bolt11?: string
  description_hash?: string
  unhashed_description?: string
  memo?: string
}>

/** A wallet in LNbits as the sources of 1.x have it, on a port of its own. */
export const fakeLnbits = (
  node: FakeNode,
  { clock, funding = 'hash', old = false }: { clock: Clock; funding?: Funding; old?: boolean },
) => {
  let how: LnbitsMisbehaviour | null = null
  let where = ''
  const random = seededRandom(5)
  const asked: string[] = []

  /** What the wallet's own key is shown. */
  const incoming = (it: FakeInvoice) => {
    const settled = it.state === 'settled' && how !== 'lags'
    const details = {
      ...row(it.hash, Number(it.msat), 0, it.bolt11, settled ? 'success' : 'pending'),
      // Where its funding source is lnd or cln, from the beginning.
      preimage: it.preimage,
    }
    if (settled) return { paid: true, preimage: it.preimage, details }
    const status =
      it.state === 'settled' ? 'success' : it.state === 'canceled' ? 'failed' : 'pending'
    return { paid: false, status, preimage: it.preimage, details }
  }

  const outgoing = (it: FakePayment) => {
    const status = how === 'says failed' ? 'failed' : STATUS[it.state]
    const fee = it.state === 'settled' ? it.fee : reserve(it.msat)
    const details = {
      ...row(it.hash, -Number(it.msat), -Number(fee), it.bolt11, status),
      preimage:
        it.preimage &&
        how !== 'says failed' &&
        (how === 'zero preimage' ? '00'.repeat(32) : it.preimage),
    }
    return { paid: status === 'success', status, preimage: details.preimage, details }
  }

  const row = (hash: string, amount: number, fee: number, bolt11: string, status: string) => ({
    checking_id: hash,
    payment_hash: how === 'other payment' ? '00'.repeat(32) : hash,
    wallet_id: 'f'.repeat(32),
    amount,
    fee,
    bolt11,
    status,
  })

  const create = (wish: Wish): Response => {
    const wanted = wish.description_hash
      ? 'hash'
      : wish.unhashed_description
        ? 'description'
        : 'memo'
    if (wanted !== 'memo' && wanted !== funding)
      return said(520, { detail: `description_hash is not supported`, status: 'failed' })
    const amount = BigInt(wish.amount!) * 1_000n + (how === 'wrong amount' ? 1_000n : 0n)
    const hashed =
      wish.description_hash ?? toHex(sha256(Buffer.from(wish.unhashed_description ?? '', 'hex')))
    const it = invoice(amount, wish, how === 'wrong terms' ? 'ab'.repeat(32) : hashed)
    const payment_hash = how === 'other payment' ? '00'.repeat(32) : it.hash
    if (old) return said(201, { payment_hash, payment_request: it.bolt11, checking_id: it.hash })
    return said(201, { ...incoming(it).details, payment_hash })
  }

  const invoice = (amount: bigint, wish: Wish, descriptionHash: string): FakeInvoice => {
    if (how === 'wrong net')
      return node.invoice({ msat: amount, descriptionHash, expirySec: 60, prefix: 'bc' })
    if (!wish.memo) return node.invoice({ msat: amount, descriptionHash, expirySec: wish.expiry! })
    const [preimage, secret] = [random.bytes(32), random.bytes(32)]
    const [hash, created] = [toHex(sha256(preimage)), toSec(clock.now())]
    const draft = {
      prefix: 'bcrt' as const,
      msat: msat(amount),
      timestamp: created,
      expirySec: wish.expiry!,
      paymentHash: paymentHash(hash),
      paymentSecret: toHex(secret),
      description: how === 'wrong terms' ? 'coffee' : wish.memo,
      descriptionHash: null,
    }
    const bolt11 = encodeBolt11(draft, (it) => node.sign(it))
    const expires = created + wish.expiry!
    return node.keep({
      bolt11,
      hash,
      preimage: toHex(preimage),
      held: false,
      msat: amount,
      created,
      expires,
    })
  }

  const pay = async (bolt11: string): Promise<Response> => {
    const it = decodeBolt11(bolt11)
    if (typeof it === 'string') return refuse('Bolt11 decoding failed.')
    const before = node.payments.get(it.paymentHash)
    if (before?.state === 'settled') return refuse('Payment already paid.', 'success')
    if (before?.state === 'inflight') return refuse('Payment is still pending.', 'pending')
    if (node.balance < it.msat!) return refuse('Insufficient balance.')
    const paying = node.pay(bolt11, reserve(it.msat!))
    // A payment that is held is answered after some seconds as pending.
    await Promise.race([paying, Bun.sleep(2)])
    const payment = node.payments.get(it.paymentHash)!
    if (how === 'pays and complains')
      return said(400, { detail: 'Expecting value: line 1 column 1' })
    if (how === 'says failed') return refuse('Payment failed: no_route')
    if (payment.state === 'failed') return refuse(`Payment failed: ${payment.failure}`)
    if (old) return said(201, { payment_hash: it.paymentHash, checking_id: it.paymentHash })
    return said(201, outgoing(payment).details)
  }

  const answer = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    const body = await request.text()
    const key = request.headers.get('x-api-key')
    asked.push(url.pathname)
    const now = `${request.method} ${url.pathname}`.includes(where) ? how : null
    if (now === 'page') return page()
    if (now === 'error') return refuse('The funding source is away.')
    if (now === 'gossip') return refuse(`${key} ${body} ${url.search}`)
    if (now === 'deaf') return cut()
    if (url.pathname === '/api/v1/payments/fee-reserve') {
      const it = decodeBolt11(url.searchParams.get('invoice') ?? '')
      return typeof it === 'string'
        ? said(400, { detail: 'Invoice has no amount.' })
        : said(200, { fee_reserve: Number(reserve(it.msat!)) })
    }
    if (request.method === 'POST') {
      if (key !== ADMIN && key !== INVOICE) return said(401, { detail: 'Wallet not found.' })
      const wish = JSON.parse(body) as Wish
      if (!wish.out) return create(wish)
      if (key !== ADMIN) return said(403, { detail: 'Invoice (or Admin) key required.' })
      return wish.bolt11 ? pay(wish.bolt11) : said(400, { detail: 'Missing BOLT11 invoice' })
    }
    const hash = url.pathname.split('/').at(-1)!
    const [ours, theirs] = [node.find(hash), node.payments.get(hash)]
    const shown = theirs ? outgoing(theirs) : ours ? incoming(ours) : null
    if (!shown) return said(404, { detail: 'Payment does not exist.' })
    if (key === ADMIN || key === INVOICE) return said(200, shown)
    // Without a key, or with a wrong one, everybody is told.
    return said(200, { paid: shown.paid, preimage: shown.preimage })
  }

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch: async (request) => {
      const { pathname } = new URL(request.url)
      const response = await answer(request)
      return how === 'cut' && `${request.method} ${pathname}`.includes(where) ? cut() : response
    },
  })
  return {
    url: `http://127.0.0.1:${server.port}`,
    /** Every path that was asked for. */
    asked,
    /** @param path method and path, or a part of it: other questions are answered well */
    misbehave: (it: LnbitsMisbehaviour | null, path = '') => {
      how = it
      where = path
    },
    stop: () => server.stop(true),
  }
}

const STATUS = { inflight: 'pending', settled: 'success', failed: 'failed' } as const

/** What it keeps aside for routing: 1 %, 2 sat at least. */
const reserve = (amount: bigint): bigint => (amount / 100n > 2_000n ? amount / 100n : 2_000n)

const said = (status: number, body: object): Response => Response.json(body, { status })

const refuse = (detail: string, status = 'failed'): Response => said(520, { detail, status })
