import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { checkForgotten, checkInvariants } from './invariants.ts'
import type { Crash, Deed } from './life.ts'
import { quickSecp } from './quick-secp.ts'
import { type Asked, World } from './world.ts'

/** One party and one of its deeds. */
export type Point = Crash & { party: string }

/** A small scene with one job in it, the same each time but for the crash. */
export type Scene = Readonly<{
  name: string
  nodes: number
  endless?: boolean
  /** What happens after the job was asked for; the clock is moved in here. */
  play: (world: World, abort: AbortController) => Promise<void>
}>

const WORDS = ['one ', 'two ', 'three ', 'four ', 'five']
const MOST_MS = 120_000

export const SCENES: readonly Scene[] = [
  { name: 'a job', nodes: 1, play: async () => {} },
  {
    name: 'a cancel',
    nodes: 1,
    endless: true,
    play: async (world, abort) => {
      await world.clock.advance(200)
      abort.abort()
    },
  },
  {
    name: 'a failover',
    nodes: 2,
    play: async (world) => {
      await world.clock.advance(5)
      const offered = world.nodes.find((it) => it.signer.pubkey === firstOffered(world))
      if (!offered) return
      world.kill(offered)
      world.clock.after(3_000, () => void world.start(offered))
    },
  },
  {
    name: 'an interrupted stream',
    nodes: 1,
    play: async (world) => {
      await world.clock.advance(100)
      for (const link of world.clients[0]!.life?.linkIds() ?? []) world.memory.cut(link)
    },
  },
]

/** What each party did in a scene. */
export type Played = Readonly<{
  asked: readonly Asked[]
  deeds: ReadonlyMap<string, readonly Deed[]>
}>

/**
 * Plays a scene in which one party crashes at one of its deeds and comes back half a second later, then
 * lets another client have a job done by what is left.
 * @throws what does not hold
 */
export const play = async (scene: Scene, crash?: Point): Promise<Played> => {
  const world = new World({
    seed: 5,
    secp: quickSecp(),
    bounds: { acknowledgementWithinMs: 5_000 },
    ...(crash ? { crash } : {}),
  })
  world.onCrash = (party) => void world.clock.after(500, () => void world.start(party))
  await world.startRouter()
  const script = { pieces: textPieces(WORDS), pieceMs: 30, startMs: 10 }
  for (let n = 0; n < scene.nodes; n++)
    await world.addNode([
      scriptedRunner(
        ({ input }) => ({ ...script, endless: isFirst(input) && scene.endless === true }),
        {
          clock: world.clock,
        },
      ),
    ])
  await world.addClient()
  await world.clock.advance(1_000)
  const abort = new AbortController()
  const asked = askIn(world, FIRST, abort.signal)
  await scene.play(world, abort)
  await ended(world, asked)
  // What waits for a link or a credit waits for ten seconds.
  await world.clock.advance(11_000)
  const deeds = new Map(partiesOf(world).map((it) => [it.name, [...it.deeds]]))
  // By a key that owes nothing: who was sent what it could not credit gets no more (metering/owed.ts).
  await world.addClient()
  const after = askIn(world, 'after')
  await ended(world, after)
  await world.clock.advance(500)
  const all = [...asked, ...after]
  checkInvariants(world, all)
  await checkForgotten(world)
  const last = after[0]?.outcome
  if (last?.fault !== null) throw new Error(`a job after it all ended in ${last?.fault?.code}`)
  await world.close()
  return { asked: all, deeds }
}

const FIRST = 'first'
const isFirst = (input: unknown): boolean => JSON.stringify(input).includes(FIRST)

const partiesOf = (world: World) => [world.routerParty, ...world.nodes, ...world.clients]

/** Nothing where the client is down. */
const askIn = (world: World, content: string, signal?: AbortSignal): Asked[] => {
  const { client } = world.clients.at(-1)!
  if (!client) return []
  const input = { messages: [{ role: 'user', content }] }
  const asked = world.request(client, { input, deadlineMs: 30_000 }, signal)
  asked.text = WORDS.join('')
  return [asked]
}

const ended = async (world: World, asked: readonly Asked[]): Promise<void> => {
  const isOpen = (it: Asked) => !it.outcome && it.alive()
  for (let waited = 0; waited < MOST_MS && asked.some(isOpen); waited += 250)
    await world.clock.advance(250)
}

const firstOffered = (world: World): string | undefined => {
  const offers = world.recorded.events.findLast(({ event }) => event.kind === KINDS.offers)
  return offers && JSON.parse(offers.event.content).entries[0]?.ticket.pubkey
}
