import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import ky, { isHTTPError } from 'ky'
import { BOUNDS, MIB } from '../base/bounds.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { asFault, Fault, isFault } from '../base/fault.ts'
import { bare, isPrivateAddress } from './addresses.ts'

export type EgressInit = Omit<BunFetchRequestInit, 'redirect' | 'proxy'> & {
  /** True where the operator typed the address: loopback and private networks are allowed. Default false. */
  allowPrivate?: boolean
  /** Most bytes of the body, after decompression. Default: the largest output of a job. */
  maxBytes?: number
  /** Time until the headers are there, ms. Default: no bound but `signal`. */
  timeoutMs?: number
  clock?: Clock
}

/**
 * The one place from which fedai calls HTTP. http and https only, straight (proxy variables are not
 * honoured: a runner's prompts must not pass by a stranger), no redirects, body bounded in bytes.
 * The body streams and may take as long as `signal` lets it; the caller reads or cancels it.
 * @throws Fault `usage` `egress.scheme`, `refused` `egress.private` | `egress.redirect`,
 * `unavailable` `egress.unreachable` | `egress.timeout` | `egress.too_large` (also on reading)
 */
export const egress = async (url: string, init: EgressInit = {}): Promise<Response> => {
  const { allowPrivate = false, maxBytes = BOUNDS.outputBytes, timeoutMs, clock, ...rest } = init
  const target = parse(url)
  const request = allowPrivate ? { url: target.href, init: rest } : await pinned(target, rest)
  const deadline = timeoutMs === undefined ? undefined : deadlineIn(timeoutMs, target, clock)
  const signals = [deadline?.signal, rest.signal].filter((signal) => !!signal)
  try {
    const response = await fetch(request.url, {
      ...request.init,
      redirect: 'manual',
      signal: AbortSignal.any(signals),
      // Bun reads HTTP_PROXY and its kin for every request that does not say this.
      proxy: false,
      // Bun gives up on a silent body after five minutes; a large model may think longer.
      timeout: false,
    })
    if (response.status >= 300 && response.status < 400 && response.status !== 304) {
      await response.body?.cancel()
      throw redirected(target)
    }
    return bounded(response, maxBytes, target)
  } catch (error) {
    if (isFault(error) || rest.signal?.aborted) throw error
    throw unreachable(target, error)
  } finally {
    deadline?.stop()
  }
}

/**
 * The JSON at an address, for small questions: GET, answered in `timeoutMs` (default 3 s) with at
 * most `maxBytes` (default 1 MiB).
 * @throws Fault `unavailable`: those of `egress`, `egress.status`, `egress.not_json`
 */
export const getJson = async (
  url: string,
  options: {
    timeoutMs?: number
    maxBytes?: number
    allowPrivate?: boolean
    headers?: Record<string, string>
    clock?: Clock
  } = {},
): Promise<unknown> => {
  const { timeoutMs = 3_000, maxBytes = MIB, allowPrivate = false, headers = {}, clock } = options
  // ky hands over a Request; only what a GET needs of it goes on.
  const through = (input: string | URL | Request): Promise<Response> =>
    input instanceof Request
      ? egress(input.url, { headers: input.headers, signal: input.signal, allowPrivate, maxBytes })
      : egress(String(input), { allowPrivate, maxBytes })
  const target = parse(url)
  const { signal, stop } = deadlineIn(timeoutMs, target, clock)
  try {
    return await ky(url, { fetch: through, headers, retry: 0, timeout: false, signal }).json()
  } catch (error) {
    throw asAnswer(target, signal.aborted ? signal.reason : error)
  } finally {
    stop()
  }
}

const deadlineIn = (
  ms: number,
  target: URL,
  clock: Clock = systemClock,
): { signal: AbortSignal; stop: () => void } => {
  const deadline = new AbortController()
  return {
    signal: deadline.signal,
    stop: clock.after(ms, () => deadline.abort(tooSlow(target, ms))),
  }
}

const parse = (url: string): URL => {
  const target = URL.parse(url)
  if (target && /^https?:$/.test(target.protocol) && !target.username) return target
  throw new Fault('usage', 'egress.scheme', `${JSON.stringify(url)} is not an HTTP address`, {
    hint: 'write an address such as http://127.0.0.1:8080',
  })
}

// The name is looked up once and the connection goes to that very address, else a name server could
// answer with a public address for the check and with a private one for the connection (rebinding).
const pinned = async (
  target: URL,
  init: BunFetchRequestInit,
): Promise<{ url: string; init: BunFetchRequestInit }> => {
  const host = bare(target.hostname)
  const found = isIP(host) ? [{ address: host }] : await lookupAll(target, host)
  for (const { address } of found)
    if (isPrivateAddress(address))
      throw new Fault('refused', 'egress.private', `${target.host} is on a private network`, {
        hint: 'use a public address',
      })
  if (isIP(host)) return { url: target.href, init }
  const direct = new URL(target)
  const address = found[0]!.address
  direct.hostname = isIP(address) === 6 ? `[${address}]` : address
  const headers = new Headers(init.headers)
  headers.set('host', target.host)
  return { url: direct.href, init: { ...init, headers, tls: { serverName: host } } }
}

const lookupAll = async (target: URL, host: string): Promise<{ address: string }[]> => {
  const found = await lookup(host, { all: true }).catch((error: unknown) => {
    throw unreachable(target, error)
  })
  if (found.length === 0) throw unreachable(target, 'no address')
  return found
}

const bounded = (response: Response, maxBytes: number, target: URL): Response => {
  if (!response.body) return response
  const reader = response.body.getReader()
  let read = 0
  const body = new ReadableStream<Uint8Array>({
    // Pulled, so that a slow reader slows the sender down instead of filling memory.
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) return controller.close()
      read += value.length
      if (read > maxBytes) {
        await reader.cancel()
        throw tooLarge(target, maxBytes)
      }
      controller.enqueue(value)
    },
    cancel: (reason) => reader.cancel(reason),
  })
  return new Response(body, response)
}

const asAnswer = (target: URL, error: unknown): Fault => {
  if (isFault(error)) return error
  if (isHTTPError(error))
    return new Fault(
      'unavailable',
      'egress.status',
      `${target.host} answered ${error.response.status}`,
    )
  if (error instanceof SyntaxError)
    return new Fault(
      'unavailable',
      'egress.not_json',
      `${target.host} answered something else than JSON`,
    )
  return asFault(error)
}

const unreachable = (target: URL, cause: unknown): Fault =>
  new Fault('unavailable', 'egress.unreachable', `nobody answers at ${target.host}`, { cause })

const tooSlow = (target: URL, ms: number): Fault =>
  new Fault('unavailable', 'egress.timeout', `${target.host} did not answer within ${ms} ms`)

const tooLarge = (target: URL, bytes: number): Fault =>
  new Fault('unavailable', 'egress.too_large', `${target.host} sent more than ${bytes} bytes`)

const redirected = (target: URL): Fault =>
  new Fault('refused', 'egress.redirect', `${target.host} answered with a redirect`, {
    hint: 'use the address that it points to',
  })
