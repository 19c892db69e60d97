import { Fault } from '../base/fault.ts'

/** What went wrong with an attempt or a connection, for people. */
export const trouble = (
  what: 'unreachable' | 'untrusted' | 'refused' | 'closed' | 'silent',
  address: string,
  reason: string,
): Fault => {
  const sentence = {
    unreachable: `nobody answers at ${address}`,
    untrusted: `the certificate at ${address} does not hold`,
    refused: `${address} refused our key`,
    closed: `the connection to ${address} ended`,
    silent: `${address} is silent`,
  }[what]
  return new Fault('unavailable', `dial.${what}`, reason ? `${sentence}: ${reason}` : sentence, {
    ...(what === 'untrusted' && { hint: UNTRUSTED }),
  })
}

const UNTRUSTED =
  'check the address; where the door has an authority of its own: NODE_EXTRA_CA_CERTS=its-certificate.pem'
