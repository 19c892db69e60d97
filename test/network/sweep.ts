import { scriptedChat, scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { checkForgotten, checkInvariants } from './invariants.ts'
import type { Client, Wish } from '../../src/engine/roles/client/news.ts'
import type { Crash, Deed } from './life.ts'
import { checkMoney } from './money-books.ts'
import { quickSecp } from './quick-secp.ts'
import { type Asked, World } from './world.ts'

/** One party and one of its deeds. */
export type Point = Crash & { party: string }

/** A small scene with one job in it, the same each time but for the crash. */
export type Scene = Readonly<{
  name: string
  nodes: number
  endless?: boolean
  /** Nodes are paid: what is wanted then, what is answered, and what was before. */
  paid?: Readonly<{
    wish: Partial<Wish>
    tab?: 'off'
    words?: readonly string[]
    /** What jobs are answered with that were before. */
    history?: readonly string[]
    before?: (world: World) => Promise<void>
  }>
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
  /** How many each had done when the scene began. */
  from: ReadonlyMap<string, number>
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
    ...(scene.paid && { purse: 1_000_000n }),
    ...(crash ? { crash } : {}),
  })
  if (scene.paid?.tab) world.bank!.tab = scene.paid.tab
  world.onCrash = (party) => void world.clock.after(500, () => void world.start(party))
  await world.startRouter()
  const words = scene.paid?.words ?? WORDS
  const pieces = scene.paid?.words ? dearPieces(words) : textPieces(words)
  const script = { pieces, pieceMs: 30, startMs: 10 }
  for (let n = 0; n < scene.nodes; n++)
    await world.addNode([
      scriptedRunner(
        ({ input }) => ({
          ...script,
          ...(isHistory(input) && { pieces: dearPieces(scene.paid!.history!) }),
          endless: isFirst(input) && scene.endless === true,
        }),
        {
          clock: world.clock,
          capabilities: [{ ...scriptedChat(), limits: { inputBytes: 8192, outTokens: 100_000 } }],
        },
      ),
    ])
  await world.addClient()
  await world.clock.advance(1_000)
  await scene.paid?.before?.(world)
  const from = new Map(partiesOf(world).map((it) => [it.name, it.deeds.length]))
  const abort = new AbortController()
  const asked = askIn(world, scene, FIRST, abort.signal)
  await scene.play(world, abort)
  await ended(world, asked)
  // What waits for a link or a credit waits for ten seconds.
  await world.clock.advance(11_000)
  const deeds = new Map(partiesOf(world).map((it) => [it.name, [...it.deeds]]))
  // What a client left without a word keeps its tab for a while.
  if (scene.paid) await checkForgotten(world)
  const all = [...asked, await (scene.paid ? nextPaid(world, scene) : another(world, scene))]
  await world.clock.advance(500)
  checkInvariants(world, all)
  if (!scene.paid) await checkForgotten(world)
  // A receipt that was lost, also one on credit, is counted once what was paid covers it: here by the next job.
  const exact = all.at(-1)!.outcome!.fault === null
  if (scene.paid) await checkMoney(world, exact)
  await world.close()
  return { asked: all, deeds, from }
}

const FIRST = 'first'
const isFirst = (input: unknown): boolean => JSON.stringify(input).includes(FIRST)
const isHistory = (input: unknown): boolean => JSON.stringify(input).includes('history')

const partiesOf = (world: World) => [world.routerParty, ...world.nodes, ...world.clients]

/** Nothing where the client is down. */
const askIn = (world: World, scene: Scene, content: string, signal?: AbortSignal): Asked[] => {
  const { client } = world.clients.at(-1)!
  return client ? [ask(world, scene, client, content, signal)] : []
}

const ask = (
  world: World,
  scene: Scene,
  client: Client,
  content: string,
  signal?: AbortSignal,
): Asked => {
  const input = { messages: [{ role: 'user', content }] }
  // Of a key without history nobody is paid after the job.
  const wish =
    content === FIRST ? scene.paid?.wish : { outTokens: scene.paid?.wish.outTokens ?? 64 }
  const asked = world.request(client, { input, deadlineMs: 30_000, ...wish }, signal)
  asked.text = (scene.paid?.words ?? WORDS).join('')
  return asked
}

/** A job by a key that owes nothing: who was sent what it could not credit gets no more (metering/owed.ts). */
const another = async (world: World, scene: Scene): Promise<Asked> => {
  const client = await world.addClient()
  const it = ask(world, scene, client, 'after')
  await ended(world, [it])
  if (it.outcome?.fault !== null)
    throw new Error(`a job after it all ended in ${it.outcome?.fault?.code}`)
  return it
}

/** Where money is left on a tab the same client goes on, with what is on its disk. */
const nextPaid = async (world: World, scene: Scene): Promise<Asked> => {
  const { client } = world.clients[0]!
  if (!client) throw new Error('the client is down')
  let it = ask(world, scene, client, 'after')
  await ended(world, [it])
  if (it.outcome?.fault?.code === 'payment.unknown') {
    // Of what was written and perhaps not sent nobody can say anything until it can be paid no more.
    await world.clock.advance(300_000)
    it = ask(world, scene, client, 'after')
    await ended(world, [it])
  }
  const code = it.outcome?.fault?.code ?? 'ok'
  if (code !== 'ok' && code !== 'job.policy') throw new Error(`its next job ended in ${code}`)
  return it
}

/** Pieces of as many tokens as they have bytes. */
const dearPieces = (words: readonly string[]) => {
  let out = 0
  return words.map((text) => ({
    delta: { text },
    usage: { in_token: 5, out_token: (out += text.length) },
  }))
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
