import { setTimeout as sleep } from 'node:timers/promises'

/** Where an lnd answers, and as whom it is asked. */
export type LndAccess = Readonly<{
  /** Such as `https://127.0.0.1:8080`. */
  url: string
  /** Its certificate in PEM: it alone is trusted. */
  certificate: string
  /** In hex. */
  macaroon: string
}>

export type LndReply = Readonly<{ status: number; body: Record<string, unknown> }>

/**
 * Asks an lnd over REST, without the adapter: tests compare the two. Of an answer that streams it is the last
 * line. GET without a body, POST with one.
 * @param mostMs after so long it throws
 */
export const lndCall = async (
  to: LndAccess,
  path: string,
  body?: object,
  mostMs = 60_000,
): Promise<LndReply> => {
  const response = await fetch(to.url + path, {
    method: body ? 'POST' : 'GET',
    ...(body && { body: JSON.stringify(body) }),
    headers: { 'Grpc-Metadata-macaroon': to.macaroon },
    tls: { ca: to.certificate },
    keepalive: false,
    signal: AbortSignal.timeout(mostMs),
  })
  const last = (await response.text()).trim().split('\n').at(-1) ?? ''
  return { status: response.status, body: JSON.parse(last) as Record<string, unknown> }
}

/** The answer of a call that must succeed. */
export const lndAsk = async <T>(to: LndAccess, path: string, body?: object): Promise<T> => {
  const reply = await lndCall(to, path, body)
  if (reply.status !== 200)
    throw new Error(`${path} answered ${reply.status}: ${JSON.stringify(reply.body).slice(0, 300)}`)
  return reply.body as T
}

/**
 * Asks again and again until `check` gives something else than false, undefined or an exception.
 * @throws Error that says `what`, after `mostMs`
 */
export const until = async <T>(
  what: string,
  mostMs: number,
  check: () => Promise<T | false | undefined>,
): Promise<T> => {
  const end = performance.now() + mostMs
  for (;;) {
    const found = await check().catch(() => undefined)
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error(`not within ${mostMs} ms: ${what}`)
    await sleep(50)
  }
}
