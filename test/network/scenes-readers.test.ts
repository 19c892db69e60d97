// Readers that stop: what they cost others, and how long they are waited for.
import { describe, expect, test } from 'bun:test'
import { textPieces } from '../fakes/scripted-runner.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import type { News, Outcome } from '../../src/engine/roles/client/news.ts'
import { world } from './scenes.ts'
import { wishOf } from './world.ts'

test('one reader that stops blocks neither the others nor the memory of anybody', async () => {
  const long = Array.from({ length: 3000 }, () => 'a word of some length, '.repeat(8))
  const it = await world([{ pieces: textPieces(long) }], { slots: 4 })
  const client = await it.addClient()
  const pieces = client.request(wishOf({ outTokens: 2048 }))[Symbol.asyncIterator]()
  const first = pieces.next()
  const others = [1, 2].map(() => it.request(client, { outTokens: 2048 }))
  await it.clock.advance(5_000)
  expect((await first).value).toMatchObject({ type: 'offers' })
  for (const other of others) expect(other.outcome?.output).not.toBeNull()
  // What came for the one that stopped is a window or two beyond what a reader may leave waiting.
  const sent = new Map<string, number>()
  for (const { frame } of it.recorded.frames)
    if (frame.type === 'output')
      sent.set(frame.tag, (sent.get(frame.tag) ?? 0) + frame.bytes.length)
  expect(Math.min(...sent.values())).toBeLessThan(Math.max(...sent.values()) / 2)
  // Read on, it gets the rest.
  const rest = (async () => {
    for (;;) {
      const { value } = await pieces.next()
      if (value.type === 'ended') return value.outcome as Outcome
    }
  })()
  await it.clock.advance(5_000)
  expect(await rest).toMatchObject({ fault: null, verified: true, receipt: { status: 'ok' } })
  await it.close()
})

describe('a reader that stops for good', () => {
  // The runner is held back by the first, and long done with the second.
  test.each([2000, 600])(
    'is waited for a minute, then its job is ended as what it is: cut short (%d pieces)',
    async (count) => {
      const long = Array.from({ length: count }, () => 'a word of some length, '.repeat(8))
      const it = await world([{ pieces: textPieces(long) }])
      const asked = (await it.addClient()).request(wishOf({ outTokens: 2048, deadlineMs: 600_000 }))
      const pieces = asked[Symbol.asyncIterator]()
      const first = pieces.next()
      await it.clock.advance(30_000)
      expect((await first).value).toMatchObject({ type: 'offers' })
      const receipts = () => it.recorded.events.filter(({ event }) => event.kind === KINDS.receipt)
      // Paid for what came, it may think for a while.
      expect(receipts()).toHaveLength(0)
      await it.clock.advance(60_000)
      expect(receipts()).toHaveLength(1)
      let last: News | undefined
      for (let next = await pieces.next(); !next.done; next = await pieces.next()) last = next.value
      expect(last).toMatchObject({
        outcome: {
          verified: true,
          receipt: { status: 'partial', minimum: 0n },
          fault: { kind: 'again', code: 'job.partial' },
        },
      })
      await it.close()
    },
  )
})
