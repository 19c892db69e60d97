// How busy a node says that it is: not more often than two of its words are two events, and the last of it always.
import { expect, test } from 'bun:test'
import { type Fields, silentLog } from '../../src/engine/base/log.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { type Asked, World } from './world.ts'

/** A node of one slot, whose jobs take a tenth of a second. */
const world = async () => {
  const refused: (Fields | undefined)[] = []
  const warn = (event: string, fields?: Fields) =>
    void (event === 'event.refused' && refused.push(fields))
  const it = new World({ seed: 7, latencyMs: 5, queue: 0, log: { ...silentLog, warn } })
  await it.startRouter()
  const runner = scriptedRunner(
    { pieces: textPieces(['one']), pieceMs: 100 },
    { clock: it.clock, slots: 1 },
  )
  await it.addNode([runner])
  await it.clock.advance(5_000)
  const said = () =>
    it.recorded.events.flatMap(({ event }) =>
      event.kind === KINDS.status
        ? [{ at: event.created_at, load: (JSON.parse(event.content) as { load: string }).load }]
        : [],
    )
  return { it, refused, said }
}

test('busy and free many times within a second: nobody is warned of it, and what it says last is so', async () => {
  const { it, refused, said } = await world()
  const asked: Asked[] = []
  for (let n = 0; n < 24; n++) {
    asked.push(it.request(await it.addClient(), {}))
    await it.clock.advance(200)
  }
  await it.clock.advance(3_000)
  expect(asked.map(({ outcome }) => outcome?.fault ?? null)).toEqual(asked.map(() => null))
  expect(refused).toEqual([])
  const seconds = said().map(({ at }) => at)
  expect(new Set(seconds).size).toBe(seconds.length)
  expect(said().some(({ load }) => load === 'SATURATED')).toBe(true)
  expect(said().at(-1)!.load).toBe('NORMAL')
  await it.close()
})

test('a load that stays is said within a second, though another was said just before', async () => {
  const { it, said } = await world()
  for (let n = 0; n < 2; n++) {
    void it.request(await it.addClient(), {})
    await it.clock.advance(200)
  }
  await it.clock.advance(1_000)
  expect(said().at(-1)!.load).toBe('NORMAL')
  await it.close()
})

test('a link that is lost and back within the second in which it was said: the router hears it after that', async () => {
  const { it, refused, said } = await world()
  void it.request(await it.addClient(), {})
  while (said().at(-1)!.load !== 'SATURATED') await it.clock.advance(10)
  while (said().at(-1)!.load !== 'NORMAL') await it.clock.advance(10)
  const before = said().length
  for (const link of it.memory.links()) it.memory.cut(link)
  await it.clock.advance(3_000)
  expect(refused).toEqual([])
  expect(said().length).toBe(before + 1)
  await it.close()
})
