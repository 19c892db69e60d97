import { describe, expect, test } from 'bun:test'
import type { Frame } from '../../../src/engine/protocol/frames.ts'
import type { JobId } from '../../../src/engine/protocol/ids.ts'
import { done, isOpen, newsOf, outcomeOf, piece, wish } from './cast.ts'
import { withFrame } from './parcel.ts'
import {
  type Scene,
  framesTo,
  heardBy,
  held,
  onFrames,
  resealed,
  scene,
  unharmed,
} from './scene.ts'

const words = ['one ', 'two ', 'three ', 'four ']

/** A job of four pieces in a frame each, with its output tampered with on its way to the client. */
const streamed = (
  change: (frame: Frame, it: Scene) => readonly Frame[],
  options: Parameters<typeof scene>[0] = {},
) => {
  const it = scene({ words: null, ...options })
  onFrames(it.stage, it.client, 'output', (frame) => change(frame, it))
  const job = wish(it.stage, it.client)
  const [run] = it.node.runs
  words.forEach((word, i) => {
    piece(it.stage, it.node, run!, word, i + 1)
    it.stage.advance(1)
  })
  done(it.stage, it.node, run!, words.length)
  it.stage.advance(70_000)
  unharmed(it.stage)
  return { ...it, job, outcome: outcomeOf(it.stage, job) }
}

/** Changes one frame, by its number. */
const at = (seq: number, change: (frame: Frame) => Frame | readonly Frame[]) => (frame: Frame) =>
  frame.seq === seq ? [change(frame)].flat() : [frame]

const flip = (frame: Frame, byte = 3): Frame => {
  const bytes = frame.bytes.slice()
  bytes[byte]! ^= 1
  return { ...frame, bytes }
}

const whole = { fault: null, verified: true, output: { message: { content: words.join('') } } }

describe('output that changes nothing', () => {
  const harmless: Record<string, (frame: Frame) => readonly Frame[]> = {
    'every frame twice': (frame) => [frame, frame],
    'a frame with another’s number after it': (frame) => [frame, { ...flip(frame), seq: 0 }],
    'frames of jobs that are not ours': (frame) => [
      { ...frame, tag: 'ab'.repeat(16) as never },
      frame,
    ],
    'a frame far beyond any window, without bytes': (frame) => [
      { ...frame, seq: 1_000_000, bytes: new Uint8Array() },
      frame,
    ],
    'more frames after the last': (frame) =>
      frame.last ? [frame, { ...frame, seq: frame.seq + 1 }, { ...frame, seq: 99 }] : [frame],
  }
  for (const [what, change] of Object.entries(harmless))
    test(what, () => expect(streamed(change).outcome).toMatchObject(whole))

  test('frames out of order are put in order', () => {
    let kept: Frame | undefined
    const { outcome } = streamed((frame) => {
      if (frame.seq === 1) return (void (kept = frame), [])
      return frame.seq === 2 ? [frame, kept!] : [frame]
    })
    expect(outcome).toMatchObject(whole)
  })

  test('frames before `accepted` are not read', () => {
    const it = scene({ words: null })
    // The router lets the node's word through too late.
    let word: Parameters<typeof it.stage.deliver>[0] | undefined
    it.stage.tampers.push((parcel) => {
      if (word || parcel.to !== it.client || parcel.kind !== 'event') return undefined
      if (!parcel.event.content.includes('"accepted"')) return undefined
      word = parcel
      return []
    })
    const job = wish(it.stage, it.client)
    piece(it.stage, it.node, it.node.runs[0]!, 'one ', 1)
    expect(framesTo(it.client, 'output')).toHaveLength(1)
    it.stage.advance(500)
    expect(newsOf(it.stage, job).some((news) => news.type === 'piece')).toBe(false)
    expect(framesTo(it.node, 'outputCredit')).toEqual([])
  })
})

