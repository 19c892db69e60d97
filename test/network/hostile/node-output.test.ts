import { describe, expect, test } from 'bun:test'
import { encodeCredit } from '../../../src/engine/protocol/frames.ts'
import type { Frame } from '../../../src/engine/protocol/frames.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { addClient, done, outcomeOf, piece, wish } from './cast.ts'
import type { Content } from './parcel.ts'
import type { Party } from './party.ts'
import { eventsTo, framesTo, heardBy, held, onFrames, scene, unharmed } from './scene.ts'

/** A job in mid-stream: `pieces` words came, and no credit of the client's reaches the node. */
const midstream = (pieces: number, options: Parameters<typeof scene>[0] = {}) => {
  const it = scene({ words: null, ...options })
  const credits = held(it.stage, it.node, 'outputCredit')
  const job = wish(it.stage, it.client)
  const run = it.node.runs[0]!
  for (let n = 1; n <= pieces; n++) {
    piece(it.stage, it.node, run, `word${n} `, n)
    it.stage.advance(1)
  }
  return { ...it, job, run, credits, at: it.node.state.jobs.get(run.tag)! }
}

/** A credit as its key would give it. */
const credit = (it: Mid, next: number, allowed = 1e9, key = it.at.secrets.credit): void => {
  const { tag } = it.run
  const bytes = encodeCredit(key, tag, 'outputCredit', { next, allowed })
  const frame: Frame = { type: 'outputCredit', last: false, tag, seq: next, bytes }
  it.stage.tell(it.node, { type: 'frame', link: it.at.link, frame })
}
type Mid = ReturnType<typeof midstream>

const charged = (it: Mid): Content => {
  // The node's link breaks: what it signs then is what it holds to be credited.
  it.stage.cut(it.node, [...it.node.links.keys()][0]!)
  return JSON.parse(JSON.parse(it.node.disk.at(-1)!.text).content)
}

describe('credits', () => {
  test('with a wrong key are nothing', () => {
    const it = midstream(3)
    credit(it, 3, 1e9, new Uint8Array(32))
    expect(charged(it)).toMatchObject({ cost: '0', commit: { frames: 0 } })
  })

  test('for another direction or another job are nothing', () => {
    const it = midstream(3)
    for (const [type, tag] of [
      ['inputCredit', it.run.tag],
      ['outputCredit', 'ab'.repeat(16) as never],
    ] as const) {
      const bytes = encodeCredit(it.at.secrets.credit, tag, type, { next: 3, allowed: 1e9 })
      const frame: Frame = { type: 'outputCredit', last: false, tag: it.run.tag, seq: 3, bytes }
      it.stage.tell(it.node, { type: 'frame', link: it.at.link, frame })
    }
    expect(charged(it)).toMatchObject({ cost: '0' })
  })

  test('for frames that were never sent are nothing', () => {
    const it = midstream(3)
    credit(it, 4)
    expect(charged(it)).toMatchObject({ cost: '0' })
  })

  test('that are older or repeated take nothing back', () => {
    const it = midstream(3)
    for (const next of [2, 1, 2, 0]) credit(it, next)
    // 5 × 1 + 2 × 2.5 msat.
    expect(charged(it)).toMatchObject({ cost: '10', usage: { in_token: 5, out_token: 2 }, commit: { frames: 2 } })
  })

  test('count on the link of the job alone', () => {
    const it = midstream(3)
    const bytes = encodeCredit(it.at.secrets.credit, it.run.tag, 'outputCredit', { next: 3, allowed: 1e9 })
    const frame: Frame = { type: 'outputCredit', last: false, tag: it.run.tag, seq: 3, bytes }
    it.stage.tell(it.node, { type: 'frame', link: 999, frame })
    expect(charged(it)).toMatchObject({ cost: '0' })
  })
})

