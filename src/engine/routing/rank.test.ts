import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { seededRandom } from '../base/random.ts'
import type { JobClass } from '../protocol/fields.ts'
import type { PubKey } from '../protocol/ids.ts'
import { newStandings, observe } from '../trust/standing.ts'
import { type HeldTicket, candidates } from './candidates.ts'
import { rank } from './rank.ts'
import { NOW, askOf, entryOf, idOf, keyOf, ticketOf } from './scene.ts'

const idle = () => ({ jobs: 0, slots: 1 })
const rankOf = (
  tickets: readonly HeldTicket[],
  options: {
    class?: JobClass
    seed?: number
    standings?: ReturnType<typeof newStandings>
    inFlight?: (node: PubKey) => { jobs: number; slots: number }
  } = {},
) => {
  const context = {
    now: NOW,
    holdMs: 3000,
    all: tickets,
    router: keyOf(99),
    operator: null,
    payment: 'none',
  } as const
  const { class: jobClass = 'balanced', seed = 1 } = options
  return rank(
    candidates(askOf(), tickets, context).fitting,
    { class: jobClass },
    options.standings ?? newStandings(),
    options.inFlight ?? idle,
    NOW,
    seededRandom(seed),
  )
}
const seen = (
  standings: ReturnType<typeof newStandings>,
  node: number,
  firstMs: number,
  n = 200,
  bad = 0,
  places = (i: number) => `place ${i % 10}`,
) => {
  for (let i = 0; i < n; i++) {
    const outcome = i < bad ? 'node_fault' : 'ok'
    const it = { node: keyOf(node), task: 'text.chat@1', model: 'm', outcome, firstMs } as const
    observe(standings, { ...it, msPerUnit: 1, at: NOW }, places(i))
  }
}
const idsOf = (ranked: ReturnType<typeof rankOf>) => ranked.map((it) => it.candidate.held.id)

test('the only one says so', () => {
  expect(rankOf([])).toEqual([])
  expect(rankOf([ticketOf(1, 1)])[0]!.reason).toBe('the only one')
})

test('cheapest first among strangers, and how the others differ', () => {
  const cold = [entryOf({ warm: false, eta_ms: 3000 })]
  const ranked = rankOf([
    ticketOf(1, 1, { price: 300 }),
    ticketOf(2, 2, { price: 75 }),
    ticketOf(3, 3, { price: 40, entries: cold }),
  ])
  expect(idsOf(ranked)).toEqual([idOf(2), idOf(3), idOf(1)])
  expect(ranked.map((it) => it.reason)).toEqual([
    'cheapest for your value of time',
    'cheaper, cold start',
    '4 times the price',
  ])
  expect(ranked[1]!.firstMs).toBe(3500)
})

test('a fast node is worth its price to whoever is in a hurry, not to whoever can wait', () => {
  const standings = newStandings()
  seen(standings, 1, 100)
  seen(standings, 2, 4000)
  const tickets = [ticketOf(1, 1, { price: 100 }), ticketOf(2, 2, { price: 30 })]
  expect(idsOf(rankOf(tickets, { class: 'interactive', standings }))).toEqual([idOf(1), idOf(2)])
  const patient = rankOf(tickets, { class: 'batch', standings })
  expect(idsOf(patient)).toEqual([idOf(2), idOf(1)])
  expect(patient.map((it) => it.reason)).toEqual([
    'cheapest; 200 jobs of 10 addresses seen, 100 % served',
    'faster, 3 times the price',
  ])
})

test('failing fast never looks fast', () => {
  const standings = newStandings()
  seen(standings, 1, 1, 100, 60)
  seen(standings, 2, 900, 100, 1)
  const ranked = rankOf([ticketOf(1, 1), ticketOf(2, 2)], { standings })
  expect(idsOf(ranked)).toEqual([idOf(2), idOf(1)])
  expect(ranked[0]!.reason).toBe(
    'cheapest for your value of time; 100 jobs of 10 addresses seen, 99 % served',
  )
})

test('attack 9: a node that was its own client a thousand times does not get before one that others use', () => {
  const standings = newStandings()
  const own = () => 'own'
  seen(standings, 1, 300, 1_000, 0, own)
  seen(standings, 2, 300, 20)
  const ranked = rankOf([ticketOf(1, 1), ticketOf(2, 2)], { standings })
  expect(idsOf(ranked)).toEqual([idOf(2), idOf(1)])
  // And whoever reads of it is told what it is.
  const alone = rankOf([ticketOf(1, 1)], { standings })
  expect(alone[0]!.reason).toBe('the only one; 1,000 jobs of 1 address seen, 100 % served')
  // What was seen before a restart is of nobody knows whom.
  const again = newStandings()
  seen(again, 1, 300, 7, 0, () => '')
  const restarted = rankOf([ticketOf(1, 1)], { standings: again })
  expect(restarted[0]!.reason).toBe('the only one; 7 jobs of 1 address or more seen, 100 % served')
})

