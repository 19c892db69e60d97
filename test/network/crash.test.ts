import { describe, expect, test } from 'bun:test'
import { type Played, type Point, play, SCENES } from './sweep.ts'
import { thinned } from './thinned.ts'

/**
 * Each party crashes before and after each of its deeds: every event, frame and answer that it sends,
 * every row that it writes, every commit. It comes back with what is on its disk; what was promised
 * holds, and the network works as before.
 */
describe.each(SCENES.map((scene) => [scene.name, scene] as const))('%s', (_, scene) => {
  test('survives a crash of each party at each of its deeds', async () => {
    const calm = await play(scene)
    const points = pointsOf(calm)
    const failed: string[] = []
    for (const point of thinned(points, 5)) {
      const deed = calm.deeds.get(point.party)![point.at - 1]
      const where = `${point.party} ${point.side} ${deed} ${point.at}`
      try {
        const it = await play(scene, point)
        // A router that is back in half a second costs nobody a job that was accepted.
        if (point.party === 'router' && wasAccepted(it)) expect(endOf(it)).toBe(endOf(calm))
      } catch (error) {
        failed.push(`${where}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
    expect(failed).toEqual([])
    // All kinds of deeds were there to crash at, and all parties.
    const kinds = new Set([...calm.deeds.values()].flat())
    expect([...kinds].toSorted()).toEqual([
      'answer',
      'commit',
      'event',
      'frame',
      'observe',
      'write',
    ])
    expect(calm.deeds.size).toBe(scene.nodes + 2)
    expect(points.length).toBeGreaterThan(100)
  }, 600_000)
})

const pointsOf = ({ deeds }: Played): Point[] =>
  [...deeds].flatMap(([party, done]) =>
    done.flatMap((_deed, i) =>
      (['before', 'after'] as const).map((side) => ({ party, at: i + 1, side })),
    ),
  )

const wasAccepted = ({ asked }: Played): boolean =>
  asked[0]!.news.some((it) => it.type === 'accepted')

const endOf = ({ asked }: Played): string => asked[0]!.outcome?.fault?.code ?? 'ok'
