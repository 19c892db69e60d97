import { sha256, toHex } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { isLocalHost } from '../../transport/addresses.ts'
import {
  type Answer,
  type Backend,
  ask,
  isObject,
  nonsense,
  objectIn,
  refused,
  wordsOf,
} from '../http.ts'

/** A Lightning address as its payer sees it: LUD-16, LUD-06, LUD-21. */

export type AddressOptions = Readonly<{
  /** For tests: services on this machine, by plain http. */
  allowPrivate?: boolean
}>

/** Whoever answers for a domain; it names the addresses of the next questions itself, so they are whole URLs. */
export const addressBackend = (
  domain: string,
  clock: Clock,
  { allowPrivate = false }: AddressOptions,
): Backend => ({ name: domain, base: '', headers: {}, secrets: [], clock, allowPrivate })

/** What it takes, in msat, and what its invoices commit to. */
export type Service = Readonly<{
  callback: string
  least: bigint
  most: bigint
  metadataHash: string
}>

/**
 * LUD-16: what stands behind an address.
 * @throws Fault `unavailable` `wallet.unreachable` | `wallet.refused` | `wallet.answer`
 */
export const serviceOf = async (to: Backend, user: string): Promise<Service> => {
  const scheme = mayBePlain(to, to.name) ? 'http' : 'https'
  const said = await askLnurl(to, `${scheme}://${to.name}/.well-known/lnurlp/${user}`)
  const { tag, callback, minSendable, maxSendable, metadata } = said
  const [least, most] = [amountIn(minSendable), amountIn(maxSendable)]
  if (tag !== 'payRequest' || typeof metadata !== 'string')
    throw nonsense(to, 'with something else than a request to pay')
  if (least === null || most === null || least < 1n || most < least)
    throw nonsense(to, 'without the amounts that it takes')
  const metadataHash = toHex(sha256(metadata))
  return { callback: addressIn(to, callback), least, most, metadataHash }
}

/**
 * LUD-06 and LUD-21: the text of an invoice, and where to ask whether it was paid.
 * @throws as `serviceOf`; `wallet.refused` without LUD-21 too, since nobody could tell then that it was paid
 */
export const invoiceOf = async (
  to: Backend,
  { callback }: Service,
  amount: bigint,
): Promise<Readonly<{ bolt11: unknown; verify: string }>> => {
  const query = `${callback.includes('?') ? '&' : '?'}amount=${amount}`
  const { pr, verify } = await askLnurl(to, callback + query)
  if (verify === undefined || verify === null)
    throw refused(to, 'does not tell whether an invoice was paid (LUD-21)')
  return { bolt11: pr, verify: addressIn(to, verify) }
}

/**
 * LUD-21: what the service says of an invoice; null where it has none.
 * @throws as `serviceOf`
 */
export const verified = async (
  to: Backend,
  url: string,
): Promise<Readonly<{ settled: boolean; bolt11: unknown }> | null> => {
  const answer = await ask(to, { path: url })
  if (isObject(answer.json) && isError(answer.json) && isNotFound(to, answer)) return null
  const { settled, pr } = lnurlIn(to, answer)
  if (typeof settled !== 'boolean') throw nonsense(to, 'without saying whether it was paid')
  return { settled, bolt11: pr }
}

const askLnurl = async (to: Backend, url: string) => lnurlIn(to, await ask(to, { path: url }))

const lnurlIn = (to: Backend, answer: Answer): Readonly<Record<string, unknown>> => {
  const said = isObject(answer.json) && isError(answer.json) ? wordsOf(to, answer) : null
  if (said !== null) throw refused(to, `refuses${said && `: ${said}`}`)
  if (answer.status === 401 || answer.status === 403) throw refused(to, `answered ${answer.status}`)
  return objectIn(to, answer)
}

const isError = ({ status }: Readonly<Record<string, unknown>>): boolean =>
  typeof status === 'string' && status.toUpperCase() === 'ERROR'

const isNotFound = (to: Backend, answer: Answer): boolean =>
  answer.status === 404 || /not found|unknown/i.test(wordsOf(to, answer) ?? '')

const amountIn = (said: unknown): bigint | null =>
  Number.isSafeInteger(said) ? BigInt(Number(said)) : null

/** An address that the service names: encrypted, and (egress sees to it) on the public internet. */
const addressIn = (to: Backend, said: unknown): string => {
  const url = typeof said === 'string' && said.length <= MOST_URL ? URL.parse(said) : null
  const good = url && !url.username && !url.hash
  if (good && (url.protocol === 'https:' || (url.protocol === 'http:' && mayBePlain(to, url.host))))
    return String(said)
  throw nonsense(to, 'with an address that nobody may be sent to')
}

const MOST_URL = 2_048

const mayBePlain = (to: Backend, host: string): boolean =>
  to.allowPrivate === true && isLocalHost(new URL(`http://${host}`).hostname)
