import type { LndConnection } from '../../src/engine/payments/lnd/rest.ts'
import { type FakeServer, hangUp, htmlPage, type Mood, serveTls } from './lnd-http.ts'
import { EVERYTHING, macaroonOf, type Permission } from './lnd-macaroon.ts'
import { type FakeInvoice, FakeNode, type FakeSeams } from './lnd-node.ts'
import {
  type Asked,
  flat,
  invoiceBody,
  line,
  lines,
  type LndLies,
  base64,
  PAYER_ROUTES,
  resolve,
  type Route,
  streamed,
} from './lnd-routes.ts'

export type FakeLnd = FakeServer &
  Readonly<{
    node: FakeNode
    connection: LndConnection
    /** What it was asked, as `POST /v1/invoices`, and with which body. */
    asked: string[]
    bodies: string[]
    /** Answers in its place, where it gives something. */
    instead(answer: ((wanted: string) => Response | null) | null): void
    /** How it is from now on. */
    feel(mood: Mood): void
    lies: LndLies
    /** Cuts all streams of invoices. */
    cutStreams(): void
    /** Streams of invoices that are read now. */
    streams(): number
  }>

/** An lnd on regtest. @param may what its macaroon lets somebody do. Default: everything. */
export const fakeLnd = (seams: FakeSeams, may: readonly Permission[] = EVERYTHING): FakeLnd => {
  const node = new FakeNode(seams)
  const macaroon = macaroonOf(may)
  const asked: string[] = []
  const bodies: string[] = []
  let instead: ((wanted: string) => Response | null) | null = null
  const lies: LndLies = {}
  const streams = new Set<() => void>()
  let mood: Mood = 'works'

  const allows = (uri: string): boolean =>
    may === EVERYTHING || may.some(([entity, action]) => entity === 'uri' && action === uri)

  const server = serveTls(async (request) => {
    const { pathname } = new URL(request.url)
    const wanted = `${request.method} ${pathname}`
    asked.push(wanted)
    const text = await request.text()
    bodies.push(text)
    const other = instead?.(wanted)
    if (other) return other
    if (mood === 'hangs up') return hangUp()
    if (mood === 'talks nonsense') return htmlPage()
    if (mood === 'fails') return htmlPage(502)
    const answer =
      mood === 'refuses' ? flat(500, 2, 'not today') : await work(request, wanted, text)
    if (answer.ok || !lies.quotes) return answer
    const quoted = `${request.headers.get('grpc-metadata-macaroon')} asked for ${text}`
    return flat(500, 2, `${((await answer.json()) as { message: string }).message}: ${quoted}`)
  })

  const work = async (request: Request, wanted: string, text: string): Promise<Response> => {
    const streaming = /router|subscribe/.test(wanted) ? streamed : flat
    const given = request.headers.get('grpc-metadata-macaroon')
    if (given !== macaroon)
      return streaming(500, 2, 'verification failed: signature mismatch after caveat verification')
    for (const [pattern, uri, answer] of [...PAYER_ROUTES, ...WALLET_ROUTES, ...streamRoutes]) {
      const of = pattern.exec(wanted)
      if (!of) continue
      if (!allows(uri)) return streaming(500, 2, 'permission denied')
      const body = text ? (JSON.parse(text) as Record<string, unknown>) : {}
      return answer({ node, lies, of: decodeURIComponent(of[1] ?? ''), body })
    }
    return flat(404, 5, 'Not Found')
  }

  const following = (pick: (it: FakeInvoice) => boolean, ends: boolean, first?: FakeInvoice) =>
    lines((say, end) => {
      if (first) say(line(invoiceBody(first)))
      const stop = node.onInvoice((it) => {
        if (!pick(it)) return
        say(line(invoiceBody(it)).repeat(lies.twice ? 2 : 1))
        if (ends && (it.state === 'settled' || it.state === 'canceled')) end()
      })
      const cut = () => {
        stop()
        streams.delete(cut)
        end()
      }
      streams.add(cut)
      return cut
    })

  // That for all invoices says nothing of accepted and canceled ones.
  const streamRoutes: readonly Route[] = [
    [
      /^GET \/v1\/invoices\/subscribe$/,
      '/lnrpc.Lightning/SubscribeInvoices',
      () => following((it) => it.state === 'open' || it.state === 'settled', false),
    ],
    [
      /^GET \/v2\/invoices\/subscribe\/(.*)$/,
      '/invoicesrpc.Invoices/SubscribeSingleInvoice',
      ({ of }) => {
        const hash = Uint8Array.fromBase64(of, { alphabet: 'base64url' }).toHex()
        return following((it) => it.hash === hash, true, node.find(hash))
      },
    ],
  ]

  return {
    ...server,
    node,
    connection: { kind: 'lnd', url: server.url, macaroon, certificate: server.certificate },
    asked,
    bodies,
    instead: (answer) => void (instead = answer),
    feel: (it) => (mood = it),
    lies,
    cutStreams: () => [...streams].forEach((cut) => cut()),
    streams: () => streams.size,
  }
}

