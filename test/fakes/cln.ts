import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import { toSec } from '../../src/engine/base/clock.ts'
import type { ClnConnection } from '../../src/engine/payments/cln/rest.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { encodeBolt11 } from '../../src/engine/protocol/bolt11/encode.ts'
import { type FakeServer, hangUp, htmlPage, type Mood, serveTls } from './lnd-http.ts'
import { Failure, holdMethods, type Run } from './cln-hold.ts'
import { runeOf } from './cln-rune.ts'
import { type FakeInvoice, FakeNode, type FakePayment, type FakeSeams } from './lnd-node.ts'

/** How a fake cln lies. */
export type ClnLies = {
  /** Makes its invoices of something else than was asked. */
  invoice?: 'amount' | 'terms' | 'hash' | 'life' | 'network' | 'text'
  /** Loses its answer to the next invoice that is made. */
  loses?: boolean
  preimage?: 'zeros' | 'another'
  /** Cuts the connection in the middle of a payment, which goes on. */
  cut?: boolean
  /** Says of each payment that it failed, also of those that settle. */
  failed?: boolean
  /** A part of a payment fails, the connection is cut, and xpay is about to try another. */
  failing?: boolean
  /** Quotes in its errors what it was sent, the rune too. */
  quotes?: boolean
}

export type FakeCln = FakeServer &
  Readonly<{
    node: FakeNode
    connection: ClnConnection
    /** Methods that were run, and with what. */
    asked: string[]
    bodies: Record<string, unknown>[]
    feel(mood: Mood): void
    /** Answers in its place, where it gives something. */
    instead(answer: ((method: string) => Response | null) | null): void
    lies: ClnLies
  }>

/**
 * A Core Lightning node on regtest, with clnrest.
 * @param may methods that its rune allows. Default: all
 * @param plugin whether it has the plugin hold
 * @param tls what it shows. Default: a certificate that is its own authority
 */
