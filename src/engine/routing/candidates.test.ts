import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { Ask } from '../protocol/ask.ts'
import { ANYWHERE } from '../protocol/where.ts'
import { type HeldTicket, candidates } from './candidates.ts'
import { NOW, askOf, entryOf, idOf, keyOf, sheetOf, ticketOf } from './scene.ts'

const ROUTER = keyOf(0xffff)

const find = (ask: Ask, tickets: readonly HeldTicket[]) =>
  candidates(ask, tickets, {
    now: NOW,
    holdMs: 3000,
    all: tickets,
    router: ROUTER,
    operator: null,
    payment: 'none',
  })

test('a fitting ticket comes with entry, row, bounds and ceiling', () => {
  const { fitting, none } = find(askOf(), [ticketOf(1, 1, { price: 3 })])
  expect(none).toBeNull()
  expect(fitting).toHaveLength(1)
  expect(fitting[0]).toMatchObject({
    held: { id: idOf(1) },
    offer: { entry: 0, max: { out_token: 50 }, ceiling: msat(150n) },
  })
})

test('of several entries the cheapest that fits', () => {
  const sheet = sheetOf(9, 2, 5)
  const entries = [
    entryOf({ row: 0 }),
    entryOf({ row: 1, model: { name: 'x', proprietary: false } }),
    entryOf({ row: 2 }),
  ]
  const tickets = [ticketOf(1, 1, { entries, sheet })]
  expect(find(askOf(), tickets).fitting[0]!.offer.entry).toBe(1)
  expect(find(askOf({ models: ['m'] }), tickets).fitting[0]!.offer.entry).toBe(2)
})

const NONE: readonly (readonly [string, Ask, HeldTicket[], object])[] = [
  ['nothing at all', askOf(), [], { why: 'task', have: [] }],
  [
    'another task',
    askOf({ task: 'text.embed' }),
    [ticketOf(1, 1), ticketOf(2, 2)],
    { why: 'task', have: [{ name: 'text.chat@1', nodes: 2 }] },
  ],
  [
    'another model, those with most nodes first',
    askOf({ models: ['llama-*'] }),
    [
      ticketOf(1, 1, { entries: [entryOf({ model: { name: 'a', proprietary: false } })] }),
      ticketOf(2, 2),
      ticketOf(3, 3),
      ticketOf(4, 3),
    ],
    {
      why: 'model',
      have: [
        { name: 'm', nodes: 2 },
        { name: 'a', nodes: 1 },
      ],
    },
  ],
  [
    'too long an input',
    askOf({ sizes: { ...askOf().sizes, bytes: 1001 } }),
    [
      ticketOf(1, 1),
      ticketOf(2, 2, { entries: [entryOf({ limits: { input_bytes: 9, out_tokens: 99 } })] }),
    ],
    { why: 'too_large', limit: 1000 },
  ],
  [
    'too long an output',
    askOf({ sizes: { ...askOf().sizes, out_tokens: 101 } }),
    [ticketOf(1, 1)],
    { why: 'too_large', limit: 1000 },
  ],
  [
    'too dear',
    askOf({ cap: msat(99n) }),
    [ticketOf(1, 1, { price: 3 }), ticketOf(2, 2, { price: 2 })],
    { why: 'cap', cheapest: msat(100n) },
  ],
  [
    'too dear because it is cold',
    askOf({ cap: msat(99n) }),
    [ticketOf(1, 1, { entries: [entryOf({ warm: false })] })],
    { why: 'cap', cheapest: msat(1050n) },
  ],
  [
    'denied',
    askOf({ where: { ...ANYWHERE, deny: [keyOf(1)] } }),
    [ticketOf(1, 1)],
    { why: 'where' },
  ],
  [
    'not allowed',
    askOf({ where: { ...ANYWHERE, allow: [keyOf(2)] } }),
    [ticketOf(1, 1)],
    { why: 'where' },
  ],
  [
    'held for another',
    askOf(),
    [ticketOf(1, 1, { heldFor: keyOf(9), heldUntil: unixMs(NOW + 1) })],
    { why: 'busy' },
  ],
  ['about to expire', askOf(), [ticketOf(1, 1, { expires: unixMs(NOW + 2999) })], { why: 'busy' }],
  [
    'ready only after the deadline',
    askOf({ deadline_ms: 10 }),
    [ticketOf(1, 1, { entries: [entryOf({ eta_ms: 11 })] })],
    { why: 'busy' },
  ],
  [
    'the last filter counts: one has the wrong model, one is too dear',
    askOf({ models: ['m'], cap: msat(1n) }),
    [
      ticketOf(1, 1, { entries: [entryOf({ model: { name: 'x', proprietary: false } })] }),
      ticketOf(2, 2),
    ],
    { why: 'cap', cheapest: msat(50n) },
  ],
  [
    'a row that is not in the sheet, or is for another task',
    askOf({ task: 'text.chat' }),
    [
      ticketOf(1, 1, { entries: [entryOf({ row: 7 })] }),
      ticketOf(2, 1, { entries: [entryOf({ task: 'text.chat@2' })] }),
    ],
    { why: 'task' },
  ],
]

