import { expect, test } from 'bun:test'
import { pubKey } from '../../protocol/ids.ts'
import { joinLink, leaveLink, newestLink } from './links.ts'

const [one, other] = ['a', 'b'].map((digit) => pubKey(digit.repeat(64))) as [
  ReturnType<typeof pubKey>,
  ReturnType<typeof pubKey>,
]
const links = () => ({ keyOf: new Map(), linksOf: new Map() })

test('a key on several links is known until the last of them is gone', () => {
  const state = links()
  for (const link of [1, 2, 3]) expect(joinLink(state, link, one)).toBeUndefined()
  expect(newestLink(state, one)).toBe(3)
  expect(leaveLink(state, 3)).toBe(one)
  expect(newestLink(state, one)).toBe(2)
  leaveLink(state, 1)
  expect(newestLink(state, one)).toBe(2)
  leaveLink(state, 2)
  expect([state.keyOf.size, state.linksOf.size]).toEqual([0, 0])
  expect(leaveLink(state, 2)).toBeUndefined()
})

test('a link speaks for the key that it proved last; proving one again makes it the newest', () => {
  const state = links()
  joinLink(state, 1, one)
  joinLink(state, 2, one)
  expect(joinLink(state, 1, one)).toBeUndefined()
  expect(newestLink(state, one)).toBe(1)
  expect(joinLink(state, 1, other)).toBe(one)
  expect([newestLink(state, one), newestLink(state, other)]).toEqual([2, 1])
})
