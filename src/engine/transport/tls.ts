import { X509Certificate, createPrivateKey } from 'node:crypto'
import { Fault } from '../base/fault.ts'

/** A certificate chain and its secret key, both as PEM. */
export type Tls = Readonly<{ cert: string; key: string }>

/**
 * Checks that a door can use a certificate: both can be read, belong together, and hold now.
 * @throws Fault `config` `tls.certificate` | `tls.key` | `tls.expired`
 */
export const checkTls = ({ cert, key }: Tls, nowMs: number): void => {
  const certificate = parse('certificate', () => new X509Certificate(cert))
  const secret = parse('key', () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(secret))
    throw new Fault('config', 'tls.key', 'the key does not belong to the certificate', {
      hint: 'give the two files that were issued together, the server’s own certificate first',
    })
  if (nowMs > Date.parse(certificate.validTo))
    throw new Fault('config', 'tls.expired', `the certificate expired ${certificate.validTo}`, {
      hint: 'renew it, then give the new files',
    })
}

/** The host names that a certificate is for (RFC 6125), wildcards and addresses left out. */
export const namesOf = ({ cert }: Tls): readonly string[] =>
  (new X509Certificate(cert).subjectAltName ?? '')
    .split(/, */)
    .filter((name) => /^DNS:[^*]+$/.test(name))
    .map((name) => name.slice(4))

// The cause is left out: what OpenSSL says of a file may quote it.
const parse = <T>(what: 'certificate' | 'key', read: () => T): T => {
  try {
    return read()
  } catch {
    throw new Fault('config', `tls.${what}`, `the ${what} is no PEM that can be read`, {
      hint: `it begins with -----BEGIN ${what === 'key' ? 'PRIVATE KEY' : 'CERTIFICATE'}-----, and a key has no passphrase`,
    })
  }
}
