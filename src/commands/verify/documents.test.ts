import { describe, expect, test } from 'bun:test'
import { documentsIn } from './documents.ts'

const event = (n: number) => ({ id: String(n), kind: 1, sig: 's', content: '{}' })
const ids = (text: string) =>
  documentsIn(text, 'f')
    .flatMap((it) => it.documents)
    .map((it) => (JSON.parse(it.text) as { id: string }).id)
const json = JSON.stringify
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth))
const deep = (text: string) => text.repeat(100_000)

describe('the events in a file', () => {
  test('one event keeps its exact text', () => {
    const text = '{"id":"1", "kind":1,"kind":2,"sig":"s"}\n'
    expect(documentsIn(text, 'f')).toEqual([
      { file: 'f', documents: [{ text: text.trim(), name: null }], bundle: false, result: null },
    ])
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
    ['an event without its signature', json([{ ...event(1), sig: undefined }]), ['1']],
    ['what is no event, under a name', json({ job: { id: '1' }, ticket: event(2) }), ['1', '2']],
    [
      'an output as deep as one may be',
      json({ output: nested(64), bundle: { job: event(1) } }),
      ['1'],
    ],
    ['brackets in a text', json([{ ...event(1), content: '['.repeat(1000) }]), ['1']],
  ])('%s', (_, text, found) => expect(ids(text)).toEqual(found))

  test.each<[string, string, string]>([
    ['nothing', '', 'input.not_json'],
    ['no JSON', 'hello', 'input.not_json'],
    ['a line that is none', `${json(event(1))}\nx`, 'input.not_json'],
    ['JSON of something else', '{"name":"fedai"}', 'verify.unknown'],
    ['a number', '7', 'verify.unknown'],
    ['a result of another form', json({ v: 2, type: 'result', bundle: {} }), 'verify.version'],
    ['a history of another form', json({ v: '1', type: 'history' }), 'verify.version'],
    ['an empty array', '[]', 'verify.nothing'],
    [
      'a result without documents',
      json({ type: 'result', receipt: null, bundle: {} }),
      'verify.nothing',
    ],
    ['a deep array', deep('['), 'input.too_deep'],
    ['a deep array that ends', deep('[') + deep(']'), 'input.too_deep'],
    ['deep objects', deep('{"a":'), 'input.too_deep'],
    ['a deep line', `${json(event(1))}\n${deep('[')}`, 'input.too_deep'],
    ['a deep value after a number too large', `[1e999,${deep('[')}`, 'input.too_deep'],
    ['a bundle with a text for a document', json({ bundle: { job: 'x' } }), 'verify.unknown'],
    ['a bundle with nothing for a document', json({ bundle: { job: null } }), 'verify.unknown'],
    ['a bundle that is none', json({ type: 'result', bundle: 7 }), 'verify.unknown'],
    ['too many', json(Array.from({ length: 10_001 }, (_, i) => event(i))), 'verify.too_many'],
  ])('%s is refused', (_, text, code) => {
    expect(() => documentsIn(text, 'f')).toThrow(expect.objectContaining({ kind: 'data', code }))
  })

  test('a document that is none is named', () => {
    expect(() => documentsIn(json({ bundle: { ticket: 7 } }), 'f')).toThrow(
      'ticket of bundle in f is no signed event',
    )
  })

  test('a bundle stays together, a result keeps what it says', () => {
    const bundle = { receipt: event(1), ticket: event(2) }
    const result = { type: 'result', receipt: event(1), bundle }
    const groups = documentsIn(json([result, bundle, event(3)]), 'f')
    expect(groups.map((it) => [it.bundle, it.documents.map(({ name }) => name)])).toEqual([
      [true, ['receipt', 'ticket']],
      [true, ['receipt', 'ticket']],
      [false, [null]],
    ])
    expect(groups.map((it) => it.result)).toEqual([result, null, null])
    const other = documentsIn(json({ ...result, receipt: event(9) }), 'f')
    expect(other[0]!.documents.map(({ name }) => name)).toEqual(['receipt', 'ticket', 'receipt'])
  })
})
