import { describe, expect, test } from 'bun:test'
import { type Played, type Point, type Scene, play } from './sweep.ts'
import { thinned } from './thinned.ts'
import type { World } from './world.ts'

/** One delta of so many tokens. */
const tokens = (count: number): string => 'x'.repeat(count)

/** A client with history: its jobs use up what they pay, but for less than the next one costs. */
const earn = async (world: World): Promise<void> => {
  const { client } = world.clients[0]!
  for (const n of [1, 2, 3, 4, 5]) {
    const content = `history ${n}`
    // Nothing is paid in the background at the end.
    world.bank!.down = n >= 4
    const input = { messages: [{ role: 'user', content }] }
    const asked = world.request(client!, { input, outTokens: n === 5 ? 9_980 : 10_000 })
    while (!asked.outcome) await world.clock.advance(100)
    if (asked.outcome.fault) throw asked.outcome.fault
  }
  await world.clock.advance(200_000)
  world.bank!.down = false
}

const SCENES: readonly Scene[] = [
  { name: 'before', nodes: 1, play: async () => {}, paid: { wish: {} } },
  {
    name: 'before, and the tab is low then',
    nodes: 1,
    play: async () => {},
    paid: { wish: { outTokens: 3_990 } },
  },
  {
    name: 'stream, and the tab runs dry',
    nodes: 1,
    play: async () => {},
    paid: {
      wish: { timings: ['stream'], outTokens: 90_000 },
      words: Array.from({ length: 5 }, () => tokens(1_500)),
    },
  },
  {
    name: 'after, on credit that was earned',
    nodes: 1,
    play: async () => {},
    paid: {
      wish: { timings: ['after'], outTokens: 2_000 },
      words: [tokens(1_000), tokens(1_000)],
      history: [tokens(5_000), tokens(5_000)],
      before: earn,
    },
  },
  {
    name: 'before, with the tab off',
    nodes: 1,
    play: async () => {},
    paid: { tab: 'off', wish: { outTokens: 2_000 } },
  },
  {
    name: 'stream, with the tab off',
    nodes: 1,
    play: async () => {},
    paid: {
      tab: 'off',
      wish: { timings: ['stream'], outTokens: 9_000 },
      words: Array.from({ length: 5 }, () => tokens(1_500)),
    },
  },
]

/**
 * Client, node and router crash before and after each deed of a paid job: every event, frame, answer, row, commit and
 * every call of a wallet. Whatever was lost, nothing is paid twice or goes uncredited, and both ledgers agree with
 * the wallets to the msat.
 */
describe.each(SCENES.map((scene) => [scene.name, scene] as const))('%s', (_, scene) => {
  test('survives a crash of each party at each of its deeds', async () => {
    const calm = await play(scene)
    expect(calm.asked.map((it) => it.outcome?.fault ?? null)).toEqual([null, null])
    const failed: string[] = []
    const points = pointsOf(calm)
    for (const point of thinned(points, 15)) {
      const deed = calm.deeds.get(point.party)![point.at - 1]
      try {
        await play(scene, point)
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        failed.push(`${point.party} ${point.side} ${deed} ${point.at}: ${message}`)
      }
    }
    expect(failed).toEqual([])
    const kinds = new Set(points.map(({ party, at }) => calm.deeds.get(party)![at - 1]!))
    for (const kind of ['event', 'frame', 'write', 'commit'] as const) expect(kinds).toContain(kind)
    for (const kind of ['invoice', 'pay'] as const) expect(kinds).toContain(kind)
    expect(points.length).toBeGreaterThan(60)
  }, 600_000)
})

const pointsOf = ({ deeds, from }: Played): Point[] =>
  [...deeds].flatMap(([party, done]) =>
    done.flatMap((_deed, i) =>
      i < (from.get(party) ?? 0)
        ? []
        : (['before', 'after'] as const).map((side) => ({ party, at: i + 1, side })),
    ),
  )
