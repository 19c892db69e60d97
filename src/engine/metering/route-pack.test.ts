import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { unixMs } from '../base/clock.ts'
import type { Fault } from '../base/fault.ts'
import { msat, parseAmount } from '../base/money.ts'
import { pubKey } from '../protocol/ids.ts'
import { packPrice, routesLeft, useRoute } from './route-pack.ts'
import { credit, openTabs } from './tab.ts'

const ROUTER = pubKey('a1'.repeat(32))
const KEY = pubKey('b2'.repeat(32))
const NOW = unixMs(1_795_350_000_000)

test.each([
  // routes, granularity, pack, route
  [100, 1n, 10_000n, 100n],
  [100, 1_000n, 10_000n, 100n],
  [3, 1n, 10_002n, 3_334n],
  [3, 1_000n, 12_000n, 4_000n],
  [100, 1n, 1_000n, 10n],
] as const)(
  'a pack of %p routes, counted in %p: %p msat is its price',
  (routes, unit, pack, route) => {
    expect(packPrice(msat(pack), routes, msat(unit))).toEqual({
      pack: msat(pack),
      routes,
      route: msat(route),
    })
  },
)

describe('a sum that a pack cannot cost is refused, and the nearest that can are named', () => {
  test.each([
    ['10sat', 1_000_000, 1n, /in whole msat/, ['1000sat']],
    ['7sat', 3, 1_000n, /in whole msat/, ['6sat', '9sat']],
    ['7sat', 3, 1n, /in whole msat/, ['6999msat', '7002msat']],
    ['1500msat', 1, 1_000n, /in units of 1sat/, ['1sat', '2sat']],
    ['500msat', 100, 1n, /under 1 sat/, ['1sat']],
    ['500msat', 3, 1n, /under 1 sat/, ['1002msat']],
  ] as const)('%s for %p routes, counted in %p', (wished, routes, unit, why, sums) => {
    const fault = packPrice(parseAmount(wished, '--fee'), routes, msat(unit)) as Fault
    expect(fault).toMatchObject({ kind: 'config', code: 'fee.sum' })
    expect(fault.message).toContain(`cannot cost ${wished}`)
    expect(fault.message).toMatch(why)
    expect([...fault.hint!.matchAll(/--fee (\w+)/g)].map(([, sum]) => sum!)).toEqual([...sums])
  })
})

test('a pack is good for exactly its routes, at one price each, and its wallet can ask for it', () =>
  fc.assert(
    fc.property(
      fc.bigInt(1n, 10n ** 9n),
      fc.integer({ min: 1, max: 500 }),
      fc.constantFrom(1n, 1_000n),
      (wished, routes, granularity) => {
        const said = packPrice(msat(wished), routes, msat(granularity))
        // What is refused has the next higher sum in its hint.
        const named = said instanceof Error ? said.hint!.match(/--fee \w+/g)!.at(-1)! : null
        const sum = named === null ? msat(wished) : parseAmount(named.slice(6), '--fee')
        const price = packPrice(sum, routes, msat(granularity))
        if (price instanceof Error) throw price
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
