import { type Random, seededRandom } from '../../src/engine/base/random.ts'
import type { Secp256k1 } from '../../src/engine/identity/seams.ts'
import { type Script, scriptedChat, scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import {
  PAID,
  armBoth,
  dearPieces,
  earn,
  historyScript,
  isHistory,
  paidCapabilities,
  paidWish,
  summaryPieces,
  timingsOf,
  untilSettled,
} from './chaos-money.ts'
import {
  checkForgotten,
  checkInvariants,
  checkNobodyBlamed,
  checkNothingLost,
} from './invariants.ts'
import type { Party } from './life.ts'
import { checkMoney } from './money-books.ts'
import { hiccup, mishap } from './mishaps.ts'
import { type Asked, type ClientParty, World } from './world.ts'

/** The longest that a job, its receipt and a slow reader can take together. */
const CALM_MS = 700_000

/** What a run of a seed was: the world, closed, what was asked of it, what befell it, and what was paid in it. */
export type Chaos = { world: World; asked: Asked[]; befell: string[]; paid: string[] }

/**
 * A small network in which things go wrong by seed: links lose, repeat and reorder, break, are parted
 * and slow; processes die at any of their deeds and come back; clocks jump; runners fail; clients
 * leave. Whatever happens, the invariants hold.
 * @param befell what went wrong is added here, also where an invariant does not hold
 * @throws whatever they say
 */
export const chaos = async (
  seed: number,
  secp?: Secp256k1,
  befell: string[] = [],
): Promise<Chaos> => {
  const random = seededRandom(seed)
  const world = new World({
    seed,
    latencyMs: 1 + random.below(40),
    jitterMs: random.below(20),
    // Most of what a network costs is what nodes say while nothing happens: it happens for a short time.
    bounds: { acknowledgementWithinMs: 8_000 },
    queue: random.below(3),
    // In a twentieth of all networks nodes are paid: each costs several times as much as one without money.
    ...(isPaid(seed) && PAID),
    ...(secp ? { secp } : {}),
  })
  await world.startRouter()
  for (let n = 1 + random.below(3); n > 0; n--)
    await world.addNode([
      scriptedRunner((work) => (world.bank ? paidScriptOf : scriptOf)(work.input), {
        clock: world.clock,
        slots: world.bank ? 2 + random.below(3) : 1 + random.below(2),
        capabilities: world.bank
          ? paidCapabilities()
          : [{ ...scriptedChat(), limits: { inputBytes: 200_000, outTokens: 2048 } }],
      }),
    ])
  for (let n = 2; n > 0; n--) {
    drawTab(world, random)
    await world.addClient()
  }
  await world.clock.advance(2_000)
  const start = (party: Party) => void world.start(party)
  const died = new Set<string>()
  world.onCrash = (party) => {
    died.add(party.name.split(' ', 1)[0]!)
    // Where money is paid it is back while its jobs are still wanted.
    world.clock.after(random.below(world.bank ? 5_000 : 15_000), () => start(party))
  }
  // In a quarter of all networks everything that goes wrong passes: there, every accepted job ends well.
  const isGentle = random.below(4) === 0
  if (!isGentle && random.below(2) === 0) world.memory.setFaults(faults(random))
  const asked: Asked[] = []
  if (world.bank && random.below(2) === 0) await earn(world, random, asked, isGentle)
  if (world.bank && !isGentle) armBoth(world, random)
  for (let step = 4 + random.below(8); step > 0; step--) {
    if (random.below(12) < 7) askSome(world, random, asked, seed)
    else if (isGentle) befell.push(await hiccup(world, random))
    else befell.push(mishap(world, random))
    await world.clock.advance(random.below(world.bank ? 1_500 : 600))
  }
  world.memory.setFaults(undefined)
  world.memory.heal()
  const isOpen = (it: Asked) => !it.outcome && it.alive()
  for (let waited = 0; waited < CALM_MS && asked.some(isOpen); waited += 2_000)
    await world.clock.advance(2_000)
  // Acknowledgements, late receipts, and whatever should not come any more.
  await world.clock.advance(11_000)
  if (world.bank) await untilSettled(world)
  checkInvariants(world, asked)
  checkNobodyBlamed(asked)
  if (isGentle) checkNothingLost(asked)
  await checkForgotten(world)
  if (world.bank) await checkMoney(world, false)
  await world.close()
  const paid = world.bank ? timingsOf(asked) : []
  if (world.bank && died.has('client') && died.has('node')) paid.push('both died')
  return { world, asked, befell, paid }
}

const isPaid = (seed: number): boolean => seed % 20 === 0

/** How the clients that are started next keep tabs. */
const drawTab = ({ bank }: World, random: Random): void => {
  if (bank) bank.tab = random.below(3) === 0 ? 'off' : 'on'
}

/** Where money is paid, often several at once by one client, on one tab. */
const askSome = (world: World, random: Random, asked: Asked[], seed: number): void => {
  drawTab(world, random)
  const party = world.clients[random.below(world.clients.length)]!
  const count = world.bank && random.below(2) === 0 ? 2 + random.below(3) : 1
  for (let n = 0; n < count; n++) ask(world, random, asked, seed, party)
}

const ask = (
  world: World,
  random: Random,
  asked: Asked[],
  seed: number,
  { client }: ClientParty,
): void => {
  const plain = wishOf(random, seed * 64 + asked.length)
  const wish = world.bank ? paidWish(random, plain) : plain
  // One in six reads slowly, some so slowly that the window closes for longer than a node waits.
  const lag = random.below(6) === 0 ? 1 + random.below(500) : 0
  const cancelAfter = random.below(5) === 0 ? random.below(2_000) : null
  // Its process is down: nobody is there who could ask.
  if (!client) return
  const abort = new AbortController()
  const it = world.request(client, wish, abort.signal, lag)
  it.text = textOf(plain.input)
  asked.push(it)
  if (cancelAfter !== null) world.clock.after(cancelAfter, () => abort.abort())
}

const wishOf = (random: Random, n: number) => {
  const length = 1 + random.below(random.below(8) === 0 ? 100_000 : 3_000)
  return {
    input: { messages: [{ role: 'user', content: `${n} ${'x'.repeat(length)}` }] },
    deadlineMs: 4_000 + random.below(20_000),
    waitMs: 10_000,
    class: (['interactive', 'balanced', 'batch'] as const)[random.below(3)]!,
  }
}

/** Whoever runs it, and however often: the same prompt has the same answer. */
const scriptOf = (input: unknown): Script => {
  const random = seededRandom(numberOf(input))
  const words = wordsOf(random)
  const failing = random.below(6) === 0
  return {
    pieces: textPieces(words, 1 + random.below(20)),
    startMs: random.below(200),
    pieceMs: random.below(60),
    ...(failing ? { fail: { after: random.below(words.length + 1), trouble: 'crashed' } } : {}),
    ...(random.below(8) === 0 ? { endless: true } : {}),
  }
}

/** The same answer, with what it costs. */
const paidScriptOf = (input: unknown): Script => {
  if (isHistory(input)) return historyScript
  const words = wordsOf(seededRandom(numberOf(input)))
  const isChat = JSON.stringify(input).includes('"content"')
  return { ...scriptOf(input), pieces: isChat ? dearPieces(words) : summaryPieces(words) }
}

/** Some answers are long: several windows, and deltas that no single frame holds. */
const wordsOf = (random: Random): string[] => {
  const size = random.below(16) === 0 ? 1 + random.below(8_000) : 1
  return Array.from({ length: 1 + random.below(30) }, (_, i) => `word${i} `.repeat(size))
}

const textOf = (input: unknown): string => wordsOf(seededRandom(numberOf(input))).join('')

const numberOf = (input: unknown): number =>
  Number(/"(?:content|input)":"(\d+) /.exec(JSON.stringify(input))![1])

const faults = (random: Random) => {
  const some = () => random.below(4) / 100
  return {
    event: { loss: some(), duplicate: some(), reorder: some() },
    frame: { loss: some(), duplicate: some(), reorder: some() },
  }
}
