import { describe, expect, test } from 'bun:test'
import { scriptedChat, scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import type { News, Outcome } from '../../src/engine/roles/client/news.ts'
import { ofJob } from '../../src/engine/storage/store.conformance.ts'
import { checkInvariants } from './invariants.ts'
import { type Asked, World, wishOf } from './world.ts'

const words = ['one ', 'two ', 'three ', 'four']

/** A world with a router and so many nodes that answer `words`. */
const world = async (
  scripts: Parameters<typeof scriptedRunner>[0][],
  options: { slots?: number } = {},
): Promise<World> => {
  const it = new World({ seed: 7 })
  await it.startRouter()
  for (const script of scripts)
    await it.addNode([scriptedRunner(script, { clock: it.clock, slots: options.slots ?? 1 })])
  await it.clock.advance(1000)
  return it
}

const ended = async (it: World, ...asked: Asked[]): Promise<void> => {
  await it.clock.advance(120_000)
  checkInvariants(it, asked)
  await it.close()
}

const fine = { pieces: textPieces(words), pieceMs: 20 }

describe('a job', () => {
  test('is streamed, metered, receipted and acknowledged', async () => {
    const it = await world([fine])
    const client = await it.addClient()
    const asked = it.request(client, {})
    await ended(it, asked)
    const { outcome, news } = asked
    expect(outcome?.fault).toBeNull()
    expect(outcome?.output).toMatchObject({ message: { content: 'one two three four' } })
    expect(outcome?.receipt).toMatchObject({
      status: 'ok',
      finish: 'stop',
      usage: { in_token: 5, out_token: 4 },
      sim: true,
    })
    // 5 × 1,000,000 + 4 × 2,500,000 msat per million.
    expect(outcome?.cost).toBe(15n as never)
    expect(outcome?.verified).toBe(true)
    expect(news.map((n) => n.type)).toEqual([
      'offers',
      'accepted',
      'started',
      'piece',
      'piece',
      'piece',
      'piece',
      'ended',
    ])
    expect(Object.keys(outcome!.bundle).sort()).toEqual([
      'accepted',
      'acknowledgement',
      'job',
      'offers',
      'receipt',
      'sheet',
      'ticket',
    ])
    expect(ofJob(it.routerParty.store, outcome!.job).map((k) => k.kind)).toEqual([
      'receipt',
      'acknowledgement',
    ])
  })

  test('larger than what goes at once follows under the node’s credits', async () => {
    const it = await world([fine])
    const content = 'a long letter. '.repeat(500)
    const client = await it.addClient()
    const asked = it.request(client, { input: { messages: [{ role: 'user', content }] } })
    await ended(it, asked)
    expect(asked.outcome?.fault).toBeNull()
    expect(asked.outcome?.verified).toBe(true)
  })

  test('moves to the next node when the first is silent', async () => {
    const it = await world([fine, fine])
    const client = await it.addClient()
    await it.clock.advance(100)
    // Whichever is offered first, its link is held: it hears the job too late.
    const asked = it.request(client, {})
    await it.clock.advance(5)
    const offers = it.recorded.events.findLast((e) => e.event.kind === 26422)!
    const first = JSON.parse(offers.event.content).entries[0].ticket.pubkey
    const party = it.nodes.find((n) => n.signer.pubkey === first)!
    await it.stopNode(party)
    await ended(it, asked)
    expect(asked.outcome?.fault).toBeNull()
    expect(asked.outcome?.node).not.toBe(first)
  })

  test('whose runner fails before output costs nothing', async () => {
    const it = await world([{ fail: { after: 'start', trouble: 'oom' } }])
    const asked = it.request(await it.addClient(), {})
    await ended(it, asked)
    expect(asked.outcome?.fault?.kind).toBe('again')
    expect(asked.outcome?.receipt).toMatchObject({ status: 'runner_failed', cost: 0n })
  })

  test('whose runner dies in mid-stream is charged for what arrived', async () => {
    const it = await world([{ ...fine, fail: { after: 2, trouble: 'crashed' } }])
    const asked = it.request(await it.addClient(), {})
    await ended(it, asked)
    expect(asked.outcome?.output).toMatchObject({ message: { content: 'one two ' } })
    expect(asked.outcome?.receipt).toMatchObject({
      status: 'runner_failed',
      usage: { out_token: 2 },
      cost: 10n,
    })
    expect(asked.outcome?.fault?.kind).toBe('again')
  })

  test('whose node dies in mid-stream keeps what came', async () => {
    const it = await world([{ ...fine, endless: true }])
    const asked = it.request(await it.addClient(), {})
    await it.clock.advance(500)
    await it.stopNode(it.nodes[0]!)
    await ended(it, asked)
    expect(asked.outcome?.output).toMatchObject({ message: { content: 'one two three four' } })
    expect(asked.outcome?.fault).toMatchObject({ kind: 'again', code: 'stream.peer_gone' })
  })

  test('that is cancelled ends in a receipt that says so, for what came', async () => {
    const it = await world([{ ...fine, endless: true }])
    const abort = new AbortController()
    const asked = it.request(await it.addClient(), {}, abort.signal)
    await it.clock.advance(500)
    abort.abort()
    await ended(it, asked)
    expect(asked.outcome?.receipt).toMatchObject({
      status: 'client_cancelled',
      finish: 'cancel',
      usage: { out_token: 4 },
    })
    expect(asked.outcome?.fault?.kind).toBe('interrupted')
    // What was on its way when it was cancelled is charged, and told.
    const told = asked.news.flatMap((news) => (news.type === 'piece' ? [news.text] : []))
    expect(asked.outcome?.output).toMatchObject({ message: { content: told.join('') } })
  })

  test('past its deadline is stopped', async () => {
    const it = await world([{ ...fine, endless: true }])
    const asked = it.request(await it.addClient(), { deadlineMs: 5_000 })
    await ended(it, asked)
    expect(asked.outcome?.fault?.kind).toBe('again')
    expect(asked.outcome?.receipt).not.toBeNull()
  })
})

describe('what bad wishes get', () => {
  const faultOf = async (wish: Parameters<World['request']>[1]): Promise<unknown> => {
    const it = await world([fine])
    const asked = it.request(await it.addClient(), wish)
    await ended(it, asked)
    return asked.outcome?.fault
  }

  test('a model that nobody offers: unavailable, with what there is', async () => {
    const fault = await faultOf({ models: ['llama-3.1-70b'] })
    expect(fault).toMatchObject({ kind: 'unavailable', code: 'model.none' })
    expect((fault as { hint: string }).hint).toContain('scripted-chat')
  })

  test('a prompt over the node’s limit: both numbers, before anything is sent', async () => {
    const fault = await faultOf({
      input: { messages: [{ role: 'user', content: 'x'.repeat(9000) }] },
    })
    expect(fault).toMatchObject({ kind: 'data', code: 'input.too_large' })
    expect((fault as Error).message).toMatch(/9,000.*8,192/)
  })

  test('a ceiling over the cap: refused', async () => {
    expect(await faultOf({ cap: 1n as never })).toMatchObject({
      kind: 'refused',
      code: 'cap.exceeded',
    })
  })

  test('a task that nobody offers: unavailable', async () => {
    expect(await faultOf({ task: 'text.detect@1', input: { input: 'hi' } })).toMatchObject({
      kind: 'unavailable',
    })
  })
})

test('several jobs at once share the slots, in order, and all end well', async () => {
  const it = await world([fine, fine], { slots: 2 })
  const clients = await Promise.all([1, 2, 3].map(() => it.addClient()))
  const asked = clients.flatMap((client) => [1, 2].map(() => it.request(client, {})))
  await ended(it, ...asked)
  expect(asked.map((a) => a.outcome?.fault)).toEqual(asked.map(() => null))
})

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

test('a runner that dies is offered no more, and again when it is back', async () => {
  const it = new World({ seed: 7 })
  await it.startRouter()
  let capabilities = [scriptedChat()]
  const runner = scriptedRunner(fine, { clock: it.clock })
  await it.addNode([{ ...runner, capabilities: () => Promise.resolve(capabilities) }])
  await it.clock.advance(1000)
  const client = await it.addClient()
  const ask = async () => {
    const asked = it.request(client, {})
    await it.clock.advance(20_000)
    return asked.outcome?.fault?.code ?? 'ok'
  }
  expect(await ask()).toBe('ok')
  capabilities = []
  await it.clock.advance(16_000)
  expect(await ask()).toBe('task.none')
  capabilities = [scriptedChat()]
  await it.clock.advance(16_000)
  expect(await ask()).toBe('ok')
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

test('a client that is closed ends all its jobs, and takes no more', async () => {
  const it = await world([{ ...fine, endless: true }])
  const client = await it.addClient()
  const open = it.request(client, {})
  await it.clock.advance(500)
  await client.close()
  await it.clock.advance(10)
  expect(open.outcome?.fault).toMatchObject({ code: 'client.closed' })
  const late = Array.fromAsync(client.request(wishOf())).catch((error: unknown) => error)
  expect(await late).toMatchObject({ code: 'client.closed' })
  await it.close()
})

test('a relay that is no router is found out at once, not at the deadline', async () => {
  const it = new World({ seed: 7 })
  // A door with nobody behind it: NIP-42 works, and nothing else is ever said.
  const silent = { authenticated() {}, event() {}, frame() {}, closed() {} }
  await it.memory.listen(
    {
      hostname: 'router.test',
      port: 7447,
      key: it.routerParty.signer.pubkey,
      name: 'relay',
      stored: () => [],
      verifier: { verify: () => true },
    },
    silent,
  )
  const asked = it.request(await it.addClient(), {})
  await it.clock.advance(10_000)
  expect(asked.outcome?.fault).toMatchObject({ kind: 'unavailable', code: 'router.mute' })
  await it.close()
})

test('more tokens than bytes that came are not paid for', async () => {
  const it = await world([
    { pieces: [{ delta: { text: 'x' }, usage: { in_token: 5, out_token: 1900 } }] },
  ])
  const asked = it.request(await it.addClient(), { outTokens: 2048 })
  await it.clock.advance(60_000)
  expect(asked.outcome?.fault).toMatchObject({ kind: 'verification', code: 'stream.implausible' })
  // One in_token at most: the model had begun to read, which a cancel pays for.
  expect(asked.outcome!.cost <= 1n).toBe(true)
  await it.close()
})

test('a node that goes ends its jobs with receipts for what arrived', async () => {
  const it = await world([{ ...fine, endless: true }])
  const asked = it.request(await it.addClient(), {})
  await it.clock.advance(500)
  const closing = it.nodes[0]!.node!.close()
  await it.clock.advance(2_000)
  await closing
  expect(asked.outcome).toMatchObject({
    verified: true,
    receipt: { status: 'partial', reason: 'drain', usage: { out_token: 4 } },
    fault: { kind: 'again', code: 'job.partial' },
  })
  await it.close()
})

test('a job that waits behind another says so, and ends by a cancel, with a receipt', async () => {
  const it = await world([{ ...fine, endless: true }])
  const client = await it.addClient()
  const first = it.request(client, {})
  await it.clock.advance(200)
  const abort = new AbortController()
  const second = it.request(client, {}, abort.signal)
  await it.clock.advance(500)
  expect(second.news.map((news) => news.type)).toEqual(['offers', 'accepted', 'queued'])
  abort.abort()
  await it.clock.advance(1_000)
  expect(second.outcome?.receipt).toMatchObject({ status: 'client_cancelled', cost: 0n })
  expect(first.outcome).toBeUndefined()
  await it.close()
})
