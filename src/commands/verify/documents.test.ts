import { describe, expect, test } from 'bun:test'
import { documentsIn } from './documents.ts'

const event = (n: number) => ({ id: String(n), kind: 1, sig: 's', content: '{}' })
const ids = (text: string) =>
  documentsIn(text, 'f').map((it) => (JSON.parse(it.text) as { id: string }).id)
const json = JSON.stringify

describe('the events in a file', () => {
  test('one event keeps its exact text', () => {
    const text = '{"id":"1", "kind":1,"kind":2,"sig":"s"}\n'
    expect(documentsIn(text, 'f')).toEqual([{ file: 'f', text: text.trim() }])
  })

  test.each<[string, string, string[]]>([
    ['an array', json([event(1), event(2)]), ['1', '2']],
    ['a bundle', json({ receipt: event(1), ticket: event(2) }), ['1', '2']],
    [
      'a result',
      json({ type: 'result', receipt: event(1), bundle: { receipt: event(1), job: event(2) } }),
      ['1', '2'],
    ],
    ['lines', `${json(event(1))}\n\n${json([event(2)])}\n`, ['1', '2']],
    [
      'a stream',
      `${json({ type: 'piece', delta: {} })}\n${json({ type: 'result', receipt: event(1), bundle: {} })}`,
      ['1'],
    ],
    ['pretty printed', json({ receipt: event(1) }, null, 2), ['1']],
    ['the same twice', json([event(1), event(1)]), ['1']],
  ])('%s', (_, text, found) => expect(ids(text)).toEqual(found))

  test.each<[string, string, string]>([
    ['nothing', '', 'input.not_json'],
    ['no JSON', 'hello', 'input.not_json'],
    ['a line that is none', `${json(event(1))}\nx`, 'input.not_json'],
    ['JSON of something else', '{"name":"fedai"}', 'verify.unknown'],
    ['a number', '7', 'verify.unknown'],
    ['an empty array', '[]', 'verify.nothing'],
    [
      'a result without documents',
      json({ type: 'result', receipt: null, bundle: {} }),
      'verify.nothing',
    ],
    ['too many', json(Array.from({ length: 10_001 }, (_, i) => event(i))), 'verify.too_many'],
  ])('%s is refused', (_, text, code) => {
    expect(() => documentsIn(text, 'f')).toThrow(expect.objectContaining({ kind: 'data', code }))
  })
})
