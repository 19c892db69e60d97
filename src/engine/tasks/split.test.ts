import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { TASKS } from './catalogue.ts'
import { partsOf } from './split.ts'

test('parts are short, whole characters, and make the text again', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 2, max: 9 }), (text, most) => {
      const parts = partsOf(text, most)
      expect(parts.join('')).toBe(text)
      for (const part of parts) {
        expect(part.length).toBeLessThanOrEqual(most)
        expect(part.isWellFormed()).toBe(text.isWellFormed())
      }
    }),
  )
})

const long = 'x'.repeat(10_000)

test.each([
  ['text', { text: long }],
  ['reasoning', { reasoning: long }],
  [
    'the arguments of a call, beside a text',
    {
      text: long,
      tool_calls: [
        { index: 0, id: 'a', function: { name: 'f', arguments: long } },
        { index: 1, id: 'b', function: { name: 'g', arguments: '{}' } },
      ],
    },
  ],
])('a long delta of a chat loses nothing in parts: %s', (_what, delta) => {
  const chat = TASKS['text.chat@1']
  const parts = chat.split!(delta, 4096)
  expect(parts.length).toBeGreaterThan(2)
  for (const part of parts) {
    expect(JSON.stringify(part).length).toBeLessThan(5000)
    expect(chat.delta.safeParse(part).success).toBe(true)
  }
  expect(chat.join(parts)).toEqual(chat.join([delta]))
})

test('short deltas stay as they are', () => {
  const delta = { text: 'hello', reasoning: 'hm' }
  expect(TASKS['text.chat@1'].split!(delta, 4096)).toEqual([delta])
})
