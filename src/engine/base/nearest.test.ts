import { expect, test } from 'bun:test'
import { nearest } from './nearest.ts'

test('the nearest word, where one is near', () => {
  const words = ['text.chat', 'text.chunk', 'text.summarize']
  expect(nearest('text.caht', words)).toBe('text.chat')
  expect(nearest('text.summarise', words)).toBe('text.summarize')
  expect(nearest('image.generate', words)).toBeUndefined()
  expect(nearest('x'.repeat(100_000), words)).toBeUndefined()
})

test('the bound: four letters in ten, three slips at most', () => {
  const cases: [string, string, boolean][] = [
    ['ab', 'ac', true],
    ['abc', 'axy', false],
    ['abcde', 'abcxy', true],
    ['abcde', 'abxyz', false],
    ['abcdefghijklmno', 'abcdefghijklxyz', true],
    ['abcdefghijklmno', 'abcdefghijkwxyz', false],
  ]
  for (const [word, other, isNear] of cases)
    expect([word, other, nearest(word, [other]) === other]).toEqual([word, other, isNear])
})

test('of equally near ones that which begins alike, then the first', () => {
  expect(nearest('cat', ['bat', 'car', 'cut'])).toBe('car')
  expect(nearest('cat', ['bat', 'hat'])).toBe('bat')
  expect(nearest('cat', ['car', 'cat'])).toBe('cat')
})
