import type { Contents } from '../../protocol/messages.ts'

type Rows = Contents['sheet']['rows']

const row = (n: number, task: string, rates: Rows[number]['rates']): Rows[number] => ({
  row: n,
  task,
  model: '*',
  rates,
  minimum: '0',
  cold_surcharge: '0',
  timings: ['after'],
})

/**
 * Prices for play money, of the size that real ones have: a chat of a hundred tokens costs a few
 * hundred msat. Rates are msat per 10⁶ units, so 1,000,000 is one msat each.
 */
export const PLAY_PRICES: Rows = [
  row(0, 'text.chat', { in_token: '1000000', cached_token: '250000', out_token: '2500000' }),
  row(1, 'text.generate', { in_token: '1000000', cached_token: '250000', out_token: '2500000' }),
  row(2, 'text.embed', { in_token: '100000' }),
  row(3, 'text.rerank', { document: '2000000', byte: '5000' }),
  row(4, 'text.summarize', { byte: '20000' }),
  row(5, 'text.chunk', { byte: '1000' }),
  row(6, 'text.detect', { byte: '2000' }),
]

/** What a node asks that nobody pays. */
export const FREE_PRICES: Rows = PLAY_PRICES.map((it) => ({
  ...it,
  rates: {},
  timings: ['free'],
}))
