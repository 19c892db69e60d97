import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { signed, verifier } from '../../../test/vectors/parties.ts'
import { NOW, SAMPLES, sample } from '../../../test/vectors/samples.ts'
import { unixMs } from '../base/clock.ts'
import { eventText, isTextOf, partsOf } from './event.ts'
import {
  FRAME_TYPES,
  type Frame,
  type FrameType,
  decodeFrame,
  encodeCredit,
  encodeFrame,
  openCredit,
  readCredit,
  readFrame,
  readReset,
} from './frames.ts'
import type { JobTag } from './ids.ts'
import { type IntakeRules, admit } from './intake.ts'
import { decodeText, parseSealed, parseStrict } from './json.ts'
import { KINDS, type KindName } from './kinds.ts'
import { decodeOutput, decodeSealed } from './payload.ts'
import { isRefusal } from './refusal.ts'
import { ReplayCache } from './replay.ts'

const rules = (): IntakeRules => ({
  verifier,
  net: 'sim',
  isMe: () => true,
  startedAt: unixMs(NOW - 3_600_000),
  replay: new ReplayCache(),
})
// Said sealed alone, under the number of `sync`.
const names = Object.keys(KINDS).filter(
  (name) => name in SAMPLES && name !== 'tab_sync',
) as KindName[]
const bytes = fc.uint8Array({ maxLength: 300 })
const tag = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((it) => it.toHex() as JobTag)

describe('whatever bytes come', () => {
  test('a text is told from what would have been written, wherever it differs', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.nat(),
        fc.string({ maxLength: 3 }),
        fc.nat(3),
        (name, at, more, less) => {
          const event = sample(name)
          const parts = partsOf(event)
          const whole = eventText(event)
          const from = at % (whole.length + 1)
          const text = whole.slice(0, from) + more + whole.slice(from + less)
          expect(isTextOf(text, event, parts)).toBe(text === whole)
          expect(isTextOf(whole, event, parts)).toBe(true)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('nothing throws, and what is admitted is written again as it is', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ',',
      ':',
      '\\',
      '\\u',
      'e',
      '-0',
      '1e2',
      '0',
    )
    const soup = fc.array(fc.oneof(pieces, fc.string({ maxLength: 5 })), { maxLength: 60 })
    fc.assert(
      fc.property(
        fc.oneof(
          bytes,
          soup.map((it) => Buffer.from(it.join(''))),
        ),
        (it) => {
          const text = decodeText(it)
          decodeSealed(it)
          decodeOutput(it)
          decodeFrame(it)
          readCredit(it)
          readReset(it)
          if (isRefusal(text)) return
          expect(isRefusal(admit(text.text, rules(), NOW))).toBe(true)
          for (const parsed of [parseStrict(text.text, { maxDepth: 8 }), parseSealed(text.text)])
            if (!isRefusal(parsed)) expect(JSON.stringify(parsed.value)).toBeDefined()
        },
      ),
      { numRuns: 2_000, seed: 3 },
    )
  })

  test('what is printed is parsed as it was', () => {
    const depthOf = (it: unknown): number =>
      typeof it === 'object' && it !== null ? 1 + Math.max(0, ...Object.values(it).map(depthOf)) : 0
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), (value) => {
        const text = JSON.stringify(value)
        const parsed = parseSealed(text)
        if (isRefusal(parsed)) throw new Error(parsed.detail)
        expect(JSON.stringify(parsed.value)).toBe(text)
        const strict = parseStrict(text, { maxDepth: 8 })
        // The strict one takes the same values, without fractions, controls and lone surrogates.
        if (!isRefusal(strict)) expect(JSON.stringify(strict.value)).toBe(text)
        else expect(depthOf(value) <= 8 || strict.refused === 'event.too_deep').toBe(true)
      }),
      { numRuns: 1_000, seed: 4 },
    )
  })
})

