import { expect, test } from 'bun:test'
import { Fault } from '../base/fault.ts'
import { msat } from '../base/money.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import type { NoOffer } from '../protocol/offers.ts'
import type { TicketEntry } from '../protocol/ticket.ts'
import { ANYWHERE } from '../protocol/where.ts'
import { type OfferEntry, type Wanted, choose, faultOfNone } from './consent.ts'

const wantedOf = (over: Partial<Wanted> = {}): Wanted => ({
  task: 'text.chat@1',
  models: [],
  sizes: { bytes: 18_204, messages: 1, documents: 0, items: 0, out_tokens: 100 },
  cap: null,
  where: ANYWHERE,
  ...over,
})
const offerOf = (ceiling: bigint, over: Partial<TicketEntry> = {}): OfferEntry => ({
  ceiling: msat(ceiling),
  entry: {
    task: 'text.chat@1',
    model: { name: 'smollm2-135m', proprietary: false },
    warm: true,
    eta_ms: 0,
    limits: { input_bytes: 20_000, out_tokens: 500 },
    template: { base: 0, per_message: 0 },
    prefill: false,
    sheet: '0'.repeat(64) as EventId,
    row: 0,
    ...over,
  },
})
const noneOf = (over: Partial<NoOffer>): NoOffer => ({
  why: 'busy',
  have: [],
  limit: null,
  cheapest: null,
  ...over,
})
const faultOf = (it: unknown) => {
  if (!(it instanceof Fault)) throw new Error('no fault')
  return [it.kind, it.code, it.message, it.hint]
}

test('the first that fits, in the router’s order', () => {
  const entries = [offerOf(500n), offerOf(400n)]
  expect(choose({ entries, none: null }, wantedOf())).toEqual({ chosen: 0, ceiling: msat(500n) })
  expect(choose({ entries, none: null }, wantedOf({ cap: msat(400n) }))).toEqual({
    chosen: 1,
    ceiling: msat(400n),
  })
})

test('a ceiling one msat over the cap is refused, with both amounts and the flag', () => {
  const offers = { entries: [offerOf(1901n), offerOf(2000n)], none: null }
  expect(faultOf(choose(offers, wantedOf({ cap: msat(1900n) })))).toEqual([
    'refused',
    'cap.exceeded',
    'the cheapest offer may cost up to 1,901 msat, more than --max-price 1,900 msat',
    'allow it with --max-price 1901msat',
  ])
})

test('a router that offers what was not wanted is not believed', () => {
  const offers = { entries: [offerOf(1n)], none: null }
  const code = (over: Partial<Wanted>) => faultOf(choose(offers, wantedOf(over)))[1]
  expect(code({ task: 'text.embed' })).toBe('task.none')
  expect(code({ models: ['llama-*'] })).toBe('model.none')
  expect(code({ sizes: { ...wantedOf().sizes, bytes: 20_001 } })).toBe('input.too_large')
  expect(code({ sizes: { ...wantedOf().sizes, out_tokens: 501 } })).toBe('input.too_large')
})

const SAID: readonly (readonly [Partial<NoOffer>, Partial<Wanted>, string[]])[] = [
  [
    {
      why: 'model',
      have: [
        { name: 'smollm2-135m', nodes: 3 },
        { name: 'llama-3.1-8b', nodes: 2 },
      ],
    },
    { models: ['llama-3.1-70b'] },
    [
      'unavailable',
      'model.none',
      'nobody offers llama-3.1-70b right now',
      "offered for text.chat are: smollm2-135m (3), llama-3.1-8b (2)\ntry: --model 'llama-3.1-8b'",
    ],
  ],
  [
    { why: 'model' },
    { models: ['x'] },
    [
      'unavailable',
      'model.none',
      'nobody offers x right now',
      'nobody offers another model for text.chat either; ask another router with --router',
    ],
  ],
  [
    { why: 'task', have: [{ name: 'text.chunk@1', nodes: 1 }] },
    {},
    [
      'unavailable',
      'task.none',
      'nobody offers text.chat right now',
      'offered are: text.chunk@1 (1)',
    ],
  ],
  [
    { why: 'too_large', limit: 8192 },
    {},
    [
      'data',
      'input.too_large',
      'the input is 18,204 bytes; the most that anybody takes is 8,192 bytes',
      'shorten the input, or send it in parts',
    ],
  ],
  [
    { why: 'too_large', limit: 18_204 },
    {},
    [
      'data',
      'input.too_large',
      'nobody gives as many as 100 output tokens for this input of 18,204 bytes',
      'lower --max-tokens',
    ],
  ],
  [
    { why: 'cap', cheapest: msat(5000n) },
    { cap: msat(900n) },
    [
      'refused',
      'cap.exceeded',
      'the cheapest offer may cost up to 5 sat, more than --max-price 900 msat',
      'allow it with --max-price 5sat',
    ],
  ],
  [
    { why: 'where' },
    { where: { ...ANYWHERE, allow: ['a'.repeat(64) as PubKey] } },
    [
      'unavailable',
      'where.none',
      'no node that --where lets serve offers text.chat right now',
      'name more nodes, or leave --where out',
    ],
  ],
  [
    { why: 'where' },
    { where: { ...ANYWHERE, other_operator: true, local: true } },
    [
      'unavailable',
      'where.none',
      'no node that --where lets serve offers text.chat right now',
      'a node or router that does not say who runs it is refused: leave --where other-operator out',
    ],
  ],
  [
    { why: 'busy' },
    { models: ['m'] },
    [
      'again',
      'offers.busy',
      'every node that offers m is busy right now',
      'try again in a few seconds',
    ],
  ],
]

test.each(SAID)('%p is said in a sentence', (none, wanted, said) => {
  expect(faultOf(faultOfNone(noneOf(none), wantedOf(wanted)))).toEqual(said)
  expect(faultOf(choose({ entries: [], none: noneOf(none) }, wantedOf(wanted)))).toEqual(said)
})

test('an empty answer without a reason is no capacity', () => {
  expect(faultOf(choose({ entries: [], none: null }, wantedOf()))[1]).toBe('offers.busy')
})
