import type { PubKey } from '../../protocol/ids.ts'
import type { Entry } from '../../spending/journal-rows.ts'
import type { News } from './news.ts'

/** What is told of a payment that settled: what routing cost, and what it could have cost. */
export const paidNews = (
  node: PubKey,
  { msat, fee, maxFee }: Pick<Entry, 'msat' | 'fee' | 'maxFee'>,
): Extract<News, { type: 'paid' }> => ({ type: 'paid', node, msat, fee, maxFee })
