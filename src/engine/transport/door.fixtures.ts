import type { Event, EventTemplate } from 'nostr-tools'
import { finalizeEvent, generateSecretKey } from 'nostr-tools/pure'
import type { Bounds } from '../base/bounds.ts'
import { systemClock, unixMs } from '../base/clock.ts'
import { type Log, silentLog } from '../base/log.ts'
import { seededRandom } from '../base/random.ts'
import { draftOf } from '../protocol/draft.ts'
import { eventText } from '../protocol/event.ts'
import { AUTH_KIND, KINDS } from '../protocol/kinds.ts'
import { matchesFilter } from './filter.ts'
import { doorOptions, newKey, recorder } from './link.fixtures.ts'
import type { DoorOptions } from './network.ts'
import { socketNetwork } from './sockets.ts'

/** What a test opened; `closeAll` belongs in afterEach. */
export const closing: (() => unknown)[] = []
export const closeAll = async (): Promise<void> => {
  for (const close of closing.splice(0).toReversed()) await close()
}

export const router = newKey()
export const manifest = router.sign({
  ...draftOf(
    'status',
    { load: 'NORMAL', warm: [], queue: 0 },
    { now: unixMs(Date.now()), net: 'sim', d: 'x' },
  ),
  kind: KINDS.manifest,
})

export const openDoor = async (
  bounds: Partial<Bounds> = {},
  more: Partial<DoorOptions> = {},
  log: Log = silentLog,
) => {
  const door = recorder()
  const network = socketNetwork({ clock: systemClock, random: seededRandom(3), log })
  const stored: DoorOptions['stored'] = (filter) =>
    matchesFilter(filter, manifest) ? [eventText(manifest)] : []
  const options = { ...doorOptions(router.pubkey, stored), bounds, ...more }
  const listening = await network.listen(options, door.owner)
  closing.push(() => listening.close())
  return { door, address: listening.address, listening }
}

/** A socket without manners. */
export const raw = async (address: string, options: Bun.WebSocketOptions = {}) => {
  const socket = new WebSocket(address, options)
  const heard: unknown[][] = []
  const closed = Promise.withResolvers<{ code: number; reason: string }>()
  socket.addEventListener('message', ({ data }) => void heard.push(JSON.parse(String(data))))
  socket.addEventListener('close', ({ code, reason }) => closed.resolve({ code, reason }))
  closing.push(() => socket.close())
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  const until = async (count: number) => {
    for (let i = 0; i < 1_000 && heard.length < count; i++) await Bun.sleep(1)
    return heard
  }
  await until(1)
  return { socket, heard, until, closed: closed.promise, challenge: String(heard[0]?.[1]) }
}

export const authEvent = (
  address: string,
  challenge: string,
  changes: Partial<EventTemplate> = {},
): Event =>
  finalizeEvent(
    {
      kind: AUTH_KIND,
      created_at: Math.floor(Date.now() / 1000),
      tags: [
        ['relay', address],
        ['challenge', challenge],
      ],
      content: '',
      ...changes,
    },
    generateSecretKey(),
  )