test.each(NONE)('none: %s', (_, ask, tickets, none) => {
  const found = find(ask, tickets)
  expect(found.fitting).toEqual([])
  expect(found.none).toMatchObject(none)
})

test('a hold that lapsed is none; one for the asker itself is one, for the job of its earlier ask', () => {
  const lapsed = ticketOf(1, 1, { heldFor: keyOf(9), heldUntil: NOW })
  const own = ticketOf(2, 2, { heldFor: keyOf(9), heldUntil: unixMs(NOW + 1000) })
  expect(find(askOf(), [lapsed, own]).fitting.map((it) => it.held.id)).toEqual([lapsed.id])
})

const anyTicket = fc
  .record({
    n: fc.nat(),
    node: fc.nat(4),
    price: fc.integer({ min: 1, max: 9 }),
    place: fc.nat(5),
    model: fc.constantFrom('m', 'llama-8b', 'llama-70b'),
    bytes: fc.constantFrom(50, 100, 1000),
    warm: fc.boolean(),
    held: fc.boolean(),
  })
  .map(({ n, node, price, place, model, bytes, warm, held }) =>
    ticketOf(n, node, {
      price,
      place,
      entries: [
        entryOf({
          model: { name: model, proprietary: false },
          warm,
          limits: { input_bytes: bytes, out_tokens: 50 },
        }),
      ],
      heldFor: held ? keyOf(9) : null,
      heldUntil: held ? unixMs(NOW + 500) : null,
    }),
  )
const anyAsk = fc
  .record({
    models: fc.constantFrom<string[]>([], ['llama-*'], ['m']),
    cap: fc.constantFrom(null, msat(120n), msat(1200n)),
    deny: fc.subarray([keyOf(0), keyOf(1)]),
    bytes: fc.constantFrom(40, 80, 500),
  })
  .map(({ models, cap, deny, bytes }) =>
    askOf({ models, cap, where: { ...ANYWHERE, deny }, sizes: { ...askOf().sizes, bytes } }),
  )

const fits = (ask: Ask, held: HeldTicket): boolean => {
  const entry = held.ticket.entries[0]!
  const rate = held.sheet.rows[0]!.rates.out_token!
  const ceiling = (rate / 1_000_000n) * 50n + (entry.warm ? 0n : 1000n)
  const { name } = entry.model
  return (
    (ask.models.length === 0 ||
      ask.models.includes(name) ||
      (ask.models[0] === 'llama-*' && name !== 'm')) &&
    ask.sizes.bytes <= entry.limits.input_bytes &&
    (ask.cap === null || ceiling <= ask.cap) &&
    !ask.where.deny.includes(held.node) &&
    held.heldFor === null
  )
}

test('exactly what a plain reading of the rules lets through, three places of a node and model', () => {
  fc.assert(
    fc.property(anyAsk, fc.uniqueArray(anyTicket, { selector: (it) => it.id }), (ask, tickets) => {
      const { fitting, none } = find(ask, tickets)
      const right = tickets.filter((it) => fits(ask, it))
      expect(none === null).toBe(right.length > 0)
      for (const it of fitting) expect(right.map((held) => held.id)).toContain(it.held.id)
      for (const held of right.filter((it) => !fitting.some((kept) => kept.held.id === it.id))) {
        const name = held.ticket.entries[0]!.model.name
        const same = fitting
          .map((it) => it.held)
          .filter((it) => it.node === held.node && it.ticket.entries[0]!.model.name === name)
        expect(same).toHaveLength(3)
        for (const it of same) expect(it.ticket.place).toBeLessThanOrEqual(held.ticket.place)
      }
    }),
    { seed: 5, numRuns: 500 },
  )
})

test('a node whose 64,000 entries all differ costs an ask no minute', () => {
  let base = 0
  const entries = () =>
    Array.from({ length: 64 }, () => entryOf({ template: { base: base++, per_message: 0 } }))
  let looks = 0
  // How often the price of an entry is computed: what the rest costs grows with it.
  const { rows } = sheetOf(9)
  const seen = (it: typeof rows, key: string | symbol) => (
    key === 'find' && looks++,
    Reflect.get(it, key)
  )
  const sheet = { rows: new Proxy(rows, { get: seen }) }
  const many = Array.from({ length: 1000 }, (_, n) => ticketOf(n, 1, { sheet, entries: entries() }))
  const began = performance.now()
  expect(
    find(askOf(), [...many, ticketOf(5000, 2)]).fitting.map(({ held }) => held.node),
  ).toContain(keyOf(2))
  expect(looks).toBeLessThan(3_000)
  // It was over a minute.
  expect(performance.now() - began).toBeLessThan(10_000)
})
