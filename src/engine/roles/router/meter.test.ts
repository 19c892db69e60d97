import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { BOUNDS, KIB, MIB } from '../../base/bounds.ts'
import { allow, allowAgain, measure, newMeter, restoredMeter } from './meter.ts'

describe('a meter', () => {
  test('lets one first window pass, and not a byte more', () => {
    const meter = newMeter(BOUNDS)
    expect(measure(meter, 0, 64 * KIB)).toBe('new')
    expect(measure(meter, 1, 1)).toBe('over')
  })

  test('credits only raise it', () => {
    const meter = newMeter(BOUNDS)
    allow(meter, { next: 1, allowed: 100 * KIB }, BOUNDS)
    allow(meter, { next: 0, allowed: 10 }, BOUNDS)
    expect(measure(meter, 0, 100 * KIB)).toBe('new')
  })

  test('what comes again is not counted twice, and has a bound of its own until it is asked for', () => {
    const meter = newMeter(BOUNDS)
    measure(meter, 0, 60 * KIB)
    expect(measure(meter, 0, 60 * KIB)).toBe('again')
    expect(measure(meter, 0, 60 * KIB)).toBe('dropped')
    expect(measure(meter, 1, 4 * KIB)).toBe('new')
    allowAgain(meter, BOUNDS)
    for (let n = 0; n < 17; n++) expect(measure(meter, 0, 60 * KIB)).toBe('again')
    expect(measure(meter, 0, 60 * KIB)).toBe('dropped')
  })
})

test('of a job that another run placed: never harsher than its ends are, never laxer than a window', () => {
  fc.assert(
    fc.property(
      // What was read before the restart, what is on the way, and the window of the reader.
      fc.integer({ min: 0, max: 100 * MIB }),
      fc.integer({ min: 0, max: 1 * MIB }),
      fc.integer({ min: 64 * KIB, max: 1 * MIB }),
      (read, sent, window) => {
        const onWay = Math.min(sent, window)
        const meter = restoredMeter(BOUNDS)
        // All that is kept is sent again; then the credit comes, and the rest of the window is used.
        expect(measure(meter, 1_000, onWay)).toBe('new')
        allow(meter, { next: 1_001, allowed: read + onWay + window }, BOUNDS)
        expect(measure(meter, 1_001, window)).toBe('new')
        // Who goes on without a credit is stopped one largest window later at the latest.
        expect(measure(meter, 1_002, 1 * MIB + 1)).toBe('over')
      },
    ),
  )
})