export const fakeCln = (
  seams: FakeSeams,
  {
    may,
    plugin = true,
    tls,
  }: Readonly<{
    may?: readonly string[]
    plugin?: boolean
    tls?: { cert: string; key: string }
  }> = {},
): FakeCln => {
  const node = new FakeNode(seams)
  const rune = runeOf(may ? [may.map((it) => `method=${it}`)] : [])
  const asked: string[] = []
  const bodies: Record<string, unknown>[] = []
  const lies: ClnLies = {}
  const labels = new Map<string, string>()
  const times = new Map<string, number>()
  let mood: Mood = 'works'
  let instead: ((method: string) => Response | null) | null = null

  const held = holdMethods(node)

  const server = serveTls(async (request) => {
    const method = new URL(request.url).pathname.replace('/v1/', '')
    const params = (await request.json()) as Record<string, unknown>
    asked.push(method)
    bodies.push(params)
    const other = instead?.(method)
    if (other) return other
    if (mood === 'hangs up') return hangUp()
    if (mood === 'talks nonsense') return htmlPage()
    if (mood === 'fails') return htmlPage(502)
    try {
      if (mood === 'refuses') throw new Failure(-1, 'not today')
      if (request.headers.get('rune') !== rune)
        throw new Failure(1501, 'Not authorized: Not derived from master', 401)
      if (may && !may.includes(method))
        throw new Failure(1502, 'Not permitted: method is not equal', 401)
      const run = methods[method] ?? (plugin ? held[method] : undefined)
      if (!run) throw new Failure(-32601, `Unknown command '${method}'`, 404)
      const answer = await run(params)
      return answer instanceof Response ? answer : Response.json(answer, { status: 201 })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      const { code, status } = error
      const quoted = lies.quotes ? `: ${rune} ${JSON.stringify(params)}` : ''
      return Response.json({ code, message: error.message + quoted, data: null }, { status })
    }
  }, tls)

  const shown = (it: FakeInvoice) => ({
    label: [...labels].find(([, hash]) => hash === it.hash)?.[0],
    bolt11: it.bolt11,
    payment_hash: it.hash,
    amount_msat: Number(it.msat),
    status: { open: 'unpaid', accepted: 'unpaid', settled: 'paid', canceled: 'expired' }[it.state],
    expires_at: it.expires,
    ...(it.state === 'settled' && {
      pay_index: it.settleIndex,
      amount_received_msat: Number(it.received),
      payment_preimage: it.preimage,
    }),
  })

  const invoice: Run = ({ amount_msat, label, description, deschashonly, expiry }) => {
    const amount = BigInt(String(amount_msat).replace('msat', ''))
    if (deschashonly !== true) throw new Failure(-32602, 'descriptions are too long')
    if (labels.has(String(label))) throw new Failure(900, 'Duplicate label')
    const other = lies.invoice
    const it = node.invoice({
      msat: amount + (other === 'amount' ? 1n : 0n),
      descriptionHash: other === 'terms' ? 'cd'.repeat(32) : toHex(sha256(String(description))),
      expirySec: other === 'life' ? 604_800 : Number(expiry),
      ...(other === 'network' && { prefix: 'bc' as const }),
    })
    labels.set(String(label), it.hash)
    if (lies.loses) {
      lies.loses = false
      return hangUp()
    }
    return {
      bolt11: other === 'text' ? `${it.bolt11}q` : it.bolt11,
      payment_hash: other === 'hash' ? 'ef'.repeat(32) : it.hash,
      expires_at: it.expires,
    }
  }

  const listinvoices: Run = ({ label, payment_hash }) => {
    const it = node.find(labels.get(String(label)) ?? String(payment_hash))
    return { invoices: it && !it.held ? [shown(it)] : [] }
  }

  const waitanyinvoice: Run = ({ lastpay_index, timeout }) => {
    const after = Number(lastpay_index)
    const next = () =>
      [...node.invoices.values()]
        .filter((it) => it.state === 'settled' && !it.held && it.settleIndex > after)
        .toSorted((a, b) => a.settleIndex - b.settleIndex)[0]
    const late = () => new Failure(904, 'Timed out while waiting for invoice to be paid')
    const it = next()
    if (it) return shown(it)
    if (timeout === 0) throw late()
    return new Promise((resolve, reject) => {
      const done = (end: () => void) => {
        stop()
        takeBack()
        end()
      }
      const stop = node.onInvoice(() => {
        const paid = next()
        if (paid) done(() => resolve(shown(paid)))
      })
      const takeBack = seams.clock.after(Number(timeout) * 1_000, () => done(() => reject(late())))
    })
  }

  const shownPreimage = (it: FakePayment) =>
    ({ zeros: '00'.repeat(32), another: 'ab'.repeat(32), none: it.preimage })[
      lies.preimage ?? 'none'
    ]

  const xpay: Run = async ({ invstring, maxfee }) => {
    if (invstring === undefined) throw new Failure(-32602, 'missing required parameter: invstring')
    const decoded = decodeBolt11(String(invstring))
    if (typeof decoded === 'string') throw new Failure(-32602, 'Invalid bolt11 invoice')
    const now = toSec(seams.clock.now())
    if (decoded.timestamp + decoded.expirySec <= now) throw new Failure(207, 'Invoice expired')
    times.set(decoded.paymentHash, now)
    const paying = node.pay(String(invstring), BigInt(String(maxfee).replace('msat', '')))
    if (lies.failing) {
      node.payments.get(decoded.paymentHash)!.state = 'failed'
      return hangUp()
    }
    if (lies.cut) return hangUp()
    const it = await paying
    if (it.state === 'settled' && !lies.failed)
      return {
        payment_preimage: shownPreimage(it),
        amount_msat: Number(it.msat),
        amount_sent_msat: Number(it.msat + it.fee),
        failed_parts: 0,
        successful_parts: 1,
      }
    const code = it.failure === 'rejected' ? 203 : 205
    throw new Failure(
      code,
      code === 203 ? "Destination said it doesn't know invoice" : 'Failed: no path',
    )
  }

  const listpays: Run = ({ payment_hash }) => {
    const it = node.payments.get(String(payment_hash))
    const ended = lies.failed ? 'failed' : 'complete'
    const status = it && { inflight: 'pending', settled: ended, failed: 'failed' }[it.state]
    // What found no route left no part on record.
    if (!it || (status === 'failed' && it.failure === 'no_route')) return { pays: [] }
    const one = { payment_hash, status, created_at: times.get(it.hash) ?? 0 }
    const sent = { amount_msat: Number(it.msat), amount_sent_msat: Number(it.msat + it.fee) }
    return {
      pays: [{ ...one, ...sent, ...(status === 'complete' && { preimage: shownPreimage(it) }) }],
    }
  }

  const methods: Record<string, Run> = {
    getinfo: () => ({ id: node.key, network: 'regtest' }),
    signinvoice: ({ invstring }) => {
      const it = decodeBolt11(String(invstring))
      if (typeof it === 'string') throw new Failure(-32602, 'missing required parameter: invstring')
      return { bolt11: encodeBolt11(it, (digest) => node.sign(digest)) }
    },
    invoice,
    listinvoices,
    waitanyinvoice,
    xpay,
    listpays,
  }

  return {
    ...server,
    node,
    connection: { kind: 'cln', url: server.url, rune, certificate: server.certificate },
    asked,
    bodies,
    feel: (it) => (mood = it),
    instead: (answer) => void (instead = answer),
    lies,
  }
}