describe('output that is a lie ends the job as the node’s or router’s fault', () => {
  const garbage = 'stream.garbage'
  const lies: Record<string, [string, (frame: Frame, it: Scene) => readonly Frame[]]> = {
    'one bit is flipped': [garbage, at(2, flip)],
    'a frame of nothing but a tag': [
      garbage,
      at(2, (frame) => ({ ...frame, bytes: new Uint8Array(16) })),
    ],
    'the end is called early': [garbage, at(2, (frame) => ({ ...frame, last: true }))],
    'the end is hidden': [garbage, (frame) => [frame.last ? { ...frame, last: false } : frame]],
    'frames are renumbered': [
      garbage,
      (frame) => [{ ...frame, seq: frame.seq < 2 ? frame.seq : 5 - frame.seq }],
    ],
    'a delta is none of the task': [
      garbage,
      (frame, it) =>
        frame.seq === 2 ? [resealed(it.node, frame, (p) => ({ ...p, p: [{ text: 5 }] }))] : [frame],
    ],
    'the payload is no payload': [
      garbage,
      (frame, it) =>
        frame.seq === 2
          ? [resealed(it.node, frame, (p) => ({ ...p, u: { gold: 1 } as never }))]
          : [frame],
    ],
    'usage goes over what the job allows': [
      'stream.over_max',
      (frame, it) =>
        frame.seq === 2
          ? [resealed(it.node, frame, (p) => ({ ...p, u: { in_token: 5, out_token: 65 } }))]
          : [frame],
    ],
    'more bytes than the window': [
      'stream.over_window',
      at(2, (frame) => [{ ...frame, seq: 5, bytes: new Uint8Array(70_000) }]),
    ],
  }
  for (const [what, [code, change]] of Object.entries(lies))
    test(what, () => {
      const { outcome, client, node, router } = streamed(change)
      expect(outcome.fault).toMatchObject({ kind: 'verification', code })
      // What came before is kept and paid for; nothing from the lie on is.
      expect(outcome.output).toMatchObject({
        message: { content: expect.stringMatching(/^one two (three four )?$/) },
      })
      const [cancel] = heardBy(router, 'cancel')
      const next = cancel!.next as number
      expect(next).toBeLessThan(5)
      for (const { bytes } of framesTo(node, 'outputCredit'))
        expect(new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)).toBeLessThanOrEqual(next)
      expect(outcome.receipt?.commit.frames ?? 0).toBeLessThanOrEqual(next)
      expect(client.state.jobs.size).toBe(0)
    })

  test('one job’s frame under another’s tag opens for neither', () => {
    const it = scene({ words: null, slots: 2 })
    const jobs = [wish(it.stage, it.client), wish(it.stage, it.client)]
    const [one, two] = it.node.runs
    it.stage.tampers.push((parcel) => {
      if (parcel.to !== it.client || parcel.kind !== 'frame' || parcel.frame.tag !== one!.tag)
        return
      return [withFrame(parcel, { ...parcel.frame, tag: two!.tag })]
    })
    piece(it.stage, it.node, one!, 'for the first alone', 1)
    it.stage.advance(1_000)
    for (const job of jobs) expect(textsOf(it, job)).toEqual([])
    expect(outcomeOf(it.stage, jobs[1]!).fault).toMatchObject({ code: garbage })
    expect(isOpen(it.stage, jobs[0]!)).toBe(true)
  })
})

describe('output without an end', () => {
  const endless = (outputBytes: number, text: string, count: number) => {
    const it = scene({ words: null })
    Object.assign(it.client.state.bounds, { outputBytes })
    const job = wish(it.stage, it.client)
    const [run] = it.node.runs
    for (let n = 0; n < count && isOpen(it.stage, job) && !run!.aborted; n++) {
      // It never says that more than one token came.
      piece(it.stage, it.node, run!, text, 1)
      it.stage.advance(300)
    }
    it.stage.advance(5_000)
    return { ...it, run: run!, outcome: outcomeOf(it.stage, job) }
  }

  test('is cut off at the bound on bytes, and the runner stops', () => {
    const { outcome, run } = endless(100_000, 'x'.repeat(4_000), 60)
    expect(outcome.fault).toMatchObject({ kind: 'verification', code: 'stream.too_large' })
    expect(run.aborted).toBe(true)
  })

  test('in thousands of deltas of a letter, in one frame, is cut off as well', () => {
    const it = scene({ words: null })
    Object.assign(it.client.state.bounds, { outputBytes: 20_000 })
    onFrames(it.stage, it.client, 'output', (frame) => [
      resealed(it.node, frame, (payload) => ({
        ...payload,
        p: Array.from({ length: 400 }, () => ({ text: 'x' })),
      })),
    ])
    const job = wish(it.stage, it.client)
    piece(it.stage, it.node, it.node.runs[0]!, 'x', 1)
    it.stage.advance(5_000)
    unharmed(it.stage)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'stream.too_large' })
    expect(textsOf(it, job)).toEqual([])
  })

  test('in pieces of nothing is cut off as well', () => {
    const { outcome } = endless(20_000, '', 100)
    expect(outcome.fault).toMatchObject({ code: 'stream.too_large' })
  })
})

const textsOf = (it: Scene, job: JobId): string[] =>
  newsOf(it.stage, job).flatMap((news) => (news.type === 'piece' ? [news.text] : []))

test('after a lie nothing more is credited, whatever comes and however long it takes', () => {
  const it = scene({ words: null })
  held(it.stage, it.router, 'cancel')
  onFrames(it.stage, it.client, 'output', at(1, flip))
  const job = wish(it.stage, it.client)
  for (let n = 1; n <= 4; n++) {
    piece(it.stage, it.node, it.node.runs[0]!, `${n} `, n)
    it.stage.advance(1)
  }
  expect(framesTo(it.client, 'output')).toHaveLength(4)
  it.stage.advance(1_500)
  expect(isOpen(it.stage, job)).toBe(true)
  expect(framesTo(it.node, 'outputCredit')).toEqual([])
  it.stage.advance(1_000)
  const { cost, fault, output } = outcomeOf(it.stage, job)
  expect(fault).toMatchObject({ code: 'stream.garbage' })
  expect(cost).toBe(0n as never)
  expect(output).toMatchObject({ message: { content: '1 ' } })
})
