// A router is started again, and who asks it is there before its nodes are.
import { expect, test } from 'bun:test'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { type Asked, World } from './world.ts'

const words = { pieces: textPieces(['one ', 'two']), pieceMs: 10 }

const world = async (seed = 7) => {
  const it = new World({ seed, latencyMs: 5 })
  await it.startRouter()
  const node = await it.addNode([scriptedRunner(words, { clock: it.clock, slots: 64 })])
  await it.clock.advance(5_000)
  return { it, node }
}

const codeOf = ({ outcome }: Asked): string =>
  outcome ? (outcome.fault?.code ?? 'ok') : 'still open'
const waitsOf = ({ news }: Asked) =>
  news.flatMap((one) => (one.type === 'waiting' ? [one.why] : []))

test('a router that is killed and back at once: whoever asks it meanwhile is served', async () => {
  const { it } = await world()
  const asked: Asked[] = []
  for (let n = 0; n < 5; n++) {
    await it.stopRouter()
    await it.startRouter()
    for (let i = 0; i < 10; i++) {
      asked.push(it.request(await it.addClient(), {}))
      await it.clock.advance(50)
    }
    await it.clock.advance(5_000)
  }
  expect(asked.map(codeOf)).toEqual(asked.map(() => 'ok'))
  await it.close()
})

test('what nobody offers is told when the router has run for two seconds, and at once after that', async () => {
  const { it, node } = await world()
  await it.stopNode(node)
  await it.stopRouter()
  await it.startRouter()
  const first = it.request(await it.addClient(), {})
  const dry = it.request(await it.addClient(), { models: ['none'] })
  await it.clock.advance(1_900)
  expect([first, dry].map(codeOf)).toEqual(['still open', 'still open'])
  await it.clock.advance(300)
  expect([first, dry].map(codeOf)).toEqual(['task.none', 'task.none'])
  const later = it.request(await it.addClient(), {})
  await it.clock.advance(50)
  expect(codeOf(later)).toBe('task.none')
  await it.close()
})

test('a job that waits for a busy node waits on while that node is gone, as long as its wish says', async () => {
  const it = new World({ seed: 7, latencyMs: 10, queue: 0 })
  await it.startRouter()
  const endless = { ...words, pieceMs: 250, endless: true }
  const node = await it.addNode([scriptedRunner(endless, { clock: it.clock, slots: 1 })])
  await it.clock.advance(3_000)
  void it.request(await it.addClient(), {})
  await it.clock.advance(500)
  const [served, unserved] = [
    it.request(await it.addClient(), { waitMs: 10_000, deadlineMs: 20_000 }),
    it.request(await it.addClient(), { waitMs: 3_000 }),
  ]
  await it.clock.advance(1_000)
  await it.stopNode(node)
  await it.clock.advance(3_000)
  expect([served, unserved].map(codeOf)).toEqual(['still open', 'task.none'])
  expect(waitsOf(served)).toEqual(['busy', 'gone'])
  await it.startNode(node)
  await it.clock.advance(4_000)
  expect(served.news.some(({ type }) => type === 'piece')).toBe(true)
  await it.close()
})

test('more than it keeps are answered at once, and none is lost', async () => {
  const it = new World({ seed: 3, latencyMs: 5 })
  await it.startRouter()
  const asked: Asked[] = []
  for (let n = 0; n < 300; n++) asked.push(it.request(await it.addClient(), {}))
  await it.clock.advance(1_000)
  expect(asked.filter((one) => codeOf(one) === 'still open')).toHaveLength(256)
  await it.clock.advance(1_500)
  expect(new Set(asked.map(codeOf))).toEqual(new Set(['task.none']))
  await it.close()
})
