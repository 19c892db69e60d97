import type { Server, ServerWebSocket } from 'bun'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { readEvent } from '../../src/engine/protocol/envelope.ts'
import { type Signed, tagValue } from '../../src/engine/protocol/event.ts'
import { AUTH_KIND, kindClass } from '../../src/engine/protocol/kinds.ts'
import { isRefusal } from '../../src/engine/protocol/refusal.ts'
import { matchesFilter, parseFilter } from '../../src/engine/transport/filter.ts'
import type { Filter } from '../../src/engine/transport/link.ts'
import { elementsOf, stringOf, valueOf } from '../../src/engine/transport/wire.ts'

/** How a relay misbehaves; all can be changed while it runs. */
export type RelayMischief = {
  /** Proofs that it asks for (NIP-42): for REQ from the start, or only when an event comes; `refuses` takes no key. */
  auth: 'never' | 'req' | 'event' | 'refuses'
  /** What it says to an event instead of yes, and whether it passes it on all the same. */
  refuses: string | null
  passesRefused: boolean
  /** No OK at all. */
  silent: boolean
  /** It answers nothing whatever, and stays connected: a process that was stopped. */
  frozen: boolean
  /** Each event is passed on so often. */
  copies: number
  /** Ephemeral events are passed on to nobody. */
  loses: (event: Signed) => boolean
}

const HONEST: RelayMischief = {
  auth: 'never',
  refuses: null,
  passesRefused: false,
  silent: false,
  frozen: false,
  copies: 1,
  loses: () => false,
}

type Party = { challenge: string; keys: Set<string>; subscriptions: Map<string, Filter[]> }

/**
 * A small relay of this machine: NIP-01 with replaceable and ephemeral kinds, NIP-42. For tests, since others
 * would store, throttle and time in their own way; test/live/nwc.live.test.ts has a real one.
 */
export const openFakeRelay = async (mischief: Partial<RelayMischief> = {}) => {
  const secp = await openSecp256k1()
  const now: RelayMischief = { ...HONEST, ...mischief }
  const stored: Signed[] = []
  /** Everything that was published and is genuine, in its order. */
  const published: Signed[] = []
  const parties = new Set<ServerWebSocket<Party>>()
  let connections = 0
  let heard: (event: Signed) => void = () => {}

  const say = (to: ServerWebSocket<Party>, ...message: unknown[]) =>
    void to.send(JSON.stringify(message))
  const pass = (event: Signed): void => {
    for (const party of parties)
      for (const [id, filters] of party.data.subscriptions)
        if (filters.some((filter) => matchesFilter(filter, event)))
          for (let i = 0; i < now.copies; i++) say(party, 'EVENT', id, event)
  }
  const keep = (event: Signed): void => {
    const nature = kindClass(event.kind)
    if (nature === 'ephemeral') return
    const older = stored.findIndex((it) => it.kind === event.kind && it.pubkey === event.pubkey)
    if (nature === 'replaceable' && older >= 0) stored.splice(older, 1)
    stored.push(event)
  }
  const onEvent = (from: ServerWebSocket<Party>, text: string): void => {
    const read = readEvent(text, { verifier: secp })
    if (isRefusal(read)) return say(from, 'OK', '', false, `invalid: ${read.detail}`)
    const { event } = read
    const answer = (accepted: boolean, message: string) => {
      if (!now.silent) say(from, 'OK', event.id, accepted, message)
    }
    if (now.auth === 'event' && !from.data.keys.has(event.pubkey)) {
      say(from, 'AUTH', from.data.challenge)
      return answer(false, 'auth-required: prove your key')
    }
    published.push(event)
    heard(event)
    if (now.refuses === null || now.passesRefused) {
      keep(event)
      if (!now.loses(event)) pass(event)
    }
    answer(now.refuses === null, now.refuses ?? '')
  }
  const onReq = (from: ServerWebSocket<Party>, id: string, filters: Filter[]): void => {
    if ((now.auth === 'req' || now.auth === 'refuses') && from.data.keys.size === 0)
      return say(from, 'CLOSED', id, 'auth-required: prove your key')
    from.data.subscriptions.set(id, filters)
    for (const event of stored)
      if (filters.some((filter) => matchesFilter(filter, event))) say(from, 'EVENT', id, event)
    say(from, 'EOSE', id)
  }
  const onAuth = (from: ServerWebSocket<Party>, text: string): void => {
    const read = readEvent(text, { verifier: secp })
    if (isRefusal(read)) return
    const { event } = read
    const fits =
      event.kind === AUTH_KIND &&
      tagValue(event, 'challenge') === from.data.challenge &&
      tagValue(event, 'relay') === url
    const welcome = fits && now.auth !== 'refuses'
    if (welcome) from.data.keys.add(event.pubkey)
    say(from, 'OK', event.id, welcome, welcome ? '' : 'restricted: go away')
  }

  const serve = (port: number): Server<Party> =>
    Bun.serve<Party>({
      hostname: '127.0.0.1',
      port,
      fetch: (request, server) => {
        const data = {
          challenge: crypto.randomUUID(),
          keys: new Set<string>(),
          subscriptions: new Map(),
        }
        return server.upgrade(request, { data }) ? undefined : new Response('a relay')
      },
      websocket: {
        maxPayloadLength: 1024 * 1024,
        // A frozen process answers no pings, and Bun cannot be kept from it: see `freeze` of relay.test.ts.
        open(socket) {
          connections++
          parties.add(socket)
          if (now.auth === 'req' || now.auth === 'refuses')
            say(socket, 'AUTH', socket.data.challenge)
        },
        close: (socket) => void parties.delete(socket),
        message(socket, message) {
          if (now.frozen) return
          const [label, first, ...rest] = elementsOf(String(message), 20) ?? []
          switch (stringOf(label)) {
            case 'EVENT':
              return onEvent(socket, first ?? '')
            case 'AUTH':
              return onAuth(socket, first ?? '')
            case 'REQ': {
              const filters = rest.map((it) => parseFilter(valueOf(it)))
              return onReq(
                socket,
                stringOf(first) ?? '',
                filters.filter((it) => it !== undefined),
              )
            }
            case 'CLOSE':
              return void socket.data.subscriptions.delete(stringOf(first) ?? '')
          }
        },
      },
    })
  let server = serve(0)
  const port = server.port!
  const url = `ws://127.0.0.1:${port}`

  return {
    url,
    mischief: now,
    published,
    stored,
    connections: () => connections,
    /** Called with everything that is published, before anybody gets it. */
    onPublished: (call: (event: Signed) => void) => void (heard = call),
    /** Sends a text to everybody, whatever it is. */
    blurt: (text: string) => {
      for (const party of parties) party.send(text)
    },
    /** Gives an event to all that subscribed to its like, genuine or not. */
    pass,
    /** Ends all connections. */
    cut: () => {
      for (const party of parties) party.terminate()
    },
    /** Is gone, until `restart`. */
    stop: () => server.stop(true),
    async restart(): Promise<void> {
      await server.stop(true)
      // A connection of somebody else may have the port for a moment.
      for (let tries = 0; ; tries++)
        try {
          server = serve(port)
          return
        } catch (error) {
          if (tries >= 200) throw error
          await Bun.sleep(10)
        }
    },
    close: () => server.stop(true),
  }
}

export type FakeRelay = Awaited<ReturnType<typeof openFakeRelay>>
