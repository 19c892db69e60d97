import { expect, test } from 'bun:test'
import fc from 'fast-check'
import type { PubKey } from './ids.ts'
import { ANYWHERE, MOST_KEYS, type Server, type Where, where, whereFlaw } from './where.ts'

const keyOf = (n: number): PubKey => n.toString(16).padStart(64, '0') as PubKey
const [NODE, OPERATOR, ROUTER, HOUSE] = [keyOf(1), keyOf(2), keyOf(3), keyOf(4)]
const server: Server = {
  node: NODE,
  operator: OPERATOR,
  proprietary: false,
  router: ROUTER,
  routerOperator: HOUSE,
}
const flaw = (wanted: Partial<Where>, over: Partial<Server> = {}) =>
  whereFlaw({ ...ANYWHERE, ...wanted }, { ...server, ...over })

test('anywhere is anywhere', () => {
  expect(flaw({})).toBeNull()
  expect(flaw({}, { operator: null, routerOperator: null, proprietary: true })).toBeNull()
})

test('keys: denied by its own or its operator, allowed by its own alone', () => {
  expect(flaw({ deny: [NODE] })).toBe('denied')
  expect(flaw({ deny: [OPERATOR] })).toBe('denied')
  expect(flaw({ allow: [NODE] })).toBeNull()
  expect(flaw({ allow: [keyOf(9), NODE], deny: [NODE] })).toBe('denied')
  // Anybody can write our key into a ticket: it must open no door.
  expect(flaw({ allow: [OPERATOR] })).toBe('not_allowed')
})

const others: readonly (readonly [string, Partial<Server>, ReturnType<typeof whereFlaw>])[] = [
  ['two that say so', {}, null],
  ['the router’s operator', { operator: HOUSE }, 'operator'],
  ['the router itself', { operator: ROUTER }, 'operator'],
  ['the router’s key as a node', { node: ROUTER }, 'operator'],
  ['the operator’s key as a node', { node: HOUSE }, 'operator'],
  ['a node that does not say', { operator: null }, 'operator_unknown'],
  ['a router that does not say', { routerOperator: null }, 'operator_unknown'],
  ['neither says', { operator: null, routerOperator: null }, 'operator_unknown'],
]
for (const [what, over, expected] of others)
  test(`another operator than the router’s: ${what}`, () => {
    expect(flaw({ other_operator: true }, over)).toBe(expected)
    expect(flaw({}, over)).toBeNull()
  })

test('nothing that a paid service computes', () => {
  expect(flaw({ no_proprietary: true }, { proprietary: true })).toBe('proprietary')
  expect(flaw({ no_proprietary: true })).toBeNull()
})

test('lists are bounded at the edge', () => {
  const keys = Array.from({ length: MOST_KEYS + 1 }, (_, i) => keyOf(i))
  for (const list of ['allow', 'deny'] as const) {
    expect(where.safeParse({ ...ANYWHERE, [list]: keys.slice(1) }).success).toBe(true)
    expect(where.safeParse({ ...ANYWHERE, [list]: keys }).success).toBe(false)
  }
})

const anyKey = fc.integer({ min: 1, max: 5 }).map(keyOf)
const anyServer = fc.record({
  node: anyKey,
  operator: fc.option(anyKey),
  proprietary: fc.boolean(),
  router: anyKey,
  routerOperator: fc.option(anyKey),
})
const anyWhere = fc.record({
  allow: fc.array(anyKey, { maxLength: 3 }),
  deny: fc.array(anyKey, { maxLength: 3 }),
  local: fc.boolean(),
  other_operator: fc.boolean(),
  no_proprietary: fc.boolean(),
})

test('each rule only ever takes away, and who says nothing of himself gains nothing', () => {
  fc.assert(
    fc.property(anyWhere, anyServer, (wanted, it) => {
      const serves = whereFlaw(wanted, it) === null
      for (const looser of [
        { ...wanted, allow: [] },
        { ...wanted, deny: [] },
        { ...wanted, other_operator: false },
        { ...wanted, no_proprietary: false },
      ])
        if (serves) expect(whereFlaw(looser, it)).toBeNull()
      // Claiming to be run by anybody opens no door but that of `other_operator`.
      if (!wanted.other_operator && whereFlaw(wanted, { ...it, operator: null }) !== null)
        expect(serves).toBe(false)
    }),
    { seed: 4, numRuns: 2_000 },
  )
})
