// How long is waited where a link or a process is gone, and what becomes of the job.
import { describe, expect, test } from 'bun:test'
import { scriptedRunner } from '../fakes/scripted-runner.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import {
  DIAL_MS,
  away,
  back,
  calm,
  good,
  said,
  script,
  start,
  streamed,
  textOf,
  whole,
} from './resuming.ts'
import { World } from './world.ts'

describe('how long a job waits', () => {
  test('for a client that is back in time', async () => {
    const { it, client, clientParty } = await start()
    const asked = await streamed(it, client)
    away(it, clientParty)
    await it.clock.advance(9_990 - DIAL_MS)
    back(it, clientParty)
    await calm(it, asked)
    whole(asked)
  })

  test('and not longer: what came is kept, and the user is told what he may do', async () => {
    const { it, client, clientParty } = await start()
    const asked = await streamed(it, client)
    const came = textOf(asked)
    away(it, clientParty)
    await it.clock.advance(9_990)
    expect(asked.outcome).toBeUndefined()
    await it.clock.advance(20)
    expect(asked.outcome).toMatchObject({
      output: { message: { content: came } },
      fault: { kind: 'again', code: 'link.lost' },
      cost: 0n,
    })
    expect(asked.outcome!.fault!.hint).toContain('what came was kept')
    back(it, clientParty)
    await calm(it, asked)
  })

  test('for a node: after the first piece nothing moves, though another one is free', async () => {
    const { it, client, runners } = await start({ nodes: 2 })
    const asked = await streamed(it, client)
    const busy = it.nodes[runners.findIndex((runner) => runner.running > 0)]!
    away(it, busy)
    await it.clock.advance(9_990)
    expect(asked.outcome).toBeUndefined()
    await it.clock.advance(20)
    expect(asked.outcome?.fault).toMatchObject({ code: 'stream.peer_gone' })
    expect(asked.outcome?.fault?.hint).toContain('what came was kept')
    back(it, busy)
    await calm(it, asked)
    expect(runners.map((runner) => runner.seen.length).toSorted()).toEqual([0, 1])
    // The node says in a receipt what was credited: its router has it, though the client is gone.
    expect(said(it, KINDS.receipt)).toHaveLength(1)
  })

  test.each([
    // A dial that failed for so long waits a tenth of the time, and up to half of that more.
    ['at 59 s it is there', 50_000, true],
    ['at 61 s it is gone', 61_000, false],
  ])('a finished result waits for a client with patience: %s', async (_, ms, there) => {
    const { it, client, clientParty } = await start()
    const asked = it.request(client, { class: 'batch', deadlineMs: 600_000 })
    await it.clock.advance(2_000)
    away(it, clientParty)
    // The runner ends four seconds later.
    await it.clock.advance(ms)
    expect(said(it, KINDS.receipt)).toHaveLength(there ? 0 : 1)
    back(it, clientParty)
    await calm(it, asked)
    if (there) whole(asked)
    else expect(asked.outcome?.fault).toMatchObject({ kind: 'again' })
  })

  test('one that was running is ended at 10 s, and its receipt is fetched later', async () => {
    const slow = { ...script, pieceMs: 1_000 }
    const it = new World({ seed: 5 })
    await it.startRouter()
    await it.addNode([scriptedRunner(slow, { clock: it.clock })])
    await it.clock.advance(1_000)
    const client = await it.addClient()
    const asked = it.request(client, { class: 'batch', deadlineMs: 600_000 })
    await it.clock.advance(4_500)
    away(it, it.clients[0]!)
    await it.clock.advance(30_000)
    back(it, it.clients[0]!)
    await calm(it, asked)
    expect(asked.outcome).toMatchObject({
      verified: true,
      receipt: { status: 'partial', reason: 'peer_gone' },
      fault: { kind: 'again', code: 'job.partial' },
    })
    expect(asked.outcome!.receipt!.usage.out_token).toBe(textOf(asked).split(' ').length - 1)
  })
})

