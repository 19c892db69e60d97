import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import type { ServerWebSocket } from 'bun'
import { BOUNDS, type Bounds, MIB } from '../base/bounds.ts'
import { Fault } from '../base/fault.ts'
import { ownAddress } from './auth.ts'
import { goodbyes } from './allowance.ts'
import { bare, isPrivateAddress } from './addresses.ts'
import { type DoorHouse, DoorLink } from './door-link.ts'
import type { LinkOwner, Listening } from './link.ts'
import type { DoorOptions } from './network.ts'
import { answerHttp, messageBytes } from './nip11.ts'
import { counter } from './counter.ts'
import { CROWDED, Crowd, type Guest, crowdLog } from './crowd.ts'
import { UNKNOWN, peerOf } from './peer.ts'
import type { SocketSeams } from './sockets.ts'
import { type Tls, checkTls } from './tls.ts'
import { Turn } from './turn.ts'

type Data = { peer: string; link: DoorLink | null; guest: Guest | null }

/** Connections of one address, for each key that it may have: so half of them have none, and can make way. */
const CONNECTIONS_PER_KEY = 2

/**
 * Opens a WebSocket door: NIP-01, NIP-42 and NIP-11 in text, frames in binary (docs/protocol.md, links).
 * @throws Fault `unavailable` `door.taken`, `config` `tls.certificate` | `tls.key` | `tls.expired`
 */
export const openDoor = (
  door: DoorOptions,
  owner: LinkOwner,
  { clock, random, log }: SocketSeams,
): Listening => {
  const bounds: Bounds = { ...BOUNDS, ...door.bounds }
  if (door.tls) checkTls(door.tls, clock.now())
  const crowded = crowdLog(log, clock)
  const crowd = new Crowd(bounds.keysPerAddress * CONNECTIONS_PER_KEY, crowded)
  const links = new Set<DoorLink>()
  const whose = peerOf(door.trustedProxies ?? [])
  let toldOfUnknown = false
  /** Once: it is how the proxy is set up, and comes with each connection. */
  const tellOfUnknown = (proxy: string) => {
    if (!toldOfUnknown) log?.warn('proxy.unnamed_peer', { proxy })
    toldOfUnknown = true
  }
  const house: DoorHouse = {
    door,
    owner,
    clock,
    random,
    bounds,
    keys: counter(bounds.keysPerAddress, crowded),
    goodbyes: goodbyes(clock),
    turn: new Turn(),
    isOurs: () => false,
  }

  const fetch = (request: Request, server: Bun.Server<Data>): Response | undefined => {
    if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket')
      return answerHttp(request, door, bounds)
    const socketAddress = server.requestIP(request)?.address ?? UNKNOWN
    const peer = whose(socketAddress, request.headers)
    if (peer === null)
      return new Response('X-Forwarded-For and Forwarded contradict each other\n', { status: 400 })
    if (peer === UNKNOWN) tellOfUnknown(socketAddress)
    if (!door.tls && isOutsider(socketAddress, peer))
      return new Response('no TLS here: use the wss address of this door\n', { status: 403 })
    if (!crowd.enter(peer)) return new Response(`${CROWDED}\n`, { status: 429 })
    if (server.upgrade(request, { data: { peer, link: null, guest: null } })) return undefined
    crowd.left(peer, null)
    return new Response('not a WebSocket handshake\n', { status: 400 })
  }

  const serve: Serve = {
    fetch,
    websocket: {
      maxPayloadLength: messageBytes(bounds),
      // Bun counts it in seconds and pings by itself within it.
      idleTimeout: Math.ceil(bounds.idleMs / 1000),
      sendPings: true,
      // Above what frame() lets through, so that it is reached only by a peer that takes nothing at all.
      backpressureLimit: bounds.unsentPerLinkBytes + MIB,
      closeOnBackpressureLimit: true,
      perMessageDeflate: false,
      open(ws) {
        // The receiver's own bytes, and no Buffer: its slice() would share memory.
        ws.binaryType = 'uint8array'
        const link = new DoorLink(ws, ws.data.peer, house)
        links.add(link)
        ws.data.guest = { isKnown: () => link.isKnown(), makeWay: () => makeWay(ws) }
        crowd.arrived(ws.data.peer, ws.data.guest)
        ws.data.link = link
      },
      message(ws, message) {
        if (typeof message === 'string') ws.data.link?.text(message)
        else ws.data.link?.binary(message)
      },
      close(ws, code, reason) {
        const { link, peer, guest } = ws.data
        crowd.left(peer, guest)
        if (!link) return
        links.delete(link)
        link.ended(reason || `code ${code}`)
      },
    },
  }
  let server = listenOn(door, serve)
  const port = server.port ?? door.port
  /** Servers that take nobody any more, for as long as links of theirs live. */
  const former = new Set<Bun.Server<Data>>()
  let { tls } = door
  const renew = (next: Tls): void => {
    checkTls(next, clock.now())
    // reload() keeps the old certificate (bun 1.4.5), and two listeners on one port would want
    // reusePort, with which any other program could share the door unseen. So the port changes hands
    // within this turn, and the old server keeps its links.
    const old = server
    former.add(old)
    void old.stop(false).then(() => former.delete(old))
    try {
      server = listenOn({ ...door, port, tls: next }, serve)
      tls = next
    } catch (error) {
      server = listenOn({ ...door, port, ...(tls && { tls }) }, serve)
      throw error
    }
  }
  house.isOurs = ownAddress(port, hostsOf(door, port))
  return {
    address: `${door.tls ? 'wss' : 'ws'}://${shownHost(door.hostname)}:${port}`,
    ...(door.tls && { renew }),
    async close() {
      for (const link of links) link.ended('door closed')
      // Without `true` it waits for every socket to end by itself (bun 1.4.5), which nobody makes them do.
      for (const it of [server, ...former]) await it.stop(true)
    },
  }
}

