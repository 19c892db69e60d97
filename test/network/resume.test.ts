import { describe, expect, test } from 'bun:test'
import { scriptedChat, scriptedRunner } from '../fakes/scripted-runner.ts'
import { ofJob } from '../../src/engine/storage/store.conformance.ts'
import {
  away,
  back,
  calm,
  good,
  linkNews,
  script,
  start,
  streamed,
  text,
  textOf,
  whole,
} from './resuming.ts'
import { World } from './world.ts'

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
      expect(ofJob(it.routerParty.store, asked.outcome!.job).map((kept) => kept.kind)).toEqual([
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
