import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import type { FakeNode } from './lnd-node.ts'
import { cut, page } from './phoenixd.ts'

/** How the fake service of a Lightning address misbehaves. */
export type LnurlMisbehaviour =
  | 'page'
  /** Its own words for every question, which LUD-06 sends with 200. */
  | 'error'
  | 'deaf'
  | 'wrong amount'
  | 'wrong terms'
  | 'wrong net'
  /** Says of each invoice what is true of another one. */
  | 'other invoice'
  | 'forgets'
  | 'no verify'
  | 'no callback'
  | 'redirect'
  /** More than any answer may have. */
  | 'flood'

/** A service on a port of its own: bob's address is `bob@127.0.0.1:PORT`. */
export const fakeLnurl = (
  node: FakeNode,
  {
    opaque = false,
    least = 1_000,
    most = 100_000_000,
    callback,
  }: {
    /** Invoices are asked after by a number of its own instead of their payment hash. */
    opaque?: boolean
    least?: number
    most?: number
    /** Where it sends its payers, in place of itself. */
    callback?: string
  } = {},
) => {
  let how: LnurlMisbehaviour | null = null
  const asked: string[] = []
  const metadata = JSON.stringify([
    ['text/plain', 'für Bob 🌰'],
    ['text/identifier', 'bob@127.0.0.1'],
  ])
  const numbers: string[] = []

  const request = () => ({
    tag: 'payRequest',
    callback: how === 'no callback' ? 'not an address' : (callback ?? `${url()}/pay?id=7`),
    minSendable: least,
    maxSendable: most,
    metadata,
  })

  const pay = (amount: bigint) => {
    const it = node.invoice({
      msat: how === 'wrong amount' ? amount + 1n : amount,
      descriptionHash: toHex(sha256(how === 'wrong terms' ? '[]' : metadata)),
      expirySec: 120,
      ...(how === 'wrong net' && { prefix: 'bc' as const }),
    })
    const id = opaque ? String(numbers.push(it.hash) - 1) : it.hash
    const verify = how === 'no verify' ? undefined : `${url()}/verify/${id}`
    return { status: 'OK', routes: [], pr: it.bolt11, verify }
  }

  const verify = (id: string): Response => {
    const it = node.find(opaque ? (numbers[Number(id)] ?? '') : id)
    if (!it || how === 'forgets') return error('Not found', 404)
    const other = node.invoice({ msat: it.msat, descriptionHash: '00'.repeat(32), expirySec: 60 })
    const settled = it.state === 'settled'
    return Response.json({
      status: 'OK',
      settled,
      preimage: settled ? it.preimage : null,
      pr: how === 'other invoice' ? other.bolt11 : it.bolt11,
    })
  }

  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    fetch({ url: asking }) {
      const { pathname, searchParams } = new URL(asking)
      asked.push(pathname)
      if (how === 'page') return page()
      if (how === 'error') return error('internal trouble', 200)
      if (how === 'deaf') return cut()
      if (how === 'redirect') return Response.redirect('http://127.0.0.1:1/', 302)
      if (how === 'flood') return new Response(`{"tag":"${'x'.repeat(2 ** 21)}"}`)
      if (pathname === '/.well-known/lnurlp/bob') return Response.json(request())
      if (pathname === '/pay' && searchParams.get('id') === '7')
        return Response.json(pay(BigInt(searchParams.get('amount') ?? '0')))
      if (pathname.startsWith('/verify/')) return verify(pathname.split('/').at(-1)!)
      return error('Unknown user', 404)
    },
  })
  const url = (): string => `http://127.0.0.1:${server.port}`
  return {
    address: `bob@127.0.0.1:${server.port}`,
    url: url(),
    /** Every path that was asked for. */
    asked,
    misbehave: (it: LnurlMisbehaviour | null) => void (how = it),
    stop: () => server.stop(true),
  }
}

const error = (reason: string, status: number): Response =>
  Response.json({ status: 'ERROR', reason }, { status })
