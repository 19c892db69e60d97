import { expect, test } from 'bun:test'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { checkInvariants } from './invariants.ts'
import { World, type WorldOptions } from './world.ts'

/** One key that has never been here, 100 ms away from the node, both ways together. */
const far = async (
  script: Parameters<typeof scriptedRunner>[0],
  slots = 1,
  rows: WorldOptions['rows'] = PLAY_PRICES,
) => {
  const it = new World({ seed: 11, latencyMs: 25, rows })
  await it.startRouter()
  await it.addNode([scriptedRunner(script, { clock: it.clock, slots })])
  await it.clock.advance(2_000)
  const client = await it.addClient()
  await it.clock.advance(2_000)
  return { it, client }
}
const ROUND_TRIP_MS = 100
const words = (count: number) => Array.from({ length: count }, (_, i) => `word${i} `)

test('a stream of 40 tokens a second, of a key that has paid nothing, ends one round trip late at most', async () => {
  const { it, client } = await far({ pieces: textPieces(words(200)), pieceMs: 25 })
  const asked = it.request(client, { outTokens: 400 })
  await it.clock.advance(30_000)
  const { times, fault, receipt } = asked.outcome!
  expect(fault).toBeNull()
  expect(receipt).toMatchObject({ status: 'ok', usage: { out_token: 200 } })
  // The node's own clock says when the last credit came back; the first frame left when it was made.
  const { first, done } = receipt!.times
  const streamed = 199 * 25
  expect(done - first!).toBeLessThanOrEqual(streamed + 2 * ROUND_TRIP_MS)
  expect(times.first! - first!).toBe(ROUND_TRIP_MS / 2)
  const pieces = asked.news.filter((news) => news.type === 'piece').length
  expect(pieces).toBe(200)
  checkInvariants(it, [asked])
  await it.close()
})

test('four streams of one new key at once all get their share, the long prompts too', async () => {
  const { it, client } = await far({ pieces: textPieces(words(100)), pieceMs: 25 }, 4)
  const long = { messages: [{ role: 'user', content: 'x'.repeat(7_000) }] }
  const asked = [{}, { input: long }, {}, { input: long }].map((more) =>
    it.request(client, { outTokens: 400, ...more }),
  )
  await it.clock.advance(20_000)
  for (const { outcome } of asked) {
    expect(outcome!.fault).toBeNull()
    const { first, accepted, done } = outcome!.receipt!.times
    // First pieces go one after the other, each a round trip; the streams then catch up.
    expect(first! - accepted).toBeLessThanOrEqual(25 + 8 * ROUND_TRIP_MS)
    expect(done - accepted).toBeLessThanOrEqual(100 * 25 + 10 * ROUND_TRIP_MS)
  }
  checkInvariants(it, asked)
  await it.close()
})

test('a thousand small pieces, as fast as a runner makes them, are not held to one a round trip', async () => {
  const { it, client } = await far({ pieces: textPieces(words(1_000)) })
  const asked = it.request(client, { outTokens: 1_000 })
  await it.clock.advance(20_000)
  const { first, done } = asked.outcome!.receipt!.times
  expect(asked.outcome!.fault).toBeNull()
  expect(done - first!).toBeLessThanOrEqual(40 * ROUND_TRIP_MS)
  await it.close()
})

const FREE = PLAY_PRICES.map((row) => ({ ...row, rates: {}, minimum: '0', cold_surcharge: '0' }))

test.each([
  ['what is free comes as the runner made it', FREE, 'x', [16_000]],
  [
    'what JSON makes six times as long is cut to fit a window',
    FREE,
    '\u0001',
    [4096, 4096, 4096, 3712],
  ],
  ['on trust it comes in small parts', PLAY_PRICES, 'x', [...Array<number>(31).fill(512), 128]],
])('a piece of 16,000 characters: %s', async (_what, rows, character, lengths) => {
  const { it, client } = await far({ pieces: textPieces([character.repeat(16_000)]) }, 1, rows)
  const asked = it.request(client, { outTokens: 400 })
  await it.clock.advance(20_000)
  expect(asked.outcome!.fault).toBeNull()
  const texts = asked.news.flatMap((news) => (news.type === 'piece' ? [news.text.length] : []))
  expect(texts).toEqual(lengths)
  await it.close()
})