describe('a client that reads and does not credit', () => {
  test('gets one window at most; the runner waits, and after 10 s is free', () => {
    const it = midstream(0)
    const text = 'x'.repeat(4_000)
    for (let n = 1; n <= 1_000 && !it.run.paused; n++) piece(it.stage, it.node, it.run, text, n)
    expect(it.run.paused).toBe(true)
    const sent = framesTo(it.router, 'output').reduce((sum, frame) => sum + frame.bytes.length, 0)
    expect(sent).toBeLessThanOrEqual(it.stage.bounds.windowBytes)
    expect(sent).toBeGreaterThan(it.stage.bounds.windowBytes / 2)
    expect(it.at.pendingBytes).toBeLessThan(512 * 1024)
    it.stage.advance(9_999)
    expect(it.run.aborted).toBe(false)
    it.stage.advance(1)
    expect(it.run.aborted).toBe(true)
    expect(heardBy(it.router, 'receipt')).toMatchObject([{ status: 'partial', cost: '0', reason: 'no_credit' }])
    unharmed(it.stage)
  })

  test('to the end: a receipt `partial` at no cost after 10 s', () => {
    const it = midstream(2)
    done(it.stage, it.node, it.run, 2)
    it.stage.advance(9_900)
    expect(heardBy(it.router, 'receipt')).toEqual([])
    it.stage.advance(200)
    expect(heardBy(it.router, 'receipt')).toMatchObject([{ status: 'partial', cost: '0', commit: { frames: 0 } }])
  })

  test('allows more without having read it buys no time', () => {
    const it = midstream(0)
    for (let n = 1; n <= 1_000 && !it.run.paused; n++)
      piece(it.stage, it.node, it.run, 'x'.repeat(4_000), n)
    for (let n = 0; n < 12; n++) {
      credit(it, 0, 70_000 + n)
      it.stage.advance(1_000)
    }
    expect(it.run.aborted).toBe(true)
  })

  test('a slow one that credits keeps its job', () => {
    const it = scene({ words: null })
    const job = wish(it.stage, it.client, { deadlineMs: 200_000 })
    const run = it.node.runs[0]!
    for (let n = 1; n <= 60; n++) {
      if (!run.paused) piece(it.stage, it.node, run, 'x'.repeat(4_000), n)
      it.stage.advance(1_000)
    }
    expect(run.aborted).toBe(false)
    done(it.stage, it.node, run, 60)
    it.stage.advance(2_000)
    expect(outcomeOf(it.stage, job)).toMatchObject({ verified: true })
  })
})

