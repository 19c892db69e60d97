import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { BOUNDS, KIB, MIB } from '../base/bounds.ts'
import { unixMs } from '../base/clock.ts'
import { seededRandom } from '../base/random.ts'
import type { Credit } from '../protocol/frames.ts'
import { type Portion, ReadWindow, windowBudget, WriteWindow } from './flow.ts'

const at = (ms: number) => unixMs(1_800_000_000_000 + ms)
const portion = (seq: number, size = 1, last = false): Portion => ({
  seq,
  bytes: new Uint8Array(size).fill(seq),
  last,
})
const reader = (budget = windowBudget()) => new ReadWindow(budget)

describe('reading', () => {
  test('the first frame is credited within 250 ms, not at once', () => {
    const window = reader()
    expect(window.arrived(portion(0, 100), at(0)).credit).toBeNull()
    expect(window.dueAt()).toBe(at(250))
    expect(window.tick(at(249))).toBeNull()
    expect(window.tick(at(250))).toEqual({ next: 1, allowed: 100 + 64 * KIB })
    expect([window.dueAt(), window.tick(at(9_999))]).toEqual([undefined, null])
  })

  test('a quarter of the window, and the last frame, are credited at once', () => {
    const window = reader()
    expect(window.arrived(portion(0, 16 * KIB - 1), at(0)).credit).toBeNull()
    expect(window.arrived(portion(1, 1), at(0)).credit).toEqual({ next: 2, allowed: 80 * KIB })
    expect(window.arrived(portion(2, 1, true), at(0)).credit?.next).toBe(3)
    expect(window.isEnded()).toBe(true)
  })

  test('one byte over the window is over it, and nothing of the frame is taken', () => {
    const window = reader()
    expect(window.arrived(portion(1, 64 * KIB), at(0)).overWindow).toBe(false)
    expect(window.arrived(portion(0, 1), at(0))).toEqual({
      ready: [],
      credit: null,
      overWindow: true,
    })
  })

  test('frames come out in order, each once', () => {
    const window = reader()
    expect(window.arrived(portion(2), at(0)).ready).toEqual([])
    expect(window.arrived(portion(1), at(0)).ready).toEqual([])
    expect(window.arrived(portion(0), at(0)).ready.map((it) => it.seq)).toEqual([0, 1, 2])
    for (const seq of [0, 1, 2]) expect(window.arrived(portion(seq), at(0)).ready).toEqual([])
  })

  test('nothing is read after the last frame', () => {
    const window = reader()
    window.arrived(portion(1), at(0))
    expect(window.arrived(portion(0, 1, true), at(0)).ready.length).toBe(1)
    expect(window.arrived(portion(1), at(0)).ready).toEqual([])
  })

  test('frames without bytes cannot fill memory beyond a gap', () => {
    const window = reader()
    for (let seq = 1; seq < 5_000; seq++) window.arrived(portion(seq, 0), at(0))
    expect(window.arrived(portion(0, 0), at(0)).ready.length).toBe(1_025)
  })

  test('a frame that came twice makes the credit due again: the first may be lost', () => {
    const window = reader()
    window.arrived(portion(0), at(0))
    const credit = window.tick(at(250))
    expect(window.arrived(portion(0), at(300)).credit).toBeNull()
    expect(window.tick(at(550))).toEqual(credit)
  })

  test('after a lost link all is sent again, and nothing counts twice', () => {
    const window = reader()
    const writer = new WriteWindow()
    for (let seq = 0; seq < 4; seq++) writer.sent(portion(seq, 16 * KIB))
    const [first, second, ...lost] = writer.unacknowledged()
    for (const it of [first!, second!]) window.arrived(it, at(0))
    expect(window.nextSeq()).toBe(2)
    // Its credits were lost with the link: what it says now is what it would have said.
    const credit = window.credit()
    expect(credit).toEqual({ next: 2, allowed: 96 * KIB })
    expect(window.credit()).toEqual(credit)
    for (const it of writer.unacknowledged())
      expect(window.arrived(it, at(1_000)).overWindow).toBe(false)
    expect([window.nextSeq(), lost.length]).toEqual([4, 2])
    writer.credited(window.credit())
    expect([writer.unacknowledged(), writer.room()]).toEqual([[], 64 * KIB])
  })

  test('a paused reader says what came and allows no more; resume gives what was held back', () => {
    const window = reader()
    window.pause()
    const { credit } = window.arrived(portion(0, 60 * KIB), at(0))
    expect(credit).toEqual({ next: 1, allowed: 64 * KIB })
    expect(window.resume()).toEqual({ next: 1, allowed: 124 * KIB })
    expect(window.resume()).toBeNull()
  })

  const flood = (window: ReadWindow, frames: number, stepMs: number): Credit => {
    let credit: Credit = { next: 0, allowed: 64 * KIB }
    for (let seq = 0; seq < frames; seq++)
      credit = window.arrived(portion(seq, 16 * KIB), at(seq * stepMs)).credit ?? credit
    return credit
  }
  const windowOf = (credit: Credit) => credit.allowed - credit.next * 16 * KIB

  test('the window grows with the rate, to 1 MiB, and not for a slow writer', () => {
    expect(windowOf(flood(reader(), 400, 1))).toBe(1 * MIB)
    expect(windowOf(flood(reader(), 400, 40))).toBe(64 * KIB)
  })

  test('all windows of a connection stay under 8 MiB, the first windows of 64 jobs included', () => {
    const budget = windowBudget()
    const fast = Array.from({ length: 20 }, () => reader(budget))
    for (const window of fast) flood(window, 400, 1)
    expect(budget.used).toBeGreaterThan(4 * MIB)
    const rest = Array.from({ length: 44 }, () => reader(budget))
    expect(budget.used).toBeLessThanOrEqual(BOUNDS.windowsPerLinkBytes)
    for (const window of [...fast, ...rest, ...rest]) window.close()
    expect([budget.used, budget.open]).toEqual([0, 0])
  })
})

