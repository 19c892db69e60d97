import { describe, expect, test } from 'bun:test'
import { npub } from '../../engine/identity/keys.ts'
import type { PubKey } from '../../engine/protocol/ids.ts'
import { ANYWHERE, MOST_KEYS } from '../../engine/protocol/where.ts'
import type { Trusted } from '../trust/set.ts'
import { parseWhere, whereOf } from './where.ts'

const keyOf = (n: number): PubKey => n.toString(16).padStart(64, '0') as PubKey
const [A, B, C] = [keyOf(1), keyOf(2), keyOf(3)]
const trusted = (key: PubKey, own = false): Trusted => ({ key, name: null, own })
const set = [trusted(A), trusted(B, true)]
const of = (texts: string[], trust: readonly Trusted[] = set, own: readonly PubKey[] = []) =>
  whereOf(parseWhere(texts), trust, () => Promise.resolve(own))

describe('--where', () => {
  test('nothing is anywhere, and asks for no key of the user', async () => {
    const never = () => Promise.reject(new Error('asked'))
    expect(await whereOf(parseWhere([]), set, never)).toEqual(ANYWHERE)
  })

  test('words that name nodes add up, each once; the others hold besides', async () => {
    expect((await of(['own'])).allow).toEqual([B])
    expect((await of(['own'], set, [C, B])).allow).toEqual([B, C])
    expect((await of(['trusted'])).allow).toEqual([A, B])
    expect((await of(['own,trusted', `allow:${npub(C)}`, `allow:${npub(A)}`])).allow).toEqual([
      C,
      A,
      B,
    ])
    expect(await of([`deny:${npub(A)}, deny:${npub(B)}`])).toEqual({ ...ANYWHERE, deny: [A, B] })
    // As `--json` shows keys.
    expect(await of([`deny:${A.toUpperCase()},deny:${B}`])).toEqual({ ...ANYWHERE, deny: [A, B] })
    expect(await of(['local,other-operator', 'no-proprietary', 'local'])).toEqual({
      ...ANYWHERE,
      local: true,
      other_operator: true,
      no_proprietary: true,
    })
  })

  test('a set that is empty is an error: an empty list would allow everybody', async () => {
    await expect(of(['own'], [trusted(A)])).rejects.toMatchObject({ code: 'where.no_own' })
    await expect(of(['trusted'], [])).rejects.toMatchObject({ code: 'where.no_trusted' })
    // Also where another word names somebody: who says `own` counts on it.
    await expect(of(['own', `allow:${npub(C)}`], [])).rejects.toMatchObject({
      code: 'where.no_own',
    })
  })

  test('as many keys as an ask carries, and not one more', async () => {
    const keys = Array.from({ length: MOST_KEYS + 1 }, (_, i) => `allow:${npub(keyOf(i + 1))}`)
    expect((await of([keys.slice(1).join(',')])).allow).toHaveLength(MOST_KEYS)
    await expect(of([keys.join(',')])).rejects.toMatchObject({ kind: 'usage', code: 'where.many' })
  })

  const wrong: [string, string, string][] = [
    ['trustd', 'where.rule', 'try --where trusted'],
    ['', 'where.rule', 'use own,'],
    ['own,', 'where.rule', 'use own,'],
    ['alow:npub1x', 'where.rule', 'try --where allow:NPUB'],
    ['own:npub1x', 'where.rule', 'try --where own'],
    ['allow', 'where.rule', 'try --where allow:NPUB'],
    ['allow:', 'key.npub', 'npub1'],
    ['allow:npub1qqqq', 'key.npub', 'npub1'],
    [`allow:${keyOf(1).slice(1)}`, 'key.npub', 'npub1'],
    [`allow:${A},deny:${npub(A)}`, 'where.both', 'keep one'],
    [`allow:${npub(A)},deny:${npub(A)}`, 'where.both', 'keep one'],
  ]
  for (const [text, code, hint] of wrong)
    test(`${text.slice(0, 20)}… is said to be wrong, and how it is right`, () => {
      expect(() => parseWhere([text])).toThrow(
        expect.objectContaining({ kind: 'usage', code, hint: expect.stringContaining(hint) }),
      )
    })
})