const make = ({ node, lies, body }: Asked): FakeInvoice | Response => {
  const { value_msat: amount, expiry = '0', description_hash: terms } = body
  const asked = Uint8Array.fromBase64(String(terms)).toHex()
  const seconds = Number(expiry)
  if (asked.length !== 64)
    return flat(500, 2, `description hash is ${asked.length / 2} bytes, must be 32`)
  if (seconds > 31_536_000)
    return flat(
      500,
      2,
      `expiry of ${seconds} seconds greater than max expiry of 3.1536e+07 seconds`,
    )
  const hash = body.hash === undefined ? undefined : base64ToHex(body.hash)
  if (hash && node.find(hash)) return flat(500, 2, 'invoice with payment hash already exists')
  const other = lies.invoice
  return node.invoice({
    msat: BigInt(String(amount)) + (other === 'amount' ? 1n : 0n),
    descriptionHash: other === 'terms' ? 'cd'.repeat(32) : asked,
    // Silently a day.
    expirySec: other === 'life' || seconds < 1 ? 86_400 : seconds,
    ...(hash !== undefined && { hash: other === 'hash' ? 'ef'.repeat(32) : hash }),
    ...(other === 'network' && { prefix: 'bc' as const }),
  })
}

const base64ToHex = (text: unknown): string => Uint8Array.fromBase64(String(text)).toHex()

const made =
  (held: boolean): Route[2] =>
  (it) => {
    const invoice = make(it)
    if (invoice instanceof Response) return invoice
    const { invoice: other } = it.lies
    return Response.json({
      ...(!held && { r_hash: base64(other === 'hash' ? 'ef'.repeat(32) : invoice.hash) }),
      payment_request: other === 'text' ? `${invoice.bolt11}q` : invoice.bolt11,
      add_index: String(it.node.invoices.size),
    })
  }

const WALLET_ROUTES: readonly Route[] = [
  [
    /^GET \/v1\/getinfo$/,
    '/lnrpc.Lightning/GetInfo',
    ({ node }) =>
      Response.json({
        identity_pubkey: node.key,
        chains: [{ chain: 'bitcoin', network: 'regtest' }],
      }),
  ],
  [/^POST \/v1\/invoices$/, '/lnrpc.Lightning/AddInvoice', made(false)],
  [/^POST \/v2\/invoices\/hodl$/, '/invoicesrpc.Invoices/AddHoldInvoice', made(true)],
  [
    /^GET \/v1\/invoice\/([0-9a-f]{64})$/,
    '/lnrpc.Lightning/LookupInvoice',
    ({ node, of }) => {
      const it = node.find(of)
      return it ? Response.json(invoiceBody(it)) : flat(404, 5, 'unable to locate invoice')
    },
  ],
  [
    /^POST \/v2\/invoices\/settle$/,
    '/invoicesrpc.Invoices/SettleInvoice',
    ({ node, body }) => resolve(node, body),
  ],
  [
    /^POST \/v2\/invoices\/cancel$/,
    '/invoicesrpc.Invoices/CancelInvoice',
    ({ node, body }) => resolve(node, body),
  ],
]
