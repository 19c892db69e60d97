import type { JobId, PubKey } from '../../protocol/ids.ts'
import type { Entry } from '../../spending/journal-rows.ts'
import type { News } from './news.ts'

/** What is told of a payment that settled: what routing cost, and what it could have cost. */
export const paidNews = (
  node: PubKey,
  { hash, msat, fee, maxFee }: Pick<Entry, 'hash' | 'msat' | 'fee' | 'maxFee'>,
): Extract<News, { type: 'paid' }> => ({ type: 'paid', hash, node, msat, fee, maxFee })

/** No job: it is told in the background. */
export const NOBODY = '' as JobId