/** Somebody on the public internet who did not come through a proxy that is believed. */
export const isOutsider = (socketAddress: string, peer: string): boolean =>
  isIP(socketAddress) !== 0 &&
  !isPrivateAddress(socketAddress) &&
  // A proxy's peer is another.
  (socketAddress === peer || socketAddress === `::ffff:${peer}`)

/** Not by `close`: after that `terminate` does nothing (bun 1.4.5), and who answers no close keeps its socket for 10 s and more. */
const makeWay = (ws: ServerWebSocket<Data>): void => {
  ws.send(JSON.stringify(['NOTICE', CROWDED]))
  ws.terminate()
}

type Serve = {
  fetch: (request: Request, server: Bun.Server<Data>) => Response | undefined
  websocket: Bun.WebSocketHandler<Data>
}

const listenOn = (door: DoorOptions, serve: Serve): Bun.Server<Data> => {
  const { hostname, port, tls } = door
  try {
    return Bun.serve<Data>({
      hostname: bare(hostname),
      port,
      maxRequestBodySize: 1_024,
      ...(tls && { tls: { cert: tls.cert, key: tls.key } }),
      ...serve,
    })
  } catch (cause) {
    throw new Fault('unavailable', 'door.taken', `cannot listen on ${hostname}:${port}`, {
      hint: 'stop what listens there, or choose another port',
      cause,
    })
  }
}

const isWildcard = (hostname: string): boolean => /^(0\.0\.0\.0|\[?::\]?)$/.test(hostname)

const shownHost = (hostname: string): string => {
  if (isWildcard(hostname)) return '127.0.0.1'
  return bare(hostname).includes(':') ? `[${bare(hostname)}]` : hostname
}

const hostsOf = (door: DoorOptions, port: number): string[] => {
  const own = isWildcard(door.hostname)
    ? Object.values(networkInterfaces()).flatMap((list) => list?.map((it) => it.address) ?? [])
    : [door.hostname]
  return [...(door.names ?? []), ...own.map((address) => `${shownHost(address)}:${port}`)]
}

export type DoorSocket = Pick<
  ServerWebSocket<Data>,
  'send' | 'getBufferedAmount' | 'close' | 'terminate'
> & {
  /** What is sent in the call leaves together. */
  cork(call: () => unknown): unknown
}
