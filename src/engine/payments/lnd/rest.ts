import type { Clock } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import type { Connection } from '../connection.ts'
import { ask, type Backend, isObject, type Question } from '../http.ts'
import { nonsense, refused, refusedBy, secureBase, wordsOf } from '../http.ts'

/** lnd's REST interface, 0.18 and later, as lnd 0.21.2 was seen to answer (docs/wallets/lnd.md). */

export type LndConnection = Extract<Connection, { kind: 'lnd' }>

/** @throws Fault `config` `wallet.plain_http` for an address on the internet without TLS */
export const lndBackend = (connection: LndConnection, clock: Clock): Backend => ({
  name: 'lnd',
  base: secureBase('lnd', connection.url),
  headers: { 'Grpc-Metadata-macaroon': connection.macaroon },
  certificate: connection.certificate,
  secrets: [connection.macaroon],
  clock,
})

export type Body = Readonly<Record<string, unknown>>

/** What lnd says is wrong. Its status is nearly always 500 with code 2, so the message tells which. */
export type LndError = Readonly<{ status: number; code: number; message: string }>

export type Reply = Readonly<{ ok: true; body: Body }> | Readonly<{ ok: false; error: LndError }>

/**
 * One question. Of an answer that streams it is the last line; its `result` is the body.
 * @throws Fault those of `ask`, and of `refusedBy` for what no lnd says
 */
export const askLnd = async (to: Backend, question: Question): Promise<Reply> => {
  const answer = await ask(to, question)
  const json = answer.json ?? lastLine(answer.text)
  const reply = isObject(json) ? replyIn(json, answer.status) : null
  if (reply) return reply
  if (answer.status === 200) throw nonsense(to, 'something else than an object')
  throw refusedBy(to, { ...answer, json })
}

/**
 * The body of an answer that is no error.
 * @throws Fault those of `askLnd`, and what `faultOf` makes of an error
 */
export const bodyOf = async (to: Backend, question: Question): Promise<Body> => {
  const reply = await askLnd(to, question)
  if (reply.ok) return reply.body
  throw faultOf(to, reply.error)
}

/** lnd's two envelopes: errors come flat, and from what streams as `error` beside `result`. null for neither. */
export const replyIn = (json: Body, status: number): Reply | null => {
  const error = isObject(json.error) ? json.error : json
  if (typeof error.code === 'number' && typeof error.message === 'string')
    return { ok: false, error: { status, code: error.code, message: error.message } }
  if (status !== 200) return null
  return { ok: true, body: isObject(json.result) ? json.result : json }
}

const lastLine = (text: string): unknown => {
  try {
    return JSON.parse(text.trim().split('\n').at(-1) ?? '')
  } catch {
    return undefined
  }
}

/** An error of lnd as ours. */
export const faultOf = (to: Backend, error: LndError): Fault => {
  if (isDenied(error))
    return new Fault('config', 'wallet.credential', 'lnd does not let this macaroon do that', {
      hint: 'bake one that may, as docs/wallets/lnd.md says',
    })
  if (isUnknownMacaroon(error))
    return new Fault('config', 'wallet.credential', 'lnd does not know this macaroon', {
      hint: 'connect it anew with a macaroon of this node',
    })
  if (isNotReady(error)) return refused(to, 'is not ready: it starts, or its wallet is locked')
  const words = wordsOf(to, { status: error.status, text: '', json: { message: error.message } })
  return refused(to, `refuses: ${words}`)
}

/** No status tells: it is 500 for all that a macaroon may not do. */
export const isDenied = ({ message }: LndError): boolean => message === 'permission denied'

const isUnknownMacaroon = ({ message }: LndError): boolean =>
  /verification failed|cannot get macaroon|macaroon, got|format of binary-encoded macaroon/.test(
    message,
  )

const isNotReady = ({ message }: LndError): boolean =>
  /in the process of starting up|wallet locked, unlock it/.test(message)

/** Refused before lnd looked at what was asked. */
export const isRejected = (error: LndError): boolean =>
  isDenied(error) || isUnknownMacaroon(error) || isNotReady(error)

/** Bytes in JSON: standard base64. */
export const base64 = (hex: string): string => Uint8Array.fromHex(hex).toBase64()

/** Bytes in a path: base64url, padded; lnd refuses it unpadded. */
export const inPath = (hex: string): string =>
  Uint8Array.fromHex(hex).toBase64({ alphabet: 'base64url' })

/** The hex of base64; null for anything else. */
export const hexIn = (text: unknown): string | null => {
  try {
    return typeof text === 'string' ? Uint8Array.fromBase64(text).toHex() : null
  } catch {
    return null
  }
}