const firstIsBusier = (node: PubKey) => ({ jobs: node === keyOf(1) ? 3 : 1, slots: 4 })

test('near ties go to the less loaded of two, and are spread where loads are equal', () => {
  const tickets = [ticketOf(1, 1), ticketOf(2, 2)]
  const firsts = (count: number, of: HeldTicket[], load: typeof firstIsBusier) =>
    new Set(
      Array.from({ length: count }, (_, seed) => idsOf(rankOf(of, { seed, inFlight: load }))[0]),
    )
  expect(firsts(20, tickets, firstIsBusier)).toEqual(new Set([idOf(2)]))
  const ten = Array.from({ length: 10 }, (_, i) => ticketOf(i + 1, i + 1, { price: 100 + (i % 3) }))
  expect(firsts(60, ten, idle).size).toBeGreaterThan(3)
})

test('distinct nodes first; other places of one node only where nobody else is', () => {
  const tickets = [
    ticketOf(1, 1, { price: 1 }),
    ticketOf(2, 1, { price: 1, place: 1 }),
    ticketOf(3, 2, { price: 500 }),
  ]
  const ranked = rankOf(tickets)
  expect(idsOf(ranked)).toEqual([idOf(1), idOf(3), idOf(2)])
  expect(ranked[2]!.reason).toBe('the same node, another place')
})

test('a stranger is neither first for having no record nor last', () => {
  const standings = newStandings()
  seen(standings, 1, 300)
  seen(standings, 2, 9000, 200, 150)
  const ranked = rankOf([ticketOf(1, 1), ticketOf(2, 2), ticketOf(3, 3)], { standings })
  expect(idsOf(ranked)).toEqual([idOf(1), idOf(3), idOf(2)])
})

const anyTickets = fc.uniqueArray(
  fc
    .record({
      n: fc.nat(1e6),
      node: fc.nat(6),
      price: fc.nat(50),
      place: fc.nat(3),
      warm: fc.boolean(),
      out: fc.constantFrom(20, 100),
    })
    .map(({ n, node, price, place, warm, out }) =>
      ticketOf(n, node, {
        price,
        place,
        entries: [entryOf({ warm, limits: { input_bytes: 1000, out_tokens: out } })],
      }),
    ),
  { selector: (it) => it.id, maxLength: 30 },
)

test('three at most, only fitting ones, distinct nodes first, the same for the same seed', () => {
  fc.assert(
    fc.property(
      anyTickets,
      fc.nat(),
      fc.constantFrom('batch', 'balanced', 'interactive'),
      (tickets, seed, jobClass) => {
        const ranked = rankOf(tickets, { seed, class: jobClass })
        const fits = tickets.filter((it) => it.ticket.entries[0]!.limits.out_tokens >= 50)
        const nodes = new Set(fits.map((it) => it.node))
        expect(ranked.length).toBeLessThanOrEqual(3)
        expect(ranked.length > 0).toBe(fits.length > 0)
        expect(ranked.length).toBeGreaterThanOrEqual(Math.min(3, nodes.size))
        for (const id of idsOf(ranked)) expect(fits.map((it) => it.id)).toContain(id)
        expect(new Set(idsOf(ranked)).size).toBe(ranked.length)
        const distinct = Math.min(ranked.length, nodes.size)
        expect(new Set(ranked.slice(0, distinct).map((it) => it.candidate.held.node)).size).toBe(
          distinct,
        )
        expect(idsOf(rankOf(tickets, { seed, class: jobClass }))).toEqual(idsOf(ranked))
        for (const it of ranked) expect(it.reason.length).toBeGreaterThan(0)
      },
    ),
    { seed: 6, numRuns: 300 },
  )
})

test('ten thousand tickets of a thousand nodes are filtered and ranked in the time of a few signatures', () => {
  const tickets = Array.from({ length: 10_000 }, (_, i) =>
    ticketOf(i, i % 1000, { place: Math.floor(i / 1000), price: 1 + (i % 7) }),
  )
  rankOf(tickets)
  const start = performance.now()
  expect(rankOf(tickets)).toHaveLength(3)
  // Measured: about 20 ms. The bound catches a quadratic step, not a slow machine.
  expect(performance.now() - start).toBeLessThan(500)
})
