import { expect, test } from 'bun:test'
import { nearest } from './nearest.ts'

test('the nearest word, where one is near', () => {
  const words = ['text.chat', 'text.chunk', 'text.summarize']
  expect(nearest('text.caht', words)).toBe('text.chat')
  expect(nearest('text.summarise', words)).toBe('text.summarize')
  expect(nearest('image.generate', words)).toBeUndefined()
  expect(nearest('x'.repeat(100_000), words)).toBeUndefined()
})
