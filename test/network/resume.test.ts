import { describe, expect, test } from 'bun:test'
import { scriptedChat, scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import type { Client } from '../../src/engine/roles/client/news.ts'
import { checkInvariants } from './invariants.ts'
import type { Party } from './life.ts'
import { type Asked, World } from './world.ts'

/** Sixty words, one each 100 ms: six seconds of stream. */
const words = Array.from({ length: 60 }, (_, i) => `word${i} `)
const text = words.join('')
const script = { pieces: textPieces(words), pieceMs: 100 }

const start = async (options: { nodes?: number; seed?: number; words?: string[] } = {}) => {
  const it = new World({ seed: options.seed ?? 11 })
  await it.startRouter()
  const mine = options.words ? { ...script, pieces: textPieces(options.words) } : script
  const runners = Array.from({ length: options.nodes ?? 1 }, () =>
    scriptedRunner(mine, { clock: it.clock }),
  )
  for (const runner of runners) await it.addNode([runner])
  await it.clock.advance(1_000)
  const client = await it.addClient()
  await it.clock.advance(100)
  return { it, client, runners, clientParty: it.clients[0]!, nodeParty: it.nodes[0]! }
}

/** Its connection breaks, and it cannot make another one until it is back. */
const away = (it: World, party: Party): void => {
  it.memory.partition(party.signer.pubkey)
  for (const id of party.life!.linkIds()) it.memory.cut(id)
}
const back = (it: World, party: Party): void => it.memory.heal(party.signer.pubkey)

/** Longest that a dial waits while it knocks often (backoff.ts), and some for the handshake. */
const DIAL_MS = 1_550

const calm = async (it: World, ...asked: Asked[]): Promise<void> => {
  await it.clock.advance(150_000)
  checkInvariants(it, asked)
  await it.close()
}

const streamed = async (it: World, client: Client, ms = 2_000): Promise<Asked> => {
  const asked = it.request(client, {})
  await it.clock.advance(ms)
  return asked
}

const textOf = (asked: Asked): string =>
  asked.news.map((news) => (news.type === 'piece' ? news.text : '')).join('')

const good = ({ outcome }: Asked): void =>
  expect([outcome?.fault?.code, outcome?.verified, outcome?.receipt?.status]).toEqual([
    undefined,
    true,
    'ok',
  ])

const linkNews = (asked: Asked): string[] =>
  asked.news.flatMap((news) => (news.type === 'link' ? [news.state] : []))

const said = (it: World, kind: number) => it.recorded.events.filter((e) => e.event.kind === kind)

const whole = (asked: Asked): void => {
  good(asked)
  // Every piece once, in order, none missing.
  expect(textOf(asked)).toBe(text)
  expect(asked.outcome!.receipt!.usage).toEqual({ in_token: 5, out_token: words.length })
}

describe('a stream goes on from where it was', () => {
  test('when the client’s connection breaks', async () => {
    const { it, client, clientParty, runners } = await start()
    const asked = await streamed(it, client)
    away(it, clientParty)
    await it.clock.advance(3_000)
    const before = textOf(asked)
    expect(before.length).toBeLessThan(text.length / 2)
    back(it, clientParty)
    await calm(it, asked)
    whole(asked)
    expect(linkNews(asked)).toEqual(['lost', 'back'])
    expect(runners[0]!.seen).toHaveLength(1)
  })

  test('when the node’s connection breaks', async () => {
    const { it, client, nodeParty } = await start()
    const asked = await streamed(it, client)
    away(it, nodeParty)
    await it.clock.advance(3_000)
    back(it, nodeParty)
    await calm(it, asked)
    whole(asked)
    expect(linkNews(asked)).toEqual([])
  })

  test.each(['client', 'node'])('when both break, and the %s is back first', async (first) => {
    const { it, client, clientParty, nodeParty } = await start()
    const asked = await streamed(it, client)
    away(it, clientParty)
    away(it, nodeParty)
    await it.clock.advance(2_000)
    back(it, first === 'client' ? clientParty : nodeParty)
    await it.clock.advance(3_000)
    back(it, first === 'client' ? nodeParty : clientParty)
    await calm(it, asked)
    whole(asked)
  })

  test.each(['client', 'node', 'neither'])(
    'when the router is killed and restarted, and the %s is held up',
    async (late) => {
      const { it, client, clientParty, nodeParty, runners } = await start()
      const asked = await streamed(it, client)
      const party = late === 'client' ? clientParty : late === 'node' ? nodeParty : undefined
      if (party) it.memory.partition(party.signer.pubkey)
      await it.stopRouter()
      await it.clock.advance(1_500)
      await it.startRouter()
      await it.clock.advance(3_000)
      if (party) back(it, party)
      await calm(it, asked)
      whole(asked)
      expect(runners[0]!.seen).toHaveLength(1)
      // The new router took the receipt into its books, and the acknowledgement.
      expect(it.routerParty.store.ofJob(asked.outcome!.job).map((kept) => kept.kind)).toEqual([
        'receipt',
        'acknowledgement',
      ])
    },
  )

  test('again and again', async () => {
    const { it, client, clientParty, nodeParty } = await start()
    const asked = await streamed(it, client, 500)
    for (const party of [clientParty, nodeParty, clientParty, nodeParty]) {
      away(it, party)
      await it.clock.advance(300)
      back(it, party)
      await it.clock.advance(900)
    }
    await it.stopRouter()
    await it.startRouter()
    await calm(it, asked)
    whole(asked)
  })

  test('of more than one window, without a byte too many', async () => {
    const long = Array.from({ length: 150 }, (_, i) => `${i} `.padEnd(3_000, 'x'))
    const { it, client, clientParty, nodeParty } = await start({ words: long })
    const asked = it.request(client, { outTokens: 2048 })
    for (const party of [clientParty, it.routerParty, nodeParty, it.routerParty]) {
      await it.clock.advance(2_000)
      if (party === it.routerParty) {
        await it.stopRouter()
        await it.clock.advance(1_000)
        await it.startRouter()
      } else {
        away(it, party)
        await it.clock.advance(1_500)
        back(it, party)
      }
    }
    await calm(it, asked)
    good(asked)
    expect(textOf(asked)).toBe(long.join(''))
    // One seal for one frame: whatever came twice is the same bytes.
    const seen = new Map<string, string>()
    for (const { frame } of it.recorded.frames) {
      if (frame.type !== 'output') continue
      const bytes = frame.bytes.toHex()
      expect(seen.get(`${frame.tag} ${frame.seq}`) ?? bytes).toBe(bytes)
      seen.set(`${frame.tag} ${frame.seq}`, bytes)
    }
    expect(seen.size).toBeGreaterThan(90)
  })

  test('and a large input, too', async () => {
    const it = new World({ seed: 3 })
    await it.startRouter()
    const chat = { ...scriptedChat(), limits: { inputBytes: 3_000_000, outTokens: 64 } }
    const runner = scriptedRunner(script, { clock: it.clock, capabilities: [chat] })
    const nodeParty = await it.addNode([runner])
    it.memory.setDelay(60, 0)
    await it.clock.advance(2_000)
    const client = await it.addClient()
    const clientParty = it.clients[0]!
    await it.clock.advance(1_000)
    const content = 'a long letter. '.repeat(100_000)
    const asked = it.request(client, { input: { messages: [{ role: 'user', content }] } })
    await it.clock.advance(1_200)
    expect(runner.seen).toHaveLength(0)
    for (const party of [clientParty, nodeParty]) {
      away(it, party)
      await it.clock.advance(500)
      back(it, party)
      await it.clock.advance(2_000)
    }
    await calm(it, asked)
    good(asked)
    expect(runner.seen).toHaveLength(1)
    expect(runner.seen[0]!.input).toMatchObject({ messages: [{ content }] })
  })
})

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
