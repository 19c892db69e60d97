import type { ClnConnection } from '../../src/engine/payments/cln/rest.ts'
import type { LndConnection } from '../../src/engine/payments/lnd/rest.ts'

/** A connection to a fake as its user would type it. */
export const connectionText = (connection: ClnConnection | LndConnection): string => {
  const { host } = new URL(connection.url)
  const cert = base64url(derOf(connection.certificate!))
  return connection.kind === 'cln'
    ? `clnrest+https://${host}?rune=${connection.rune}&cert=${cert}`
    : `lndconnect://${host}?macaroon=${base64url(Uint8Array.fromHex(connection.macaroon))}&cert=${cert}`
}

const derOf = (pem: string): Uint8Array =>
  Uint8Array.fromBase64(pem.replace(/-----[^-]+-----|\s/g, ''))

const base64url = (bytes: Uint8Array): string =>
  bytes.toBase64({ alphabet: 'base64url', omitPadding: true })
