import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { matches, taskMatches } from './pattern.ts'

/** The definition, word by word: exponential, for short texts only. */
const oracle = (pattern: string, name: string): boolean => {
  if (pattern === '') return name === ''
  if (pattern[0] === '*')
    return oracle(pattern.slice(1), name) || (name !== '' && oracle(pattern, name.slice(1)))
  return pattern[0] === name[0] && oracle(pattern.slice(1), name.slice(1))
}

const text = (letters: string, most: number) =>
  fc.array(fc.constantFrom(...letters), { maxLength: most }).map((it) => it.join(''))

test('agrees with the definition', () => {
  fc.assert(
    fc.property(text('ab*', 8), text('ab', 9), (pattern, name) => {
      expect(matches(pattern, name)).toBe(oracle(pattern, name))
    }),
    { numRuns: 3000, seed: 1 },
  )
})

test.each([
  ['llama-3.1-*', 'llama-3.1-8b', true],
  ['llama-3.1-*', 'llama-3.2-8b', false],
  ['*', '', true],
  ['', 'a', false],
  ['aba*aba', 'aba', false],
  ['LLAMA', 'llama', false],
  ['a.c', 'abc', false],
  ['(a+)+$', 'aaaa', false],
  ['a?c', 'abc', false],
])('%s on %s: %p', (pattern, name, expected) => {
  expect(matches(pattern, name)).toBe(expected)
})

test('a pattern made to be slow is not', () => {
  const start = performance.now()
  expect(matches(`${'*a'.repeat(99)}*b`, 'a'.repeat(200))).toBe(false)
  expect(performance.now() - start).toBeLessThan(20)
})

test('nor is one of which the first part decides, however much comes after it', () => {
  const time = (pattern: string) => {
    const start = performance.now()
    let found = 0
    for (let n = 0; n < 20_000; n++) if (matches(pattern, 'b')) found++
    expect(found).toBe(0)
    return performance.now() - start
  }
  time('*a')
  expect(time('*a'.repeat(100))).toBeLessThan(8 * time('*a') + 8)
})

test('a bare task is any version of it, and nothing else', () => {
  expect(taskMatches('text.chat', 'text.chat@1')).toBe(true)
  expect(taskMatches('text.chat@1', 'text.chat@1')).toBe(true)
  expect(taskMatches('text.chat@2', 'text.chat@1')).toBe(false)
  expect(taskMatches('text.chat', 'text.chatter@1')).toBe(false)
  expect(taskMatches('text.chat@1', 'text.chat')).toBe(false)
})