describe('writing', () => {
  test('credits only rise; what was never sent cannot be acknowledged', () => {
    const writer = new WriteWindow()
    writer.sent(portion(0, 100))
    writer.sent(portion(1, 100))
    expect(writer.credited({ next: 3, allowed: 1 * MIB })).toBe(false)
    expect(writer.credited({ next: 1, allowed: 65_636 })).toBe(true)
    const before = [writer.room(), writer.acknowledgedSeq(), writer.unacknowledged().length]
    expect(writer.credited({ next: 0, allowed: 10 })).toBe(false)
    expect([writer.room(), writer.acknowledgedSeq(), writer.unacknowledged().length]).toEqual(
      before,
    )
  })

  test('what is kept is bounded, whatever the reader allows', () => {
    const writer = new WriteWindow()
    writer.credited({ next: 0, allowed: Number.MAX_SAFE_INTEGER })
    expect(writer.room()).toBe(1 * MIB)
  })

  test('sending over the window, or out of order, is a bug of ours', () => {
    const writer = new WriteWindow()
    expect(writer.canSend(64 * KIB)).toBe(true)
    expect(writer.canSend(64 * KIB + 1)).toBe(false)
    expect(() => writer.sent(portion(0, 64 * KIB + 1))).toThrow()
    expect(() => writer.sent(portion(1))).toThrow()
  })
})

test('any network: all arrives in order, once, within what was allowed', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 60 }),
      fc.record({ loss: fc.integer({ min: 0, max: 40 }), twice: fc.integer({ min: 0, max: 40 }) }),
      (seed, sizes, { loss, twice }) => {
        const random = seededRandom(seed)
        const writer = new WriteWindow()
        const window = reader()
        const wires: { frames: Portion[]; credits: Credit[] } = { frames: [], credits: [] }
        const put = <T>(wire: T[], it: T): void => {
          if (random.below(100) < loss) return
          wire.push(it)
          if (random.below(100) < twice) wire.push(it)
        }
        const got: Portion[] = []
        let granted = 64 * KIB
        let now = 0
        for (let turn = 0; turn < 20_000 && writer.acknowledgedSeq() < sizes.length; turn++) {
          now += random.below(50)
          const seq = writer.nextSeq()
          const size = sizes[seq]
          if (size !== undefined && writer.canSend(size)) {
            const next = portion(seq, size, seq === sizes.length - 1)
            writer.sent(next)
            put(wires.frames, next)
          } else if (random.below(10) === 0)
            for (const kept of writer.unacknowledged()) put(wires.frames, kept)
          const unacknowledged = writer.unacknowledged().reduce((n, it) => n + it.bytes.length, 0)
          expect(unacknowledged).toBeLessThanOrEqual(1 * MIB)
          const frame = wires.frames.splice(random.below(wires.frames.length + 1), 1)[0]
          const arrived = frame && window.arrived(frame, at(now))
          expect(arrived?.overWindow ?? false).toBe(false)
          got.push(...(arrived?.ready ?? []))
          const credit = arrived?.credit ?? window.tick(at(now))
          if (credit) {
            expect(credit.allowed).toBeGreaterThanOrEqual(granted)
            granted = credit.allowed
            put(wires.credits, credit)
          }
          // Any credit of the past may come now: an old one must change nothing.
          const back = wires.credits.splice(random.below(wires.credits.length + 1), 1)[0]
          if (back) writer.credited(back)
        }
        expect(got.map((it) => [it.seq, it.bytes.length])).toEqual(
          sizes.map((size, i) => [i, size]),
        )
      },
    ),
    { numRuns: 150 },
  )
})
