import { Fault } from '../base/fault.ts'

/** What went wrong with an attempt or a connection, for people. */
export const trouble = (
  what: 'unreachable' | 'untrusted' | 'crowded' | 'refused' | 'closed' | 'silent',
  address: string,
  reason: string,
): Fault => {
  const sentence = {
    unreachable: `nobody answers at ${address}`,
    untrusted: `the certificate at ${address} does not hold`,
    crowded: `${address} takes no more connections from your address`,
    refused: `${address} refused our key`,
    closed: `the connection to ${address} ended`,
    silent: `${address} is silent`,
  }[what]
  // The connections of short jobs end soon.
  const kind = what === 'crowded' ? 'again' : 'unavailable'
  return new Fault(kind, `dial.${what}`, reason ? `${sentence}: ${reason}` : sentence, {
    ...(what === 'untrusted' && { hint: UNTRUSTED }),
    ...(what === 'crowded' && { hint: CROWDED }),
  })
}

const UNTRUSTED =
  'check the address; where the door has an authority of its own: NODE_EXTRA_CA_CERTS=its-certificate.pem'
/** All behind one NAT are one address to a door. */
const CROWDED =
  'end other programs on this machine or in this network that are connected to it, or try again in a minute'
