import { CONNECTION_FORMS } from '../engine/payments/connection.ts'

/**
 * A text that quotes what somebody wrote, without what opens a wallet or is a secret key: it may have been written in
 * the wrong place, and an error ends in logs. The forms that a hint shows stay.
 */
export const secretless = (text: string): string =>
  text
    .replace(CONNECTION, (found) => (FORMS.has(found) ? found : '[connection string]'))
    .replace(CREDENTIAL, (found) => (FORMS.has(found) ? found : '[connection string]'))
    .replace(SECRET_KEY, '[secret key]')

/** True for words of a command line among which one opens a wallet. */
export const holdsSecret = (words: readonly string[]): boolean =>
  words.some((it) => secretless(it) !== it)

const FORMS: ReadonlySet<string> = new Set(CONNECTION_FORMS)

// The schemes of payments/connection.ts, also where the start was taken for a flag or the rest was cut off.
const CONNECTION =
  /[^\s"'`]{0,40}(?:walletconnect|lndconnect|clnrest(?:\+https?)?|phoenixd(?:\+https?)?|lnbits(?:\+https?)?):[^\s"'`…][^\s"'`]*/gi
const CREDENTIAL =
  /[^\s"'`]{0,512}\b(?:secret|macaroon|rune|password)=[^\s"'`…]{6}[^\s"'`]*|[^\s"'`]{0,512}\bkey=\w{16}[^\s"'`]*/gi
const SECRET_KEY = /n(?:crypt)?sec1[0-9a-z]{8,}/gi
