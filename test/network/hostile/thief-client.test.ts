import { describe, expect, test } from 'bun:test'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { addClient, addPuppet, isOpen, newsOf, outcomeOf, piece, wish } from './cast.ts'
import type { ClientParty } from './party.ts'
import { contentOf } from './parcel.ts'
import { eventsTo, framesTo, heardBy, scene, unharmed } from './scene.ts'

const WORD = 'Kanarienvogel '

/** A job in mid-stream, and somebody with the client's key on a link of his own. */
const streaming = () => {
  const it = scene({ words: null })
  const job = wish(it.stage, it.client)
  const run = it.node.runs[0]!
  piece(it.stage, it.node, run, WORD, 1)
  it.stage.advance(1_000)
  const thief = addPuppet(it.stage, it.router, it.client.signer)
  const { ticket } = it.node.state.jobs.get(run.tag)!
  const say = (name: 'sync' | 'cancel', content: object) => {
    const about = { job, ticket, ...content }
    const to = { now: it.stage.now, net: 'sim', to: it.node.signer.pubkey } as const
    it.stage.say(thief, it.client.signer.sign(draftOf(name, about as never, to)))
  }
  return { ...it, job, run, thief, say }
}

describe('who has stolen a client’s key', () => {
  test('hears nothing of a job on another link', () => {
    const it = streaming()
    piece(it.stage, it.node, it.run, WORD, 2)
    it.stage.advance(1_000)
    expect(it.thief.heard.filter((parcel) => parcel.kind === 'frame')).toEqual([])
    expect(eventsTo(it.thief, 'accepted')).toEqual([])
    expect(newsOf(it.stage, it.job).filter((news) => news.type === 'piece')).toHaveLength(2)
  })

  test('and knows the ids of a job, can draw it to himself: he reads nothing and pays nothing, and it ends', () => {
    const it = streaming()
    it.say('sync', { nonce: 'a'.repeat(32), side: 'client', next: 0 })
    piece(it.stage, it.node, it.run, WORD, 2)
    it.stage.advance(1_000)
    const frames = framesTo(it.thief, 'output')
    expect(frames.length).toBeGreaterThan(0)
    for (const { bytes } of frames) expect(Buffer.from(bytes).includes('Kanarienvogel')).toBe(false)
    it.stage.advance(120_000)
    expect(isOpen(it.stage, it.job)).toBe(false)
    expect(outcomeOf(it.stage, it.job).output).toMatchObject({ message: { content: WORD } })
    const [receipt] = heardBy(it.router, 'receipt')
    expect(receipt).toMatchObject({ usage: { out_token: 1 } })
    unharmed(it.stage)
  })

  test('and knows the ids of a job, can cancel it, for what came', () => {
    const it = streaming()
    it.say('cancel', { next: 1, seen: 'started' })
    it.stage.advance(5_000)
    expect(it.run.aborted).toBe(true)
    expect(heardBy(it.router, 'receipt')).toMatchObject([
      { status: 'client_cancelled', usage: { out_token: 1 } },
    ])
    unharmed(it.stage)
  })

  test('asks in his name, within the limits that all who speak with it share', () => {
    const it = scene({ words: null, slots: 8 })
    const thief: ClientParty = addClient(it.stage, it.router, { signer: it.client.signer })
    const limit = it.stage.bounds.openJobsUnknown
    for (let n = 0; n < limit; n++) wish(it.stage, thief)
    expect(it.node.runs).toHaveLength(limit)
    const [first] = eventsTo(it.node, 'job')
    expect(first!.pubkey).toBe(it.client.signer.pubkey)
    expect(contentOf(first!)).toHaveProperty('ceiling')
    // The owner has no room left until one of them ends.
    wish(it.stage, it.client)
    expect(it.node.runs).toHaveLength(limit)
    unharmed(it.stage)
  })
})
