import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { parseBytes, parseMs, writeBytes, writeMs } from './units.ts'

describe('units', () => {
  test.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5 m', 300_000],
    ['48h', 172_800_000],
    ['0s', 0],
    ['30', undefined],
    ['s', undefined],
    ['1d', undefined],
    ['-1s', undefined],
    ['1.5s', undefined],
    ['1,5s', undefined],
    ['1_000ms', undefined],
    ['1e3s', undefined],
    ['9999999999s', undefined],
  ])('%s is %p ms', (text, ms) => expect(parseMs(text)).toBe(ms))

  test.each([
    ['512B', 512],
    ['64KiB', 65_536],
    ['8 MiB', 8_388_608],
    ['1GiB', 1_073_741_824],
    ['64', undefined],
    ['1,5GiB', undefined],
    ['64KB', undefined],
    ['64kib', undefined],
  ])('%s is %p bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes))

  test('what is written is read as the same', () => {
    fc.assert(
      fc.property(fc.nat(999_999_999), (n) => {
        expect(parseMs(writeMs(n))).toBe(n)
        expect(parseBytes(writeBytes(n))).toBe(n)
      }),
    )
  })

  test('in the largest unit that loses nothing', () => {
    expect([writeMs(0), writeMs(90_000), writeMs(120_000), writeMs(1_001)]).toEqual([
      '0ms',
      '90s',
      '2m',
      '1001ms',
    ])
    expect([writeBytes(65_536), writeBytes(65_537)]).toEqual(['64KiB', '65537B'])
  })
})
