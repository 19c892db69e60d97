import { expect, test } from 'bun:test'
import { toHex } from '../../../src/engine/base/bytes.ts'
import { jobId } from '../../../src/engine/protocol/ids.ts'
import { ANYWHERE } from '../../../src/engine/protocol/where.ts'
import type { Wish } from '../../../src/engine/roles/client/news.ts'
import { outcomeOf } from './cast.ts'
import { scene, unharmed } from './scene.ts'

test('jobs that are begun together ask for a price sheet once', () => {
  const { stage, client } = scene({ slots: 4 })
  const { stored } = stage
  let questions = 0
  stage.stored = (door, filter) => {
    questions++
    return stored(door, filter)
  }
  const jobs = Array.from({ length: 4 }, () => jobId(toHex(stage.random.bytes(32))))
  const wish: Wish = {
    task: 'text.chat@1',
    input: { messages: [{ role: 'user', content: 'hello' }] },
    models: [],
    outTokens: 64,
    cap: null,
    deadlineMs: 60_000,
    waitMs: 0,
    class: 'interactive',
    where: ANYWHERE,
  }
  // All are fed before anything that they cause is on its way.
  for (const job of jobs) stage.feed(client, { type: 'wish', job, wish, dryRun: true })
  stage.drain()
  unharmed(stage)
  expect(questions).toBe(1)
  for (const job of jobs) expect(outcomeOf(stage, job).fault).toBeNull()
  expect(client.state.fetching.size).toBe(0)
})
