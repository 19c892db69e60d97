import { KIB } from '../../base/bounds.ts'
import type { Clock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { egress } from '../../transport/egress.ts'
import type { Connection } from '../connection.ts'
import { type Answer, ask, type Backend, isObject } from '../http.ts'
import { badCredential, nonsense, refused, refusedBy, secureBase, wordsOf } from '../http.ts'

/** Core Lightning's clnrest, 24.11 and later, as its sources and schemas have it (docs/wallets/cln.md). */

export type ClnConnection = Extract<Connection, { kind: 'cln' }>

/** @throws Fault `config` `wallet.plain_http` for an address on the internet without TLS */
export const clnBackend = (connection: ClnConnection, clock: Clock): Backend => ({
  name: 'cln',
  base: secureBase('cln', connection.url),
  headers: { rune: connection.rune },
  certificate: connection.certificate,
  secrets: [connection.rune],
  clock,
})

export type Body = Readonly<Record<string, unknown>>

/** What a command says is wrong; its codes are those of its schema. */
export type ClnError = Readonly<{ status: number; code: number; message: string }>

export type Reply = Readonly<{ ok: true; body: Body }> | Readonly<{ ok: false; error: ClnError }>

/** Parameters by name. Amounts go as texts with their unit, which no JSON number loses. */
export type Params = Readonly<Record<string, string | number | boolean>>

/**
 * Runs a command.
 * @throws Fault those of `ask`, `config` `wallet.credential` where the rune may not, and those of `refusedBy`
 */
export const runCln = async (
  to: Backend,
  method: string,
  params: Params = {},
  timeoutMs?: number,
): Promise<Reply> => {
  const question = { method: 'POST', path: `/v1/${method}`, json: params } as const
  return replyIn(to, await ask(to, { ...question, ...(timeoutMs !== undefined && { timeoutMs }) }))
}

/**
 * What a command that does not fail gives.
 * @throws Fault those of `runCln`, and `unavailable` `wallet.refused` for an error
 */
export const bodyOf = async (to: Backend, method: string, params?: Params): Promise<Body> => {
  const reply = await runCln(to, method, params)
  if (reply.ok) return reply.body
  throw faultOf(to, reply.error)
}

export const faultOf = (to: Backend, { code, message, status }: ClnError): Fault => {
  const words = wordsOf(to, { status, text: '', json: { message } })
  return refused(to, `refuses (${code}): ${words}`)
}

/** A method that this node, or the plugin that it lacks, does not have. */
export const isUnknownMethod = ({ code }: ClnError): boolean => code === -32601

/** What clnrest says of a rune that is good, but not for this. */
const NOT_PERMITTED = 1502

const notPermitted = (): Fault =>
  new Fault('config', 'wallet.credential', 'cln does not let this rune do that', {
    hint: 'make one that may, as docs/wallets/cln.md says',
  })

/** Runes are refused by 401, and by 403 where there is none. */
export const replyIn = (to: Backend, answer: Answer): Reply => {
  const { status, json } = answer
  if (isObject(json)) {
    if (status === 200 || status === 201) return { ok: true, body: json }
    if (status === 401 || status === 403)
      throw json.code === NOT_PERMITTED ? notPermitted() : badCredential(to)
    // Without a number it was not the command that failed, but the way to it.
    if (typeof json.code === 'number' && typeof json.message === 'string')
      return { ok: false, error: { status, code: json.code, message: json.message } }
  }
  if (status < 300) throw nonsense(to, 'something else than an object')
  throw refusedBy(to, answer)
}

/**
 * A command that answers when something happens, however long that takes.
 * @throws Fault `unavailable` `wallet.unreachable`, also where `signal` ended it; those of `replyIn`
 */
export const waitFor = async (
  to: Backend,
  method: string,
  params: Params,
  signal: AbortSignal,
): Promise<Reply> => {
  const text = async () => {
    const response = await egress(`${to.base}/v1/${method}`, {
      method: 'POST',
      headers: { ...to.headers, 'content-type': 'application/json' },
      body: JSON.stringify(params),
      ...(to.certificate && { tls: { ca: to.certificate } }),
      signal,
      maxBytes: 256 * KIB,
      allowPrivate: true,
      keepalive: false,
    })
    return { status: response.status, text: await response.text() }
  }
  const answer = await text().catch((cause: unknown) => {
    throw new Fault('unavailable', 'wallet.unreachable', `${to.name} does not answer`, { cause })
  })
  return replyIn(to, { ...answer, json: parse(answer.text) })
}

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An amount: a number of msat, or of older nodes a text with its unit. null for anything else. */
export const amountIn = (said: unknown): bigint | null => {
  if (typeof said === 'number') return Number.isSafeInteger(said) && said >= 0 ? BigInt(said) : null
  const digits = typeof said === 'string' ? /^(\d{1,18})msat$/.exec(said)?.[1] : undefined
  return digits === undefined ? null : BigInt(digits)
}
