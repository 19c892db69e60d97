import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import { pubKey } from '../protocol/ids.ts'
import { packPrice, routesLeft, useRoute } from './route-pack.ts'
import { credit, openTabs } from './tab.ts'

const ROUTER = pubKey('a1'.repeat(32))
const KEY = pubKey('b2'.repeat(32))
const NOW = unixMs(1_795_350_000_000)

test.each([
  // wished, routes, granularity: pack, route
  [10_000n, 100, 1n, 10_000n, 100n],
  [10_000n, 100, 1_000n, 10_000n, 100n],
  [10_000n, 3, 1n, 10_002n, 3_334n],
  [10_000n, 3, 1_000n, 12_000n, 4_000n],
  [1n, 100, 1n, 1_000n, 10n],
] as const)('%p msat for %p routes, counted in %p', (wished, routes, granularity, pack, route) => {
  expect(packPrice(msat(wished), routes, msat(granularity))).toEqual({
    pack: msat(pack),
    routes,
    route: msat(route),
  })
})

test('a pack is good for exactly its routes, at one price each, and its wallet can ask for it', () =>
  fc.assert(
    fc.property(
      fc.bigInt(1n, 10n ** 9n),
      fc.integer({ min: 1, max: 500 }),
      fc.constantFrom(1n, 1_000n),
      (wished, routes, granularity) => {
        const price = packPrice(msat(wished), routes, msat(granularity))
        const { pack, route } = price
        expect(pack % granularity).toBe(0n)
        expect(route * BigInt(routes)).toBe(pack)
        expect(pack >= wished && pack >= 1_000n).toBe(true)
        const { state } = openTabs(ROUTER, { tabs: [], draws: [] }, NOW)
        expect([routesLeft(state, KEY, price), useRoute(state, KEY, price, NOW)]).toEqual([0, []])
        credit(state, { payer: KEY, ref: KEY, seq: 1, received: pack }, NOW, 0)
        for (let left = routes; left > 0; left--) {
          expect(routesLeft(state, KEY, price)).toBe(left)
          expect(useRoute(state, KEY, price, NOW)).toHaveLength(1)
        }
        // Nobody owes a router.
        expect(useRoute(state, KEY, price, NOW)).toEqual([])
        expect(state.tabs.get(KEY)!.used).toBe(pack)
      },
    ),
    { numRuns: 60 },
  ))