describe('events of each kind', () => {
  test.each(names)('%s: one byte changed is refused, or the same event', (name) => {
    const event = sample(name)
    const text = Buffer.from(eventText(event))
    fc.assert(
      fc.property(fc.nat({ max: text.length - 1 }), fc.nat({ max: 255 }), (at, byte) => {
        const changed = Buffer.from(text)
        changed[at] = byte
        const decoded = decodeText(changed)
        if (isRefusal(decoded)) return
        const verdict = admit(decoded.text, rules(), NOW)
        if (isRefusal(verdict)) return
        expect(verdict.event).toEqual(event)
        expect(Buffer.from(verdict.text).equals(text) || changed[at] !== text[at]).toBe(true)
      }),
      { numRuns: 150, seed: 6 },
    )
  })

  test('what was admitted is admitted again from its own text, elsewhere, to the byte', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.nat({ max: 3 }), (name, spaces) => {
        const written = JSON.stringify(signed(SAMPLES[name].by, SAMPLES[name].draft), null, spaces)
        const first = admit(written, rules(), NOW)
        if (isRefusal(first)) throw new Error(first.detail)
        const second = admit(first.text, rules(), NOW)
        if (isRefusal(second)) throw new Error(second.detail)
        expect(second.text).toBe(first.text)
        expect(second.event).toEqual(first.event)
      }),
      { numRuns: 60, seed: 7 },
    )
  })
})

describe('frames', () => {
  const frame: fc.Arbitrary<Frame> = fc
    .record({
      type: fc.constantFrom(...(Object.keys(FRAME_TYPES) as FrameType[])),
      last: fc.boolean(),
      tag,
      seq: fc.nat({ max: 2 ** 32 - 1 }),
      bytes: fc.uint8Array({ minLength: 16, maxLength: 200 }),
    })
    .map((it) => ({ ...it, last: it.last && it.type === 'output' }))

  test('are read as they were written, and written as they were read', () => {
    fc.assert(
      fc.property(frame, (it) => {
        const written = encodeFrame(it)
        const read = decodeFrame(written)!
        // A router passes on the very bytes that came.
        expect(readFrame(written)?.whole).toBe(written)
        expect({ ...read, bytes: [...read.bytes] }).toEqual({ ...it, bytes: [...it.bytes] })
        expect(Buffer.compare(encodeFrame(read), written)).toBe(0)
      }),
      { numRuns: 500, seed: 8 },
    )
  })

  test('of any bytes are none, or written again as they came', () => {
    fc.assert(
      fc.property(bytes, fc.boolean(), (it, isOurs) => {
        if (isOurs && it.length > 0) it[0] = 1
        const read = decodeFrame(it)
        if (read) expect(Buffer.compare(encodeFrame(read), it)).toBe(0)
      }),
      { numRuns: 2_000, seed: 9 },
    )
  })

  test('credits say what was said, to their job and direction alone, and no changed byte passes', () => {
    const key = new Uint8Array(32).fill(7)
    const numbers = fc.record({
      next: fc.nat({ max: 2 ** 32 - 1 }),
      allowed: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
    })
    fc.assert(
      fc.property(
        tag,
        numbers,
        fc.nat({ max: 27 }),
        fc.integer({ min: 1, max: 255 }),
        (its, credit, at, flip) => {
          const type = 'outputCredit'
          const written = encodeCredit(key, its, type, credit)
          const of = (more: Partial<Frame>): Frame => ({
            type,
            last: false,
            tag: its,
            seq: credit.next,
            bytes: written,
            ...more,
          })
          expect(openCredit(key, of({}))).toEqual(credit)
          const changed = written.slice()
          changed[at]! ^= flip
          expect(openCredit(key, of({ bytes: changed }))).toBeUndefined()
          expect(openCredit(key, of({ type: 'inputCredit' }))).toBeUndefined()
          expect(openCredit(new Uint8Array(32), of({}))).toBeUndefined()
        },
      ),
      { numRuns: 300, seed: 10 },
    )
  })
})
