import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Fault } from '../base/fault.ts'
import { findTask, isTaskName, TASKS } from './catalogue.ts'
import { joinSlices, share, slicesOf } from './slices.ts'
import { embed } from './embed.ts'
import { TASK_NAMES } from './task.ts'

const refusal = (text: string): Fault => {
  try {
    findTask(text)
  } catch (error) {
    return error as Fault
  }
  throw new Error(`${text} was found`)
}

const sizes = (name: (typeof TASK_NAMES)[number], input: unknown) =>
  TASKS[name].sizes(TASKS[name].input.parse(input))

describe('the catalogue', () => {
  test('has every task under its own name', () => {
    for (const name of TASK_NAMES) {
      expect(TASKS[name].name).toBe(name)
      expect(findTask(name)).toBe(TASKS[name])
      expect(findTask(name.split('@')[0]!)).toBe(TASKS[name])
      expect(isTaskName(name)).toBe(true)
    }
    expect(isTaskName('text.chat')).toBe(false)
  })

  test.each([
    ['text.summarise', 'text.summarize'],
    ['text.chta', 'text.chat'],
    ['rerank', 'text.rerank'],
    ['embedding', 'text.embed'],
    ['text.detekt@1', 'text.detect'],
  ])('for %j names %s', (text, near) => {
    expect(refusal(text)).toMatchObject({
      kind: 'usage',
      code: 'task.unknown',
      hint: `did you mean ${near}?`,
    })
  })

  test.each(['', 'x', 'text.speak', 'translate'])('for %j names no other', (text) => {
    expect(refusal(text).hint).toStartWith('there are: text.chat, text.generate, ')
  })

  test('for a version it has not, names the one it has', () => {
    expect(refusal('text.chat@2').hint).toBe('write text.chat: this version of fedai has no other')
    expect(refusal('x'.repeat(100_000)).message.length).toBeLessThan(200)
  })

  test('makes an input that fits out of a bare text, except where the task needs more', () => {
    for (const name of TASK_NAMES) {
      const task = TASKS[name]
      const input = task.fromText?.('hello there', { system: 'be brief', maxTokens: 7 })
      if (name === 'text.rerank@1') expect(task.fromText).toBeUndefined()
      else expect(task.input.safeParse(input).error).toBeUndefined()
    }
    expect(TASKS['text.chat@1'].fromText?.('hi', { system: 'be brief', maxTokens: 7 })).toEqual({
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: 'hi' },
      ],
      max_tokens: 7,
    })
  })

  test('measures inputs in bytes of UTF-8', () => {
    const none = { bytes: 0, messages: 0, documents: 0, items: 0, out_tokens: 0 }
    const messages = [{ role: 'user', content: 'größe €' }]
    expect(sizes('text.chat@1', { messages })).toEqual({
      ...none,
      bytes: 11,
      messages: 1,
      out_tokens: 512,
    })
    expect(sizes('text.generate@1', { prompt: '😀', max_tokens: 9 })).toEqual({
      ...none,
      bytes: 4,
      out_tokens: 9,
    })
    expect(sizes('text.embed@1', { input: ['a', 'é'] })).toEqual({
      ...none,
      bytes: 3,
      messages: 2,
      items: 2,
    })
    expect(sizes('text.rerank@1', { query: 'q', documents: ['a', 'bc'] })).toEqual({
      ...none,
      bytes: 4,
      documents: 2,
    })
    expect(sizes('text.detect@1', { input: ['a', 'b'] })).toEqual({ ...none, bytes: 2, items: 2 })
    const tools = [{ type: 'function', function: { name: 'f' } }]
    expect(sizes('text.chat@1', { messages, tools }).bytes).toBe(11 + JSON.stringify(tools).length)
  })

  test.each([
    ['text.chat@1', { messages: [] }],
    ['text.chat@1', { messages: [{ role: 'robot', content: 'x' }] }],
    ['text.chat@1', { messages: [{ role: 'user', content: 'x' }], max_tokens: 0 }],
    ['text.chat@1', { messages: [{ role: 'user', content: 'x' }], temperature: Number.NaN }],
    ['text.generate@1', { prompt: '' }],
    ['text.embed@1', { input: [] }],
    ['text.rerank@1', { query: 'q', documents: [] }],
    ['text.summarize@1', { input: 'x', sentences: 51 }],
    ['text.chunk@1', { input: 'x', size: 10, overlap: 6 }],
    ['text.chunk@1', { input: 'x', size: 0 }],
  ] as const)('%s refuses %j', (name, input) => {
    expect(TASKS[name].input.safeParse(input).success).toBe(false)
  })
})

describe('slices', () => {
  const output = { data: [{ index: 0, embedding: Array.from({ length: 9000 }, (_, i) => i / 7) }] }

  test('make the output again, and none is large', () => {
    const slices = [...slicesOf(output, { in_token: 100 })]
    expect(slices.length).toBeGreaterThan(3)
    expect(Math.max(...slices.map((it) => it.delta.json.length))).toBeLessThanOrEqual(8192)
    expect(
      joinSlices(
        embed.output,
        slices.map((it) => it.delta),
      ),
    ).toEqual(output)
    expect(slices.at(-1)!.usage).toEqual({ in_token: 100 })
    expect(() =>
      joinSlices(
        embed.output,
        slices.slice(1).map((it) => it.delta),
      ),
    ).toThrow()
    expect(() => joinSlices(embed.output, [])).toThrow()
  })

  test('never cut a pair of surrogates, whatever the text', () =>
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 8000, maxLength: 9000 }), (it) => {
        const text = it.toWellFormed()
        const slices = [...slicesOf({ text }, { byte: 10 })].map((one) => one.delta.json)
        expect(slices.every((one) => one.isWellFormed())).toBe(true)
        expect(JSON.parse(slices.join(''))).toEqual({ text })
      }),
      { numRuns: 20 },
    ))

  test('cost their share, rounded up, and all of it at the end', () =>
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.nat(1e9), fc.nat(1e9), (total, a, b) => {
        const whole = a + b + 1
        const part = share({ byte: total }, a, whole).byte!
        expect(part).toBeLessThanOrEqual(total)
        expect(BigInt(part) * BigInt(whole)).toBeGreaterThanOrEqual(BigInt(total) * BigInt(a))
        expect(share({ byte: total }, whole, whole)).toEqual({ byte: total })
      }),
    ))
})

describe('joining', () => {
  test('a chat keeps the order of its pieces, and tells no call from an empty answer', () => {
    const { join } = TASKS['text.chat@1']
    expect(join([{ text: 'a' }, { reasoning: 'hm' }, { text: 'b' }])).toEqual({
      message: { role: 'assistant', content: 'ab', reasoning_content: 'hm' },
    })
    expect(join([])).toEqual({ message: { role: 'assistant', content: '' } })
  })
})
