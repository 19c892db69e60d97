import { describe, expect, test } from 'bun:test'
import type { DrawTiming } from '../metering/tab-rows.ts'
import { DEEDS } from './money-world-wallet.case.ts'
import { agrees, drain, holds, quiesce } from './money-invariants.case.ts'
import { World } from './money-world.case.ts'

type Scene = Readonly<{ timing: DrawTiming; deed: number; credit: bigint }>

/** Two top-ups and two jobs, of which the second goes on after the second top-up. */
const play = async (world: World, { timing }: Scene): Promise<void> => {
  const steps = [
    () => world.fund(10_000n),
    () => world.job(8_000n, timing),
    () => world.progress(7, 'settle'),
    () => world.job(5_000n, 'stream'),
    () => world.fund(100_000n),
    () => world.progress(0, 'extend'),
    () => world.progress(10, 'settle'),
    () => world.wait(5_000),
  ]
  for (const step of steps) {
    step()
    await drain(world)
    for (const hash of world.lightning.invoices.keys()) world.status(hash)
    await drain(world)
    holds(world)
  }
}

const worldOf = (scene: Scene): World => {
  const world = new World(scene.credit)
  world.lightning.deed = scene.deed
  return world
}

const SCENES: readonly (readonly [string, Scene])[] = DEEDS.flatMap(([deed, said], n) =>
  (['before', 'stream', 'after'] as const).map(
    (timing) =>
      [
        `${timing}, a wallet that ${deed}s and says ${said}`,
        { timing, deed: n, credit: timing === 'after' ? 9_000n : 0n },
      ] as const,
  ),
)

describe('a crash before and after every write of node and client', () => {
  let crashes = 0
  test.each(SCENES)('%s', async (_, scene) => {
    const calm = worldOf(scene)
    await play(calm, scene)
    const { node, client } = calm
    const writes = { node: node.writes, client: client.writes }
    if (DEEDS[scene.deed]?.[0] === 'settle') expect([...calm.served.values()]).toEqual([1, 1])
    await quiesce(calm)
    agrees(calm)
    for (const name of ['node', 'client'] as const)
      for (let write = 1; write <= writes[name]; write++)
        for (const side of ['before', 'after'] as const) {
          const world = worldOf(scene)
          world[name].crashAt = { write, side }
          await play(world, scene)
          expect(world[name].writes).toBeGreaterThanOrEqual(write)
          await quiesce(world)
          holds(world)
          agrees(world)
          crashes++
        }
  })

  test('and there were many', () => expect(crashes).toBeGreaterThan(500))
})