describe('a cancel', () => {
  const cancelBy = (it: Mid, by: Party, more: Content = {}): void => {
    const content = { job: it.job, ticket: it.at.ticket, seen: 'started', next: 0, ...more }
    const to = it.node.signer.pubkey
    const draft = draftOf('cancel', content as never, { now: it.stage.now, net: 'sim', to })
    // A lying router lets it through.
    const parcel = { from: it.router, to: it.node, link: it.at.link, kind: 'event' as const }
    const event = by.signer.sign(draft)
    it.stage.deliver({ ...parcel, event, text: JSON.stringify(event) })
  }

  test('of somebody else is not heard, nor is an acknowledgement', () => {
    const it = midstream(2)
    held(it.stage, it.client, 'receipt')
    const thief = addClient(it.stage, it.router)
    cancelBy(it, thief)
    expect(it.run.aborted).toBe(false)
    expect(it.node.disk).toEqual([])
    cancelBy(it, it.client)
    const content = { receipt: it.at.receipt!, job: it.job, ticket: it.at.ticket, verdict: 'agree', reason: null } as const
    const to = it.node.signer.pubkey
    const event = thief.signer.sign(draftOf('acknowledgement', content, { now: it.stage.now, net: 'sim', to }))
    const parcel = { from: it.router, to: it.node, link: it.at.link, kind: 'event' as const }
    it.stage.deliver({ ...parcel, event, text: JSON.stringify(event) })
    expect(it.node.state.jobs.size).toBe(1)
    expect(it.node.disk.map((kept) => kept.kind)).toEqual(['receipt'])
  })

  test('is charged for what it says it has, and never for more than was sent', () => {
    for (const [next, cost] of [
      [0, '1'],
      [2, '10'],
      [3, '13'],
      [999, '13'],
    ] as const) {
      const it = midstream(3)
      cancelBy(it, it.client, { next })
      const [receipt] = heardBy(it.router, 'receipt')
      expect(receipt).toMatchObject({ status: 'client_cancelled', finish: 'cancel', cost })
      expect(it.run.aborted).toBe(true)
      unharmed(it.stage)
    }
  })

  test('that has not seen the start is not charged for reading', () => {
    const it = midstream(1)
    cancelBy(it, it.client, { seen: 'accepted' })
    expect(heardBy(it.router, 'receipt')).toMatchObject([{ cost: '0', usage: {} }])
  })

  test('stops what comes after it: no frame, no usage', () => {
    const it = midstream(2)
    cancelBy(it, it.client, { next: 2 })
    const before = framesTo(it.router, 'output').length
    piece(it.stage, it.node, it.run, 'more', 3)
    done(it.stage, it.node, it.run, 3)
    credit(it, 2)
    expect(framesTo(it.router, 'output')).toHaveLength(before)
    expect(it.node.disk.filter((kept) => kept.kind === 'receipt')).toHaveLength(1)
  })

  test('before its job arrives stops that job, and no other key’s', () => {
    for (const mine of [true, false]) {
      const it = scene()
      const jobs = held(it.stage, it.node, 'job')
      const job = wish(it.stage, it.client)
      const [parcel] = jobs
      const ticket = it.client.state.jobs.get(job)!.attempt!.offered.ticket.event.id
      const draft = draftOf(
        'cancel',
        { job, ticket, seen: 'nothing', next: 0 },
        { now: it.stage.now, net: 'sim', to: it.node.signer.pubkey },
      )
      const event = (mine ? it.client.signer : it.stage.newSigner()).sign(draft)
      it.stage.deliver({ ...parcel!, kind: 'event', event, text: JSON.stringify(event) } as never)
      it.stage.deliver(parcel!)
      expect(heardBy(it.router, 'accepted')).toHaveLength(mine ? 0 : 1)
      expect(heardBy(it.router, 'refused')).toMatchObject(mine ? [{ reason: 'cancelled' }] : [])
      // What is remembered of it is forgotten.
      it.stage.advance(301_000)
      expect(it.node.state.cancelled.size).toBe(0)
    }
  })

  test('by the hundred leaves nothing behind a runner that does not let go', () => {
    const it = midstream(1, { queue: 2 })
    for (let n = 0; n < 100; n++) {
      const job = wish(it.stage, it.client)
      it.stage.tell(it.client, { type: 'cancel', job })
      it.stage.advance(100)
    }
    expect(it.node.state.runners[0]!.waiting.length).toBeLessThanOrEqual(2)
    it.stage.advance(100_000)
    expect(it.node.state.runners[0]).toMatchObject({ waiting: [], running: 0 })
    unharmed(it.stage)
  })
})

test('a reset by the router frees the runner, and what was credited is charged', () => {
  const it = midstream(3)
  credit(it, 2)
  const frame: Frame = { type: 'reset', last: false, tag: it.run.tag, seq: 0, bytes: new Uint8Array() }
  it.stage.tell(it.node, { type: 'frame', link: it.at.link, frame })
  expect(it.run.aborted).toBe(true)
  expect(it.node.state.runners[0]!.running).toBe(0)
  expect(heardBy(it.router, 'receipt')).toMatchObject([{ status: 'partial', cost: '10' }])
})

test('output that a router drops, repeats or reorders is charged as it was credited', () => {
  const it = scene({ words: null })
  onFrames(it.stage, it.client, 'output', (frame) => (frame.seq < 2 ? [frame, frame] : []))
  const job = wish(it.stage, it.client)
  const run = it.node.runs[0]!
  for (let n = 1; n <= 4; n++) {
    piece(it.stage, it.node, run, `word${n} `, n)
    it.stage.advance(1)
  }
  done(it.stage, it.node, run, 4)
  it.stage.advance(20_000)
  expect(outcomeOf(it.stage, job)).toMatchObject({ verified: true, cost: 10n, receipt: { status: 'partial' } })
  expect(eventsTo(it.router, 'acknowledgement')).toHaveLength(1)
})
