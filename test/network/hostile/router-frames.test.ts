import { describe, expect, test } from 'bun:test'
import { encodeFrame } from '../../../src/engine/protocol/frames.ts'
import { done, isOpen, outcomeOf, piece, wish } from './cast.ts'
import { framesTo, held, onFrames, scene, unharmed } from './scene.ts'

describe('frames', () => {
  test('beyond 32 KiB before `accepted` end the job, on both sides', () => {
    const it = scene()
    held(it.stage, it.node, 'job')
    onFrames(it.stage, it.router, 'input', (frame) =>
      Array.from({ length: 5 }, (_, seq) => ({ ...frame, seq, bytes: new Uint8Array(8_000) })),
    )
    const job = wish(it.stage, it.client)
    expect(
      framesTo(it.client, 'reset').map((frame) => Buffer.from(frame.bytes).toString()),
    ).toEqual(['over_window'])
    expect(framesTo(it.node, 'reset')).not.toEqual([])
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'stream.over_window' })
    expect(
      framesTo(it.node, 'input').reduce((sum, frame) => sum + frame.bytes.length, 0),
    ).toBeLessThanOrEqual(32_768)
  })

  test('of output over the window reset both sides; before `accepted` they go nowhere', () => {
    const it = scene({ words: null })
    const job = wish(it.stage, it.client)
    const [run] = it.node.runs
    const output = (seq: number, bytes: number) =>
      encodeFrame({ type: 'output', last: false, tag: run!.tag, seq, bytes: new Uint8Array(bytes) })
    held(it.stage, it.client, 'output')
    it.stage.say(it.node, output(0, 60_000))
    expect(isOpen(it.stage, job)).toBe(true)
    it.stage.say(it.node, output(1, 6_000))
    for (const party of [it.client, it.node])
      expect(framesTo(party, 'reset').map((frame) => Buffer.from(frame.bytes).toString())).toEqual([
        'over_window',
      ])
    expect(run!.aborted).toBe(true)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'stream.over_window' })
  })

  test('after the end and from a node that was left go nowhere', () => {
    const it = scene({ words: null })
    // Its receipt waits for a credit: the job is open.
    held(it.stage, it.node, 'outputCredit')
    wish(it.stage, it.client)
    const [run] = it.node.runs
    piece(it.stage, it.node, run!, 'one ', 1)
    done(it.stage, it.node, run!, 1)
    const before = framesTo(it.client, 'output').length
    const bytes = new Uint8Array(40)
    it.stage.say(
      it.node,
      encodeFrame({ type: 'output', last: false, tag: run!.tag, seq: 9, bytes }),
    )
    expect(framesTo(it.client, 'output')).toHaveLength(before)
    unharmed(it.stage)
  })
})
