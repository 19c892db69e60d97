import { expect, test } from 'bun:test'
import { outcomeOf, wish } from './cast.ts'
import { onFrames, scene, unharmed } from './scene.ts'

test('a body in pieces of almost nothing is not gathered: of millions no node could make a whole', () => {
  const it = scene()
  const { stage, node, client } = it
  let pieces = 0
  onFrames(stage, node, 'input', (frame) =>
    Array.from({ length: Math.ceil(frame.bytes.length / 16) }, (_, seq) => {
      pieces++
      return { ...frame, bytes: frame.bytes.subarray(seq * 16, seq * 16 + 16), seq }
    }),
  )
  let gathered = 0
  const { feed } = stage
  stage.feed = (party, event) => {
    feed.call(stage, party, event)
    for (const { sealed } of node.state.jobs.values()) gathered = Math.max(gathered, sealed.length)
  }
  const input = { messages: [{ role: 'user', content: 'x'.repeat(8_000) }] }
  const job = wish(stage, client, { input })
  stage.advance(1_000)
  unharmed(stage)
  expect(outcomeOf(stage, job).receipt).toMatchObject({ reason: 'too_large', cost: 0n })
  expect(pieces).toBeGreaterThan(500)
  // One of 1 KiB each, and a few.
  expect(gathered).toBeLessThan(30)
})
