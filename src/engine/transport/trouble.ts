import { Fault } from '../base/fault.ts'

/** What went wrong with an attempt or a connection, for people. */
export const trouble = (
  what: 'unreachable' | 'refused' | 'closed' | 'silent',
  address: string,
  reason: string,
): Fault => {
  const sentence = {
    unreachable: `nobody answers at ${address}`,
    refused: `${address} refused our key`,
    closed: `the connection to ${address} ended`,
    silent: `${address} is silent`,
  }[what]
  return new Fault('unavailable', `dial.${what}`, reason ? `${sentence}: ${reason}` : sentence)
}
