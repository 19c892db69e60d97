import { expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying, toldOf, words } from './paying.ts'
import type { World } from './world.ts'

/** A job whose ceiling no exposure covers: 2,500 msat for each of up to 8,000 tokens. */
const LONG = { outTokens: 80_000, timings: ['stream'] as const }
const script = { pieces: textPieces(words(8_000)), pieceMs: 2 }

/** What a node said of money in the open, in order. */
const saidOf = (it: World, status: string): Record<string, unknown>[] =>
  it.recorded.events
    .map(({ event }) => event)
    .filter(({ kind }) => kind === 26424)
    .map(({ content }) => JSON.parse(content) as Record<string, unknown>)
    .filter((it_) => it_.status === status)

test('a stream whose tab runs dry is topped up while it runs, and goes on', async () => {
  const { it, client } = await paying({ script })
  const asked = it.request(client, LONG)
  await ended(it, asked)
  expect(asked.outcome).toMatchObject({ fault: null, finish: 'stop' })
  const short = saidOf(it, 'need_payment')
  expect(short.length).toBeGreaterThan(0)
  const node = it.nodes[0]!
  const { paid, used, seq } = tabOf(node)
  expect(asked.outcome!.cost).toBe(used)
  expect(used).toBeGreaterThan(10_000n)
  expect(paid - used).toBeLessThan(100_000n)
  // First 10 sat, then 100 at a time.
  expect(seq).toBe(short.length + 1)
  expect(toldOf(asked).filter((type) => type === 'paid')).toHaveLength(seq)
  await checkMoney(it)
  await it.close()
})

test('while a stream waits for money its runner waits too', async () => {
  const { it, client } = await paying({ script })
  const asked = it.request(client, LONG)
  await it.clock.advance(200)
  it.bank!.down = true
  await it.clock.advance(15_000)
  const pieces = asked.news.filter(({ type }) => type === 'piece').length
  expect(asked.outcome).toBeUndefined()
  // 10 sat buy 3,998 tokens.
  expect(pieces).toBeGreaterThan(3_000)
  expect(pieces).toBeLessThan(4_000)
  expect(asked.news.at(-1)?.type).not.toBe('ended')
  await it.close()
})

test('nobody pays: it ends after 20 s, and what arrived is charged', async () => {
  const { it, client } = await paying({ script })
  const asked = it.request(client, LONG)
  await it.clock.advance(200)
  expect(toldOf(asked)).toContain('started')
  it.bank!.down = true
  const began = it.clock.now()
  await ended(it, asked)
  const { outcome } = asked
  expect(outcome).toMatchObject({ finish: 'payment', verified: true })
  // Not only that it ended: why nothing more was paid.
  expect(outcome!.fault).toMatchObject({ kind: 'again', code: 'payment.failed' })
  expect(it.clock.now() - began).toBeGreaterThan(20_000)
  expect(it.clock.now() - began).toBeLessThan(35_000)
  const { used, paid } = tabOf(it.nodes[0]!)
  expect(outcome!.cost).toBe(used)
  expect(used).toBeGreaterThan(9_000n)
  expect(used).toBeLessThanOrEqual(paid)
  await checkMoney(it)
  await it.close()
})

test('over the exposure nothing more is paid: the job ends, and names the flag', async () => {
  const caps = { budget: msat(1_000_000n), exposure: msat(20_000n) }
  const { it, client } = await paying({ script }, ({ bank }) => (bank!.caps = caps))
  const asked = it.request(client, LONG)
  await ended(it, asked)
  const { fault, finish } = asked.outcome!
  expect(finish).toBe('payment')
  expect(fault).toMatchObject({ kind: 'refused', code: 'exposure.exceeded' })
  expect(fault!.hint).toContain('--max-exposure')
  expect(tabOf(it.nodes[0]!).paid).toBe(msat(10_000n))
  await checkMoney(it)
  await it.close()
})

test('a job too dear for the exposure is streamed without being told to', async () => {
  const { it, client } = await paying({ script })
  const asked = it.request(client, { outTokens: 90_000 })
  await ended(it, asked)
  expect(asked.outcome?.fault).toBeNull()
  expect(asked.outcome?.ceiling).toBeGreaterThan(200_000n)
  await checkMoney(it)
  await it.close()
})