describe('a node that is started anew', () => {
  test('knows nothing of its jobs: after the first piece the client is told at once', async () => {
    const { it, client, nodeParty } = await start()
    const asked = await streamed(it, client)
    await it.stopNode(nodeParty)
    await it.clock.advance(1_000)
    await it.startNode(nodeParty)
    await it.clock.advance(100)
    expect(asked.outcome).toMatchObject({ fault: { code: 'stream.peer_gone' }, cost: 0n })
    expect(textOf(asked).length).toBeGreaterThan(0)
    await calm(it, asked)
  })

  test('together with the router: so, too', async () => {
    const { it, client, nodeParty } = await start()
    const asked = await streamed(it, client)
    await it.stopNode(nodeParty)
    await it.stopRouter()
    await it.startRouter()
    await it.startNode(nodeParty)
    await it.clock.advance(5_000)
    expect(asked.outcome).toMatchObject({ fault: { code: 'job.restarted' }, cost: 0n })
    await calm(it, asked)
  })

  test('before the first piece: it is asked for anew, and nobody need know', async () => {
    const it = new World({ seed: 5 })
    await it.startRouter()
    const runner = scriptedRunner({ ...script, startMs: 3_000 }, { clock: it.clock })
    const nodeParty = await it.addNode([runner])
    await it.clock.advance(1_000)
    const client = await it.addClient()
    const asked = await streamed(it, client, 1_000)
    await it.stopNode(nodeParty)
    await it.stopRouter()
    await it.startRouter()
    await it.startNode(nodeParty)
    await calm(it, asked)
    whole(asked)
    expect(asked.news.map((news) => news.type)).toContain('again')
  })
})

describe('before the first piece', () => {
  test('a node that is lost costs one round trip', async () => {
    const it = new World({ seed: 5, latencyMs: 20 })
    await it.startRouter()
    const runners = [1, 2].map(() =>
      scriptedRunner({ ...script, startMs: 3_000 }, { clock: it.clock }),
    )
    for (const runner of runners) await it.addNode([runner])
    await it.clock.advance(1_000)
    const client = await it.addClient()
    await it.clock.advance(1_000)
    const asked = await streamed(it, client, 1_000)
    const first = runners.findIndex((runner) => runner.running > 0)
    const before = it.clock.now()
    away(it, it.nodes[first]!)
    while (runners[1 - first]!.seen.length === 0) await it.clock.advance(1)
    // Router to client, client to router, router to node.
    expect(it.clock.now() - before).toBeLessThanOrEqual(3 * 20 + 2)
    expect(asked.news).toContainEqual(
      expect.objectContaining({ type: 'moved', reason: 'lost' }) as never,
    )
    back(it, it.nodes[first]!)
    await calm(it, asked)
    whole(asked)
    // It was told that the job went on elsewhere, and stopped.
    expect(runners[first]!.ends).toEqual(['cancelled'])
  })

  test('where no other node is, the job waits for it', async () => {
    const it = new World({ seed: 5 })
    await it.startRouter()
    const runner = scriptedRunner({ ...script, startMs: 3_000 }, { clock: it.clock })
    const nodeParty = await it.addNode([runner])
    await it.clock.advance(1_000)
    const client = await it.addClient()
    const asked = await streamed(it, client, 1_000)
    away(it, nodeParty)
    await it.clock.advance(5_000)
    back(it, nodeParty)
    await calm(it, asked)
    whole(asked)
    expect(runner.seen).toHaveLength(1)
  })

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14])(
    'a client that loses its link %d ms after it asked gets its answer all the same',
    async (ms) => {
      const { it, client, clientParty, runners } = await start({ seed: ms })
      const asked = await streamed(it, client, ms)
      away(it, clientParty)
      await it.clock.advance(1_000)
      back(it, clientParty)
      await calm(it, asked)
      whole(asked)
      expect(runners[0]!.ends.filter((end) => end === 'done')).toHaveLength(1)
    },
  )

  test('a client that never comes back to a router that is gone is told after 10 s', async () => {
    const { it, client } = await start()
    const asked = await streamed(it, client, 3)
    await it.stopRouter()
    await it.clock.advance(9_900)
    expect(asked.outcome).toBeUndefined()
    await it.clock.advance(200)
    expect(asked.outcome?.fault).toMatchObject({ kind: 'again', code: 'link.lost' })
    await calm(it, asked)
  })
})

test.each([
  ['the client', (it: World) => it.clients[0]!],
  ['the node', (it: World) => it.nodes[0]!],
])('a receipt that %s’s link lost is fetched', async (_, who) => {
  for (let ms = 0; ms <= 12; ms++) {
    const { it, client } = await start({ seed: 100 + ms, words: ['one ', 'two '] })
    const asked = await streamed(it, client, 203 + ms)
    away(it, who(it))
    await it.clock.advance(700)
    back(it, who(it))
    await calm(it, asked)
    good(asked)
    expect(textOf(asked)).toBe('one two ')
  }
})

test('coming back is said a few times, not without end', async () => {
  const { it, client, clientParty } = await start()
  const asked = await streamed(it, client)
  away(it, clientParty)
  await it.clock.advance(1_000)
  back(it, clientParty)
  await calm(it, asked)
  whole(asked)
  expect(said(it, KINDS.sync)).toHaveLength(2)
})
