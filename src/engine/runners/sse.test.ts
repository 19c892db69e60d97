import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { utf8 } from '../base/bytes.ts'
import { linesOf } from './lines.ts'
import { serverEvents } from './sse.ts'

async function* cut(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length] ?? bytes.length
    yield bytes.subarray(at, at + size)
    at += size
  }
}

const eventsIn = async (text: string, sizes: readonly number[] = [1e9], most?: number) =>
  Array.fromAsync(serverEvents(cut(utf8(text), sizes), most))

describe('server-sent events', () => {
  test.each([
    ['data: a\n\n', ['a']],
    ['data:a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
    [': ping\n\n: ping\ndata: a\nid: 7\nretry: 1\n\n', ['a']],
    ['data: a\ndata: b\n\n', ['a\nb']],
    ['data\n\n', ['']],
    ['data:  two spaces\n\n', [' two spaces']],
    ['\n\n\n', []],
    ['data: [DONE]', ['[DONE]']],
    ['', []],
  ])('%j has %j', async (text, data) => {
    expect((await eventsIn(text)).map((it) => it.data)).toEqual(data)
  })

  test('have types, of which each holds for one event', async () => {
    expect(
      await eventsIn('event: x\ndata: a\n\ndata: b\n\nerror: c\n\nevent: y\n\ndata: d\n\n'),
    ).toEqual([
      { type: 'x', data: 'a' },
      { type: 'message', data: 'b' },
      { type: 'error', data: 'c' },
      { type: 'message', data: 'd' },
    ])
  })

  test('are the same however the bytes are cut', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.string({ unit: 'binary' }).map((it) => it.replaceAll(/[\r\n]/g, '')),
          { maxLength: 8 },
        ),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 5 }),
        async (data, sizes) => {
          const sane = data.map((it) => it.toWellFormed())
          const text = sane.map((it) => `data: ${it}\n\n`).join('')
          expect((await eventsIn(text, sizes)).map((it) => it.data)).toEqual(sane)
        },
      ),
      { numRuns: 200 },
    ))

  test('end at a line that is too long, without waiting for its end', async () => {
    await expect(eventsIn(`data: ${'x'.repeat(95)}`, [10], 100)).rejects.toMatchObject({
      trouble: 'crashed',
    })
    expect(await eventsIn(`data: ${'x'.repeat(94)}\n\n`, [10], 100)).toHaveLength(1)
  })

  test('end at bytes that are no UTF-8', async () => {
    const bytes = Uint8Array.of(...utf8('data: '), 0xc3, 0x28, 10)
    await expect(Array.fromAsync(linesOf(cut(bytes, [3])))).rejects.toMatchObject({
      trouble: 'crashed',
    })
  })
})
