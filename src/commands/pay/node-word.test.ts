import { expect, test } from 'bun:test'
import { npub, shortNpub } from '../../engine/identity/keys.ts'
import { pubKey } from '../../engine/protocol/ids.ts'
import { nodeOf } from './node-word.ts'

const [mira, mirko, other] = ['ab12', 'ab34', 'cd56'].map((it) => pubKey(it.padEnd(64, '0')))
const trusted = [
  { key: mira!, name: 'mira', own: false },
  { key: mirko!, name: 'mirko', own: true },
]
const of = (word: string) => nodeOf(word, trusted, [other!, mira!])

test('a whole key, a name, or how one of them begins', () => {
  const stranger = pubKey('ef'.repeat(32))
  for (const [word, key] of [
    [stranger, stranger],
    [stranger.toUpperCase(), stranger],
    [npub(stranger), stranger],
    ['mira', mira],
    ['mirk', mirko],
    ['ab1', mira],
    ['cd56', other],
    [npub(other!).slice(0, 12), other],
    [shortNpub(other!), other],
  ] as const)
    expect(of(word)).toBe(key!)
})

test('what means none or several is not guessed', () => {
  for (const word of ['nobody', 'ef0', 'npub1zzz', 'npub1qq…0'])
    expect(() => of(word)).toThrow(expect.objectContaining({ code: 'node.unknown', kind: 'usage' }))
  expect(() => of('mir')).toThrow(
    expect.objectContaining({
      code: 'node.ambiguous',
      message: expect.stringContaining('2 nodes'),
    }),
  )
  // One digit of a key that is mistyped is nobody's.
  const wrong = npub(mira!).replace(/.$/, (it) => (it === 'q' ? 'p' : 'q'))
  for (const word of [wrong, `nsec1${'q'.repeat(58)}`])
    expect(() => of(word)).toThrow(expect.objectContaining({ code: 'key.npub' }))
})

test('what every key begins with names none, also where one node alone is known: three characters behind it do', () => {
  const only = (word: string) => nodeOf(word, [], [other!])
  const start = npub(other!)
  const short = ['n', 'np', 'npu', 'npub', 'npub1', start.slice(0, 6), start.slice(0, 7)]
  for (const word of [...short, '', 'cd', '…', `…${start.slice(-3)}`, `npub1…${start.slice(-3)}`])
    expect(() => only(word), word).toThrow(
      expect.objectContaining({
        code: 'node.short',
        kind: 'usage',
        hint: expect.stringContaining('3 behind npub1'),
      }),
    )
  expect(only(start.slice(0, 8))).toBe(other!)
})
