import { expect, test } from 'bun:test'
import { type Random, seededRandom } from '../../src/engine/base/random.ts'
import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import { type Script, scriptedChat, scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { checkInvariants } from './invariants.ts'
import { type Asked, World } from './world.ts'

/**
 * Small networks in which things go wrong by seed: links lose, repeat and reorder, break and are
 * parted; nodes and routers are killed and come back; runners fail; clients leave. Whatever
 * happens, the invariants hold. More of them: FEDAI_SEEDS=10000. One again: FEDAI_SEED=n.
 */
const only = process.env['FEDAI_SEED']
const count = Number(process.env['FEDAI_SEEDS'] ?? 240)
const first = only === undefined ? 1 : Number(only)
const seeds = Array.from({ length: only === undefined ? count : 1 }, (_, i) => first + i)

/** The longest that a job, its receipt and a slow reader can take together. */
const CALM_MS = 700_000

test(`${seeds.length} networks with faults keep every promise`, async () => {
  const outcomes = new Map<string, number>()
  for (const seed of seeds) {
    try {
      const { asked } = await chaos(seed)
      for (const { outcome } of asked) {
        const how = outcome!.fault?.code ?? 'ok'
        outcomes.set(how, (outcomes.get(how) ?? 0) + 1)
      }
    } catch (error) {
      throw new Error(`seed ${seed}: FEDAI_SEED=${seed} bun test test/network/chaos.test.ts`, {
        cause: error,
      })
    }
  }
  // A run in which nothing ended well, or nothing went wrong, would prove little.
  if (seeds.length < 100) return
  expect(outcomes.get('ok') ?? 0).toBeGreaterThan(seeds.length / 2)
  expect([...outcomes.keys()].length).toBeGreaterThan(5)
}, 3_600_000)

test('the same seed gives the same run, to the byte', async () => {
  const trace = async (): Promise<string> => {
    const { world } = await chaos(4242)
    return toHex(sha256(world.recorded.events.map(({ text }) => text).join('\n')))
  }
  expect(await trace()).toBe(await trace())
})

const chaos = async (seed: number): Promise<{ world: World; asked: Asked[] }> => {
  const random = seededRandom(seed)
  const world = new World({ seed, latencyMs: 1 + random.below(40), jitterMs: random.below(20) })
  await world.startRouter()
  for (let n = 1 + random.below(3); n > 0; n--)
    await world.addNode([
      scriptedRunner(() => script(random), {
        clock: world.clock,
        slots: 1 + random.below(2),
        capabilities: [{ ...scriptedChat(), limits: { inputBytes: 200_000, outTokens: 2048 } }],
      }),
    ])
  const clients = [await world.addClient(), await world.addClient()]
  await world.clock.advance(2_000)
  // Half of all networks have links that are merely slow: there, more must go well.
  if (random.below(2) === 0) world.memory.setFaults(faults(random))
  const asked: Asked[] = []
  for (let step = 4 + random.below(8); step > 0; step--) {
    await happen(world, random, () => {
      const abort = new AbortController()
      // One in six reads slowly, some so slowly that the window closes for longer than a node waits.
      const lag = random.below(6) === 0 ? 1 + random.below(500) : 0
      const job = world.request(clients[random.below(2)]!, wish(random), abort.signal, lag)
      if (random.below(5) === 0) world.clock.after(random.below(2_000), () => abort.abort())
      asked.push(job)
    })
    await world.clock.advance(random.below(600))
  }
  world.memory.setFaults(undefined)
  world.memory.heal()
  for (let waited = 0; waited < CALM_MS && asked.some((it) => !it.outcome); waited += 50_000)
    await world.clock.advance(50_000)
  // Acknowledgements, late receipts, and whatever should not come any more.
  await world.clock.advance(70_000)
  checkInvariants(world, asked)
  await world.close()
  return { world, asked }
}

const happen = async (world: World, random: Random, ask: () => void): Promise<void> => {
  const what = random.below(12)
  const links = world.memory.links()
  const node = world.nodes[random.below(world.nodes.length)]!
  if (what < 7) ask()
  else if (what === 7 && links.length > 0) world.memory.cut(links[random.below(links.length)]!)
  else if (what === 8 && links.length > 0) {
    world.memory.partition([links[random.below(links.length)]!])
    world.clock.after(random.below(15_000), () => world.memory.heal())
  } else if (what === 9) {
    if (node.node) await world.stopNode(node)
    else await world.startNode(node)
  } else if (what === 10) {
    await world.stopRouter()
    world.clock.after(random.below(3_000), () => void world.startRouter())
  } else ask()
}

const script = (random: Random): Script => {
  // Some answers are long: several windows, and deltas that no single frame holds.
  const size = random.below(8) === 0 ? 1 + random.below(30_000) : 1
  const words = Array.from({ length: 1 + random.below(30) }, (_, i) => `word${i} `.repeat(size))
  const failing = random.below(6) === 0
  return {
    pieces: textPieces(words, 1 + random.below(20)),
    startMs: random.below(200),
    pieceMs: random.below(60),
    ...(failing ? { fail: { after: random.below(words.length + 1), trouble: 'crashed' } } : {}),
    ...(random.below(8) === 0 ? { endless: true } : {}),
  }
}

const wish = (random: Random): Parameters<World['request']>[1] => ({
  input: {
    messages: [
      {
        role: 'user',
        content: 'x'.repeat(1 + random.below(random.below(5) === 0 ? 150_000 : 6_000)),
      },
    ],
  },
  deadlineMs: 5_000 + random.below(40_000),
  class: (['interactive', 'balanced', 'batch'] as const)[random.below(3)]!,
})

const faults = (random: Random) => {
  const some = () => random.below(4) / 100
  return {
    event: { loss: some(), duplicate: some(), reorder: some() },
    frame: { loss: some(), duplicate: some(), reorder: some() },
  }
}
