import type { Random } from '../../src/engine/base/random.ts'
import type { Party } from './life.ts'
import type { World } from './world.ts'

/** One thing that goes wrong, drawn: what it was, in words. What it began it also ends, some time later. */
export const mishap = (world: World, random: Random): string => {
  const [name, befall] = MISHAPS[random.below(MISHAPS.length)]!
  return `${name} ${befall(world, random)}`
}

/**
 * One thing that passes within the time in which links are found again (docs/protocol.md, section 4), and is
 * over when this resolves: a cut, a party that is away, a router that is restarted.
 */
export const hiccup = async (world: World, random: Random): Promise<string> => {
  const { memory, clock, routerAddress: address } = world
  const ms = random.below(PASSING_MS)
  const link = anyLink(world, random)
  const what = random.below(4)
  if (what === 0 && link !== undefined) memory.cut(link)
  else if (what === 1) memory.partition(address)
  else if (what === 2 && link !== undefined) memory.partition([link])
  else world.kill(world.routerParty)
  await clock.advance(ms)
  memory.heal()
  await world.start(world.routerParty)
  // Back, and asked for again.
  await clock.advance(PASSING_MS)
  return `hiccup ${what} for ${ms} ms`
}

/** An absence, and the wait of whoever dials again, are together still less than ten seconds. */
const PASSING_MS = 6_000

type Mishap = readonly [name: string, befall: (world: World, random: Random) => string]

const anyLink = (world: World, random: Random): number | undefined => {
  const links = world.memory.links()
  return links[random.below(Math.max(1, links.length))]
}

const anyParty = (world: World, random: Random): Party => {
  const all: Party[] = [world.routerParty, ...world.nodes, ...world.clients]
  return all[random.below(all.length)]!
}

const later = (world: World, ms: number, call: () => void): string => {
  world.clock.after(ms, call)
  return `for ${ms} ms`
}

/** Half of all absences are short enough for a link to be missed and found again. */
const absence = (random: Random): number =>
  random.below(2) === 0 ? random.below(9_000) : 10_000 + random.below(20_000)

const MISHAPS: readonly Mishap[] = [
  [
    'link cut',
    (world, random) => {
      const link = anyLink(world, random)
      if (link !== undefined) world.memory.cut(link)
      return String(link)
    },
  ],
  [
    'link held',
    (world, random) => {
      const link = anyLink(world, random)
      const side = ([undefined, 'dialled', 'door'] as const)[random.below(3)]
      if (link !== undefined) world.memory.partition([link], side)
      return `${side ?? 'both ways'} ${later(world, random.below(15_000), () => world.memory.heal())}`
    },
  ],
  [
    'party away',
    (world, random) => {
      const dialling: Party[] = [...world.nodes, ...world.clients]
      const { pubkey } = dialling[random.below(dialling.length)]!.signer
      world.memory.partition(pubkey)
      return later(world, absence(random), () => world.memory.heal(pubkey))
    },
  ],
  [
    'router away',
    (world, random) => {
      const address = world.routerAddress
      world.memory.partition(address)
      return later(world, absence(random), () => world.memory.heal(address))
    },
  ],
  [
    'slow network',
    (world, random) => {
      world.memory.setDelay(100 + random.below(1_500), random.below(300))
      return later(world, random.below(4_000), () => world.memory.setDelay(1 + random.below(40), 5))
    },
  ],
  [
    'killed',
    (world, random) => {
      const party = anyParty(world, random)
      world.kill(
        party,
        party !== world.routerParty && random.below(2) === 0 ? 'vanished' : 'killed',
      )
      return `${party.name} ${later(world, absence(random), () => void world.start(party))}`
    },
  ],
  [
    'crash set',
    (world, random) => {
      const party = anyParty(world, random)
      const side = random.below(2) === 0 ? 'before' : 'after'
      const at = party.deeds.length + 1 + random.below(25)
      party.crash = { at, side }
      return `${party.name} ${side} ${at}`
    },
  ],
  [
    'clock jumps',
    (world, random) => {
      const party = anyParty(world, random)
      const by = [20_000, 300_000, 86_400_000][random.below(3)]! * (random.below(2) === 0 ? 1 : -1)
      party.skewMs += by
      const back = later(world, random.below(30_000), () => (party.skewMs -= by))
      return `${party.name} by ${by} ms ${back}`
    },
  ],
]
