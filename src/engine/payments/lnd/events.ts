import { KIB } from '../../base/bounds.ts'
import { Fault } from '../../base/fault.ts'
import { egress } from '../../transport/egress.ts'
import { type Backend, isObject } from '../http.ts'
import { type Body, type Reply, replyIn } from './rest.ts'

/** An invoice, or a payment of many parts, has some KiB. */
const LINE_BYTES = 256 * KIB

/**
 * What an lnd tells line by line (ndjson), until it or `signal` ends it. lnd sends its headers with the first
 * event, so that this may be silent for days; that it is alive is for the caller to doubt.
 * @throws Fault `unavailable` `wallet.unreachable`, also where `signal` ended it
 */
export async function* eventsOf(
  to: Backend,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Reply, void, undefined> {
  try {
    const response = await egress(to.base + path, {
      headers: to.headers,
      ...(to.certificate && { tls: { ca: to.certificate } }),
      signal,
      allowPrivate: true,
      keepalive: false,
    })
    for await (const line of linesOf(response)) {
      const json = parse(line)
      const reply = json && replyIn(json, response.status)
      if (reply) yield reply
    }
  } catch (cause) {
    throw new Fault('unavailable', 'wallet.unreachable', `${to.name} does not answer`, {
      hint: 'see that it runs and that its address is right',
      cause,
    })
  }
}

/** A line that is longer ends the stream, and with it the connection. */
async function* linesOf(response: Response): AsyncGenerator<string, void, undefined> {
  const reader = response.body?.getReader()
  if (!reader) return
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
      if (rest.length > LINE_BYTES) return
    }
    if (rest) yield rest
  } finally {
    // One that broke already rejects here once more.
    reader.cancel().catch(() => {})
  }
}

const parse = (line: string): Body | null => {
  try {
    const json: unknown = JSON.parse(line)
    return isObject(json) ? json : null
  } catch {
    return null
  }
}
