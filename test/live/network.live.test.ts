import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { LlamaServer } from '../../scripts/live-runners.ts'
import { silentLog } from '../../src/engine/base/log.ts'
import { openClient } from '../../src/engine/roles/client/client.ts'
import type { Client, News, Outcome } from '../../src/engine/roles/client/news.ts'
import { openUp, type Up } from '../../src/engine/roles/up.ts'
import { openaiRunner } from '../../src/engine/runners/openai.ts'
import { wishOf } from '../network/world.ts'
import { busySlots, type Live, live, llamaBinary, msUntil } from './llama.ts'

// The first run fetches 12 MB.
setDefaultTimeout(600_000)

const binary = await llamaBinary()

/** Big enough that a stream takes seconds on any machine. */
const SLOW = { layers: 8, embd: 512, heads: 8, kvHeads: 4, ff: 1024, ctx: 8192 }

let servers: Live
const open: { close(): Promise<void> }[] = []
beforeAll(async () => {
  if (binary) servers = await live(binary)
})
afterAll(async () => {
  for (const it of open.reverse()) await it.close()
  await servers?.stop()
})

/** A whole network over loopback sockets, whose node sells what this llama-server can do. */
const network = async (server: LlamaServer): Promise<{ up: Up; client: () => Promise<Client> }> => {
  const up = await openUp({
    port: 0,
    runners: [await openaiRunner(server.url)],
    log: silentLog,
    software: 'test',
    broken: (fault) => {
      throw fault
    },
  })
  open.push(up)
  const client = async () => {
    const it = await openClient({ router: up.router, net: 'sim' })
    open.push(it)
    return it
  }
  return { up, client }
}

const run = async (
  client: Client,
  wish: Parameters<typeof wishOf>[0],
  on?: (news: News) => void,
  signal?: AbortSignal,
): Promise<Outcome> => {
  for await (const news of client.request(wishOf(wish), signal)) {
    on?.(news)
    if (news.type === 'ended') return news.outcome
  }
  throw new Error('no end')
}

describe.skipIf(!binary)('a network on a real llama-server', () => {
  test('streams an exact answer, and charges what the server counted', async () => {
    const { client } = await network(
      await servers.start('canned', { tiny: { say: 'hello from a tiny model' } }),
    )
    const pieces: string[] = []
    const outcome = await run(await client(), {}, (news) => {
      if (news.type === 'piece') pieces.push(news.text)
    })
    expect(outcome.fault).toBeNull()
    expect(outcome.verified).toBe(true)
    expect(pieces.join('').trim()).toBe('hello from a tiny model')
    expect(pieces.length).toBeGreaterThan(1)
    expect(outcome.receipt).toMatchObject({ status: 'ok', finish: 'stop', counted_by: 'runner' })
    expect(outcome.usage.out_token).toBe(6)
  })

  test('a cancel frees the slot within 500 ms, and keeps what came', async () => {
    const server = await servers.start('endless', { tiny: SLOW, ctx: 8192 })
    const { client } = await network(server)
    const abort = new AbortController()
    let pieces = 0
    let free = Infinity
    const outcome = await run(
      await client(),
      { outTokens: 4000 },
      (news) => {
        if (news.type !== 'piece' || ++pieces !== 5) return
        abort.abort()
        void msUntil(async () => (await busySlots(server)) === 0, 5000).then((ms) => (free = ms))
      },
      abort.signal,
    )
    await msUntil(async () => free < Infinity, 5000)
    expect(free).toBeLessThan(500)
    expect(outcome.fault?.kind).toBe('interrupted')
    expect(outcome.receipt).toMatchObject({ status: 'client_cancelled', finish: 'cancel' })
    expect(outcome.usage.out_token).toBeGreaterThanOrEqual(5)
    expect(outcome.verified).toBe(true)
  })

  test('a client that is closed frees the slot too', async () => {
    const server = await servers.start('endless', { tiny: SLOW, ctx: 8192 })
    const { client } = await network(server)
    const gone = await client()
    for await (const news of gone.request(wishOf({ outTokens: 4000 })))
      if (news.type === 'piece') break
    // It says that it goes; one that only vanishes is waited for (`awayMs`, test/network/resume.test.ts).
    await gone.close()
    expect(await msUntil(async () => (await busySlots(server)) === 0, 5000)).toBeLessThan(2000)
  })

  test('kill -9 of the server in mid-stream: what came is kept and charged, never called a success', async () => {
    const server = await servers.start('endless', { tiny: SLOW, ctx: 8192 })
    const { client } = await network(server)
    let pieces = 0
    const outcome = await run(await client(), { outTokens: 4000 }, (news) => {
      if (news.type === 'piece' && ++pieces === 5) process.kill(-server.pid, 'SIGKILL')
    })
    expect(outcome.fault?.kind).toBe('again')
    expect(outcome.receipt?.status).toBe('runner_failed')
    expect(outcome.usage.out_token).toBeGreaterThanOrEqual(5)
    expect(outcome.cost).toBeGreaterThan(0n)
    expect(outcome.verified).toBe(true)
  })

  test('embeddings and rerank go through whole', async () => {
    const embed = await network(await servers.start('embed'))
    const vectors = await run(await embed.client(), {
      task: 'text.embed@1',
      input: { input: ['water', 'oil'] },
    })
    expect(vectors.fault).toBeNull()
    expect((vectors.output as { data: unknown[] }).data).toHaveLength(2)
    const rerank = await network(await servers.start('rerank'))
    const input = { query: 'water', documents: ['water oil', 'people', 'number one'] }
    const ranked = await run(await rerank.client(), { task: 'text.rerank@1', input })
    expect(ranked.fault).toBeNull()
    expect((ranked.output as { results: unknown[] }).results).toHaveLength(3)
  })

  test('a prompt beyond the context is refused as input, at no cost', async () => {
    const server = await servers.start('canned', { ctx: 512 })
    const { client } = await network(server)
    // Bytes that fit the limit of the ticket, tokens that do not fit the model.
    const content = 'zq '.repeat(400)
    const outcome = await run(await client(), { input: { messages: [{ role: 'user', content }] } })
    expect(outcome.fault?.kind).toBe('data')
    expect(outcome.cost).toBe(0n as never)
  })

  test('several at once all end well', async () => {
    const { client } = await network(await servers.start('canned', { slots: 2 }))
    const clients = await Promise.all([client(), client()])
    const outcomes = await Promise.all(
      [...clients, ...clients, ...clients].map((it) => run(it, {})),
    )
    expect(outcomes.map((it) => it.fault)).toEqual(outcomes.map(() => null))
  })
})
