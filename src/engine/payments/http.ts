import type { Clock } from '../base/clock.ts'
import { MIB } from '../base/bounds.ts'
import { Fault, isFault } from '../base/fault.ts'
import { isRefusal } from '../protocol/refusal.ts'
import { parseSealed } from '../protocol/json.ts'
import { isLocalHost } from '../transport/addresses.ts'
import { egress } from '../transport/egress.ts'

/** A wallet's program that is asked over HTTP. */
export type Backend = Readonly<{
  /** As errors name it: `phoenixd`. */
  name: string
  /** Without a slash at its end. */
  base: string
  headers: Readonly<Record<string, string>>
  /** PEM: it alone is trusted then. */
  certificate?: string | null
  /** False for addresses that others name: they stay on the public internet. Default true. */
  allowPrivate?: boolean
  /** What may stand in no error, whoever says it. */
  secrets: readonly string[]
  clock: Clock
}>

export type Question = Readonly<{
  method?: 'GET' | 'POST' | 'DELETE'
  path: string
  /** A form, as browsers send it. */
  form?: Readonly<Record<string, string>>
  /** A body of JSON. */
  json?: unknown
  /** Until the whole answer is there. Default 15 s. */
  timeoutMs?: number
}>

/** Who is to blame in an error. */
export type Named = Pick<Backend, 'name'>

/** `json` is undefined where the text is none. */
export type Answer = Readonly<{ status: number; text: string; json: unknown }>

/**
 * One question and its answer, whatever its status; 1 MiB and 15 s at most.
 * @throws Fault `unavailable` `wallet.unreachable`: from nobody there to an answer that was cut
 */
export const ask = async (to: Backend, question: Question): Promise<Answer> => {
  const { method = 'GET', path, form, json, timeoutMs = 15_000 } = question
  const over = new AbortController()
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const stop = to.clock.after(timeoutMs, () => {
    reject(unreachable(to, `did not answer within ${timeoutMs / 1000} s`))
    over.abort()
  })
  const call = async (): Promise<Answer> => {
    const response = await egress(to.base + path, {
      method,
      headers: { ...to.headers, ...(json !== undefined && { 'content-type': 'application/json' }) },
      ...(form && { body: new URLSearchParams(form) }),
      ...(json !== undefined && { body: JSON.stringify(json) }),
      ...(to.certificate && { tls: { ca: to.certificate } }),
      signal: over.signal,
      maxBytes: MIB,
      allowPrivate: to.allowPrivate ?? true,
      // On a connection that waited, a payment could be cut off by the other side's own time limit.
      keepalive: false,
    })
    const text = await response.text()
    const parsed = parseSealed(text)
    return { status: response.status, text, json: isRefusal(parsed) ? undefined : parsed.value }
  }
  try {
    return await Promise.race([call(), tooLate])
  } catch (cause) {
    throw over.signal.aborted
      ? cause
      : isDistrust(cause)
        ? distrusted(to, cause)
        : isPrivate(cause)
          ? keptOut(to, cause)
          : unreachable(to, 'does not answer', cause)
  } finally {
    stop()
  }
}

/**
 * The object that an answer is.
 * @throws Fault `config` `wallet.credential` for 401 and 403, `unavailable` `wallet.refused` for another error
 * status, with at most 120 characters of the wallet's own words, and `wallet.answer` for what makes no sense
 */
export const objectIn = (from: Backend, answer: Answer): Readonly<Record<string, unknown>> => {
  if (answer.status === 401 || answer.status === 403) throw badCredential(from)
  if (answer.status < 200 || answer.status > 299) throw refusedBy(from, answer)
  if (!isObject(answer.json)) throw nonsense(from, 'something else than JSON')
  return answer.json
}

/** `wallet.refused`, or `wallet.answer` where a proxy or another program answered. */
export const refusedBy = (from: Backend, answer: Answer): Fault => {
  const said = wordsOf(from, answer)
  return said === null
    ? nonsense(from, `${answer.status} and a page`)
    : refused(from, `answered ${answer.status}${said && `: ${said}`}`)
}

/** @param what predicate of a sentence that begins with the wallet's name */
export const refused = (from: Named, what: string): Fault =>
  new Fault('unavailable', 'wallet.refused', `${from.name} ${what}`)

/** @param what what came instead of sense */
export const nonsense = (from: Named, what: string): Fault =>
  new Fault('unavailable', 'wallet.answer', `${from.name} answered ${what}`)

export const badCredential = (from: Named): Fault =>
  new Fault('config', 'wallet.credential', `${from.name} does not take this credential`, {
    hint: 'connect the wallet anew with one that is valid',
  })

/**
 * The wallet's own words: of one line, without what could be a key. null for a page.
 * A wallet may quote what it was sent, so nothing passes that looks like a secret or is ours.
 */
export const wordsOf = (from: Backend, { json, text }: Answer): string | null => {
  const said = isObject(json)
    ? [json.detail, json.message, json.reason, json.error].find((it) => typeof it === 'string')
    : text
  if (/^\s*</.test(text)) return null
  return from.secrets
    .reduce((words, secret) => words.replaceAll(secret, '…'), String(said ?? ''))
    .replace(
      /\b(?:basic|bearer)\s+\S+|\b(?:rune|macaroon|password|token|secret|key)["']?[:=]\s*\S+/gi,
      '…',
    )
    .replace(/[\w+/=-]{24,}/g, '…')
    .replace(/[\p{C}\p{Default_Ignorable_Code_Point}\s]+/gu, ' ')
    .trim()
    .slice(0, 120)
}

/**
 * An address that a credential may be sent to: https, or this machine and its own network.
 * @throws Fault `config` `wallet.plain_http`
 */
export const secureBase = (name: string, url: string): string => {
  const target = new URL(url)
  if (target.protocol === 'https:' || isLocalHost(target.hostname)) return url
  throw new Fault(
    'config',
    'wallet.plain_http',
    `the credential of ${name} would cross the internet for everybody to read`,
    { hint: `use https, or reach ${name} by a private address or a tunnel` },
  )
}

export const isObject = (it: unknown): it is Readonly<Record<string, unknown>> =>
  typeof it === 'object' && it !== null && !Array.isArray(it)

const unreachable = (to: Backend, what: string, cause?: unknown): Fault =>
  new Fault('unavailable', 'wallet.unreachable', `${to.name} ${what}`, {
    hint: 'see that it runs and that its address is right',
    ...(cause !== undefined && { cause }),
  })

/** It was not asked at all: it may well run. */
const keptOut = (to: Backend, cause: unknown): Fault =>
  new Fault(
    'unavailable',
    'wallet.unreachable',
    `${to.name} is on a private network, or sends us to one, and is not asked there`,
    { hint: 'take one whose service is on the public internet', cause },
  )

const isPrivate = (cause: unknown): boolean => isFault(cause) && cause.code === 'egress.private'

const distrusted = (to: Backend, cause: unknown): Fault =>
  new Fault(
    'unavailable',
    'wallet.unreachable',
    `${to.name} shows a certificate that is not trusted here`,
    { hint: 'where it was renewed, put the new one into the connection string', cause },
  )

/** OpenSSL's words, wherever in the chain of causes they stand. */
const isDistrust = (cause: unknown): boolean =>
  cause instanceof Error &&
  (('code' in cause && /CERT|SELF_SIGNED|LEAF_SIGNATURE/.test(String(cause.code))) ||
    isDistrust(cause.cause))
