import { describe, expect, test } from 'bun:test'
import { encodeCredit } from '../../../src/engine/protocol/frames.ts'
import type { Frame } from '../../../src/engine/protocol/frames.ts'
import { done, outcomeOf, piece, wish } from './cast.ts'
import { rawFrame } from './parcel.ts'
import { eventsTo, framesTo, heardBy, held, onFrames, scene, unharmed } from './scene.ts'

import { charged, credit, midstream } from './midstream.ts'

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
      it.stage.tell(it.node, { type: 'frame', link: it.at.link, frame: rawFrame(frame) })
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
    expect(charged(it)).toMatchObject({
      cost: '10',
      usage: { in_token: 5, out_token: 2 },
      commit: { frames: 2 },
    })
  })

  test('count on the link of the job alone', () => {
    const it = midstream(3)
    const bytes = encodeCredit(it.at.secrets.credit, it.run.tag, 'outputCredit', {
      next: 3,
      allowed: 1e9,
    })
    const frame: Frame = { type: 'outputCredit', last: false, tag: it.run.tag, seq: 3, bytes }
    it.stage.tell(it.node, { type: 'frame', link: 999, frame: rawFrame(frame) })
    expect(charged(it)).toMatchObject({ cost: '0' })
  })
})

describe('a client that reads and does not credit', () => {
  test('gets one window at most; the runner waits, and is free when its time is up', () => {
    const it = midstream(0)
    const text = 'x'.repeat(4_000)
    for (let n = 1; n <= 1_000 && !it.run.paused; n++) piece(it.stage, it.node, it.run, text, n)
    expect(it.run.paused).toBe(true)
    const sent = framesTo(it.router, 'output').reduce((sum, frame) => sum + frame.bytes.length, 0)
    expect(sent).toBeLessThanOrEqual(it.stage.bounds.windowBytes)
    expect(sent).toBeGreaterThan(it.stage.bounds.windowBytes / 2)
    expect(it.at.pendingBytes).toBeLessThan(512 * 1024)
    it.stage.advance(it.stage.bounds.lastCreditWithinMs - 1)
    expect(it.run.aborted).toBe(false)
    it.stage.advance(1)
    expect(it.run.aborted).toBe(true)
    expect(heardBy(it.router, 'receipt')).toMatchObject([
      { status: 'partial', cost: '0', reason: 'no_credit' },
    ])
    unharmed(it.stage)
  })

  test('to the end: a receipt `partial` at no cost when its time is up', () => {
    const it = midstream(2)
    done(it.stage, it.node, it.run, 2)
    it.stage.advance(it.stage.bounds.lastCreditWithinMs - 100)
    expect(heardBy(it.router, 'receipt')).toEqual([])
    it.stage.advance(200)
    expect(heardBy(it.router, 'receipt')).toMatchObject([
      { status: 'partial', cost: '0', commit: { frames: 0 } },
    ])
  })

  test('allows more without having read it buys no time', () => {
    const it = midstream(0)
    for (let n = 1; n <= 1_000 && !it.run.paused; n++)
      piece(it.stage, it.node, it.run, 'x'.repeat(4_000), n)
    for (let n = 0; n < 12; n++) {
      credit(it, 0, 70_000 + n)
      it.stage.advance(it.stage.bounds.lastCreditWithinMs / 10)
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

describe('four jobs of a key that has paid nothing, whose runners have much to say', () => {
  const four = () => {
    const it = scene({ words: null, slots: 4, stranger: true })
    const credits = held(it.stage, it.node, 'outputCredit')
    const jobs = [1, 2, 3, 4].map(() => wish(it.stage, it.client, { deadlineMs: 600_000 }))
    for (let n = 1; n <= 1_000; n++)
      for (const run of it.node.runs)
        if (!run.paused) piece(it.stage, it.node, run, 'x'.repeat(4_000), Math.min(n, 60))
    expect(it.node.runs.map((run) => run.paused)).toEqual([true, true, true, true])
    const aborted = () => it.node.runs.filter((run) => run.aborted).length
    return { ...it, credits, jobs, aborted }
  }

  test('and that credits none: one piece for all, and in 15 s all four runners are free', () => {
    const it = four()
    it.stage.advance(it.stage.bounds.lastCreditWithinMs - 1)
    expect(it.aborted()).toBe(0)
    it.stage.advance(1)
    expect(it.aborted()).toBe(4)
    expect(framesTo(it.router, 'output')).toHaveLength(1)
    expect(it.node.state.runners[0]!.running).toBe(0)
    unharmed(it.stage)
  })

  test('and that credits slowly, one after the other: all are waited for', () => {
    const it = four()
    for (let n = 0; n < 8; n++) {
      it.stage.advance(10_000)
      for (const late of it.credits.splice(0)) it.stage.deliver(late)
    }
    expect(it.aborted()).toBe(0)
    unharmed(it.stage)
  })
})

test('a reset by the router frees the runner, and what was credited is charged', () => {
  const it = midstream(3)
  credit(it, 2)
  const frame: Frame = {
    type: 'reset',
    last: false,
    tag: it.run.tag,
    seq: 0,
    bytes: new Uint8Array(),
  }
  it.stage.tell(it.node, { type: 'frame', link: it.at.link, frame: rawFrame(frame) })
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
  expect(outcomeOf(it.stage, job)).toMatchObject({
    verified: true,
    cost: 10n,
    receipt: { status: 'partial' },
  })
  expect(eventsTo(it.router, 'acknowledgement')).toHaveLength(1)
})
