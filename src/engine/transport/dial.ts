import { BOUNDS } from '../base/bounds.ts'
import { Fault } from '../base/fault.ts'
import { isLocalHost } from './addresses.ts'
import { keepTrying } from './backoff.ts'
import { DialLink } from './dial-link.ts'
import type { LinkOwner } from './link.ts'
import type { Dialled, DialOptions } from './network.ts'
import type { SocketSeams } from './sockets.ts'
import { trouble } from './trouble.ts'

/**
 * Dials a door over Bun's own WebSocket, proves the key (NIP-42), subscribes to what is addressed to
 * it, and dials again whenever the connection ends.
 * @throws Fault `usage` `dial.address` | `dial.plaintext`
 */
export const dialSocket = (
  address: string,
  options: DialOptions,
  owner: LinkOwner,
  seams: SocketSeams,
): Dialled => {
  checkAddress(address)
  const bounds = { ...BOUNDS, ...options.bounds }
  const { clock, random } = seams
  const close = keepTrying(
    (ended) => {
      const link = new DialLink(openSocket(address), address, owner, {
        signer: options.signer,
        clock,
        bounds,
        ended: (what, reason, upMs) => ended(trouble(what, address, reason), upMs),
      })
      return () => link.close('closed by us')
    },
    { clock, random },
    options.onTrouble,
  )
  return { address, close }
}

// Compression only costs on sealed bytes, and a small message that unpacks to a large one is a weapon.
const openSocket = (address: string): WebSocket => {
  const socket = new WebSocket(address, { perMessageDeflate: false })
  socket.binaryType = 'arraybuffer'
  return socket
}

/**
 * Plain `ws:` tells everybody on the way who talks to whom: it is for this machine and this network.
 * @throws Fault `usage` `dial.address` | `dial.plaintext`
 */
export const checkAddress = (address: string): void => {
  const url = URL.parse(address)
  if (!url || !/^wss?:$/.test(url.protocol) || url.username || url.hash)
    throw new Fault(
      'usage',
      'dial.address',
      `${JSON.stringify(address)} is not a router's address`,
      {
        hint: 'write an address such as ws://127.0.0.1:7447 or wss://router.example.com',
      },
    )
  if (url.protocol === 'ws:' && !isLocalHost(url.hostname))
    throw new Fault('usage', 'dial.plaintext', `${address} would be dialled without encryption`, {
      hint: 'write wss:// instead; ws:// is for this machine and private networks',
    })
}
