import { Fault } from '../base/fault.ts'

/**
 * A wallet as a user names it: one text, on stdin or in a 0600 file, that says which and holds its
 * credential. Never in argv, never in a log.
 */
export type Connection =
  | Readonly<{ kind: 'sim'; path: string; account: string }>
  | Readonly<{ kind: 'nwc'; uri: string }>
  | Readonly<{ kind: 'lnd'; url: string; macaroon: string; certificate: string | null }>
  | Readonly<{ kind: 'cln'; url: string; rune: string; certificate: string | null }>
  | Readonly<{ kind: 'phoenixd'; url: string; password: string }>
  | Readonly<{ kind: 'lnbits'; url: string; key: string }>
  | Readonly<{ kind: 'address'; address: string }>

/** The forms of a connection string, for people. */
export const CONNECTION_FORMS = [
  'nostr+walletconnect://KEY?relay=wss://RELAY&secret=HEX',
  'lndconnect://HOST:PORT?macaroon=BASE64URL&cert=BASE64URL',
  'clnrest+https://HOST:PORT?rune=RUNE&cert=BASE64URL',
  'phoenixd+http://:PASSWORD@HOST:9740',
  'lnbits+https://HOST?key=KEY',
  'lightning:NAME@DOMAIN',
  'sim:/PATH/OF/LEDGER?account=NAME',
] as const

/**
 * Parses a connection string. `cert` is the certificate in DER, base64url, as lndconnect has it: it alone is
 * then trusted. Plain http is for this machine and private networks, which the adapters see to.
 * @throws Fault `usage` `wallet.connection`; it quotes nothing of the text
 */
export const parseConnection = (text: string): Connection => {
  const trimmed = text.trim()
  const url = trimmed.length <= MOST_CHARS ? URL.parse(trimmed) : null
  const connection = url && PARSERS[url.protocol]?.(url, trimmed)
  if (connection) return connection
  const known = url && url.protocol in PARSERS
  throw new Fault(
    'usage',
    'wallet.connection',
    known
      ? `a connection string of the form ${url.protocol}… lacks a part or has one that is wrong`
      : 'this is no connection string of a wallet that fedai knows',
    { hint: `write one of:\n${CONNECTION_FORMS.map((form) => `  ${form}`).join('\n')}` },
  )
}

const MOST_CHARS = 16_384

type Parser = (url: URL, text: string) => Connection | null

const param = (url: URL, name: string): string | null => url.searchParams.get(name) || null

const PARSERS: Readonly<Record<string, Parser>> = {
  'nostr+walletconnect:': (_url, uri) => ({ kind: 'nwc', uri }),
  'lndconnect:': (url) => {
    const macaroon = bytesOf(param(url, 'macaroon'))
    const certificate = pemOf(param(url, 'cert'))
    if (!url.host || !macaroon || certificate === undefined) return null
    return { kind: 'lnd', url: `https://${url.host}`, macaroon: macaroon.toHex(), certificate }
  },
  'clnrest+https:': (url) => cln('https', url),
  'clnrest+http:': (url) => cln('http', url),
  'phoenixd+http:': (url) => phoenixd('http', url),
  'phoenixd+https:': (url) => phoenixd('https', url),
  'lnbits+http:': (url) => lnbits('http', url),
  'lnbits+https:': (url) => lnbits('https', url),
  'lightning:': (url) =>
    /^[a-z0-9._+-]{1,64}@[a-z0-9.-]{1,255}(:\d{1,5})?$/.test(url.pathname)
      ? { kind: 'address', address: url.pathname }
      : null,
  'sim:': (url) => {
    const account = param(url, 'account')
    const path = decoded(url.pathname)
    // No file has a name with NUL in it.
    if (
      !path?.startsWith('/') ||
      path.includes('\0') ||
      !account ||
      !/^[a-z0-9_-]{1,64}$/.test(account)
    )
      return null
    return { kind: 'sim', path, account }
  },
}

const cln = (scheme: string, url: URL): Connection | null => {
  const rune = param(url, 'rune')
  const certificate = pemOf(param(url, 'cert'))
  if (!url.host || !rune || !/^[A-Za-z0-9_=-]{1,2048}$/.test(rune) || certificate === undefined)
    return null
  return { kind: 'cln', url: `${scheme}://${url.host}`, rune, certificate }
}

const phoenixd = (scheme: string, url: URL): Connection | null => {
  const password = decoded(url.password)
  return url.host && password
    ? { kind: 'phoenixd', url: `${scheme}://${url.host}`, password }
    : null
}

const lnbits = (scheme: string, url: URL): Connection | null => {
  const key = param(url, 'key')
  if (!url.host || !key || !/^[A-Za-z0-9]{1,128}$/.test(key)) return null
  return { kind: 'lnbits', url: `${scheme}://${url.host}${url.pathname.replace(/\/$/, '')}`, key }
}

/** null where a `%` is followed by what it cannot be. */
const decoded = (text: string): string | null => {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

const bytesOf = (base64url: string | null): Uint8Array | null => {
  try {
    return base64url ? Uint8Array.fromBase64(base64url, { alphabet: 'base64url' }) : null
  } catch {
    return null
  }
}

/** null without one, undefined where it is none. */
const pemOf = (base64url: string | null): string | null | undefined => {
  if (base64url === null) return null
  const der = bytesOf(base64url)
  if (!der) return undefined
  const lines = der.toBase64().match(/.{1,64}/g) ?? []
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
}
