import { type Clock, systemClock } from '../base/clock.ts'
import { isFault } from '../base/fault.ts'
import { isLocalHost } from '../transport/addresses.ts'
import { egress } from '../transport/egress.ts'
import { cancelled, unlessAborted } from './abort.ts'
import { RunnerFault } from './runner.ts'
import { troubleOf } from './trouble.ts'

/** How long a runner may be silent. Derived from the work, never a fixed total (docs: operations, runners, 5). */
export type Patience = Readonly<{
  /** Until the first piece, for an input of so many bytes: loading the model, then reading the input. */
  firstMs(bytes: number): number
  /** Between two pieces. */
  gapMs: number
}>

/** A cold model from a slow disk; then 25 tokens of four bytes a second, which a small board reaches. */
export const PATIENCE: Patience = { firstMs: (bytes) => 120_000 + bytes * 10, gapMs: 60_000 }

/** A server that is called over HTTP. */
export type Upstream = Readonly<{
  /** Without a slash at its end. */
  base: string
  /** Path of the UNIX socket on which it listens instead of a port. */
  unix?: string
  headers: Readonly<Record<string, string>>
  patience: Patience
  clock: Clock
}>

export const upstream = (
  base: string,
  options: Readonly<{
    apiKey?: string
    unix?: string
    patience?: Partial<Patience>
    clock?: Clock
  }> = {},
): Upstream => ({
  base,
  ...(options.unix !== undefined && { unix: options.unix }),
  headers: {
    'content-type': 'application/json',
    ...(options.apiKey !== undefined && { authorization: `Bearer ${options.apiKey}` }),
  },
  patience: { ...PATIENCE, ...options.patience },
  clock: options.clock ?? systemClock,
})

/**
 * True for a server that is neither on this machine nor in this network: what it computes is somebody
 * else's service, and tickets say so (`proprietary`). Nothing is looked up.
 */
export const isPublic = (base: string): boolean => !isLocalHost(new URL(base).hostname)

/** One request under way: what its reader may do with its deadline. */
export type Call = Readonly<{
  chunks: AsyncIterable<Uint8Array>
  /** The deadline is now so far away. */
  expect(ms: number): void
  /** No deadline while the other side of the job is slow. */
  pause(): void
  signal: AbortSignal
}>

/**
 * Calls a server and lets `read` have its answer. When `read` ends, whichever way, the request is
 * over and its socket free: closing it is how a runner hears of a cancel.
 * @throws RunnerFault by what the server answered; `timeout` past the deadline; `cancelled` when
 * `signal` was the cause; `crashed` when the connection broke
 */
export const call = async <T>(
  to: Upstream,
  request: Readonly<{ method: 'GET' | 'POST'; path: string; body?: unknown; waitMs: number }>,
  signal: AbortSignal,
  read: (call: Call) => Promise<T>,
): Promise<T> => {
  if (signal.aborted) throw cancelled()
  const stop = new AbortController()
  const all = AbortSignal.any([stop.signal, signal])
  let takeBack: (() => void) | undefined
  let expired = false
  const pause = () => takeBack?.()
  const expect = (ms: number) => {
    takeBack?.()
    takeBack = to.clock.after(ms, () => {
      expired = true
      stop.abort()
    })
  }
  try {
    expect(request.waitMs)
    const response = await unlessAborted(send(to, request, all), all)
    const chunks = chunksOf(response, all)
    if (!response.ok) throw troubleOf(response.status, await textOf(chunks, ERROR_BYTES))
    return await read({ chunks, expect, pause, signal: all })
  } catch (error) {
    if (signal.aborted) throw cancelled()
    if (expired) throw new RunnerFault('timeout', `nothing came from the runner in time`)
    throw asRunnerFault(error)
  } finally {
    takeBack?.()
    stop.abort()
  }
}

/** A whole JSON answer, `maxBytes` at most. */
export const callJson = (
  to: Upstream,
  request: Readonly<{ method: 'GET' | 'POST'; path: string; body?: unknown; waitMs: number }>,
  signal: AbortSignal,
  maxBytes: number,
): Promise<unknown> =>
  call(to, request, signal, async ({ chunks }) => {
    const text = await textOf(chunks, maxBytes, true)
    try {
      return JSON.parse(text) as unknown
    } catch (cause) {
      throw new RunnerFault('crashed', 'the runner answered something else than JSON', { cause })
    }
  })

const ERROR_BYTES = 64 * 1024

const send = (
  to: Upstream,
  request: Readonly<{ method: 'GET' | 'POST'; path: string; body?: unknown }>,
  signal: AbortSignal,
): Promise<Response> =>
  egress(to.base + request.path, {
    method: request.method,
    headers: to.headers,
    ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
    signal,
    ...(to.unix !== undefined && { unix: to.unix }),
    // A runner may close a connection that waits at the moment in which a job is sent on it.
    keepalive: false,
    // The operator named this address, or it is a usual port of this machine.
    allowPrivate: true,
  })

async function* chunksOf(response: Response, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (!reader) return
  try {
    for (;;) {
      const { done, value } = await unlessAborted(reader.read(), signal)
      if (done) return
      yield value
    }
  } finally {
    // A stream that already broke rejects here once more.
    reader.cancel().catch(() => {})
  }
}

const textOf = async (
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
  strict = false,
): Promise<string> => {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > maxBytes && strict)
      throw new RunnerFault('crashed', `the runner answered more than ${maxBytes} bytes`)
    parts.push(chunk)
    if (size > maxBytes) break
  }
  return Buffer.concat(parts).subarray(0, maxBytes).toString('utf8')
}

const asRunnerFault = (error: unknown): RunnerFault => {
  if (error instanceof RunnerFault) return error
  if (isFault(error)) return new RunnerFault('crashed', error.message, { cause: error })
  return new RunnerFault('crashed', 'the connection to the runner broke', { cause: error })
}
