import { describe, expect, test } from 'bun:test'
import { count, shortId, showBytes, showMs, showRate } from './figures.ts'

describe('figures', () => {
  test.each([
    [0.4, '0 ms'],
    [340, '340 ms'],
    [999.6, '1 s'],
    [1_234, '1.2 s'],
    [12_340, '12.3 s'],
    [59_949, '59.9 s'],
    [200_000, '3 min 20 s'],
  ])('%d ms is %s', (ms, text) => expect(showMs(ms)).toBe(text))

  test.each([
    [1, '1 byte'],
    [812, '812 bytes'],
    [65_536, '64 KiB'],
    [1_572_864, '1.5 MiB'],
  ])('%d bytes are %s', (bytes, text) => expect(showBytes(bytes)).toBe(text))

  test('a rate needs something to count and time to count it in', () => {
    expect(showRate(61, 1600, 'tok')).toBe('38.1 tok/s')
    expect(showRate(1, 1600, 'tok')).toBeUndefined()
    expect(showRate(50, 0, 'tok')).toBeUndefined()
  })

  test('one is not many', () => {
    expect(count(1, 'job')).toBe('1 job')
    expect(count(1204, 'job')).toBe('1,204 jobs')
  })

  test('ids are cut in the middle', () => {
    expect(shortId(`7c1e${'0'.repeat(58)}04`)).toBe('7c1e…04')
  })
})
