import type { JobClass } from '../protocol/fields.ts'
import { type Standing, addressesOf } from '../trust/standing.ts'
import { entryOf } from './candidates.ts'
import type { Weighed } from './rank.ts'

/** Differences smaller than this are not worth a word. */
const NOTABLE = 1.2

/**
 * Why a candidate stands where it does, in one sentence: of the first what makes it the best,
 * of the others how they differ from the first (`first` is null for the first itself).
 */
export const reasonOf = (
  it: Weighed,
  first: Weighed | null,
  of: number,
  jobClass: JobClass,
): string => {
  if (first) return differences(it, first)
  const why =
    of === 1
      ? 'the only one'
      : jobClass === 'batch'
        ? 'cheapest'
        : 'cheapest for your value of time'
  return [why, record(it.standing)].filter(Boolean).join('; ')
}

const differences = (it: Weighed, first: Weighed): string => {
  if (it.candidate.held.node === first.candidate.held.node) return 'the same node, another place'
  const price = priceWord(it.candidate.offer.ceiling, first.candidate.offer.ceiling)
  const cold = !entryOf(it.candidate).warm
  if (it.firstMs * NOTABLE < first.firstMs) return words('faster', price)
  if (cold && entryOf(first.candidate).warm) return words(price, 'cold start')
  if (it.firstMs > first.firstMs * NOTABLE) return words(price, 'slower')
  return price || (it.total > first.total ? 'less sure to serve' : 'as good')
}

const words = (...parts: string[]): string => parts.filter(Boolean).join(', ')

const priceWord = (price: bigint, of: bigint): string => {
  if (price === of) return ''
  if (price < of) return 'cheaper'
  if (of === 0n) return 'not free'
  if (price >= 2n * of) return `${price / of} times the price`
  const percent = ((price - of) * 100n) / of
  return percent === 0n ? '' : `${percent} % dearer`
}

/**
 * `212 jobs of 14 addresses seen, 99.1 % served`: of how many, since a node may be its own client; rounded
 * down, so that 100 % is said only of a clean record.
 */
const record = (standing: Standing | undefined): string => {
  if (!standing || standing.jobs === 0) return ''
  const share = Math.floor((standing.good / standing.jobs) * 1000) / 10
  const jobs = standing.jobs === 1 ? '1 job' : `${standing.jobs.toLocaleString('en-US')} jobs`
  return `${jobs} of ${addresses(standing)} seen, ${share} % served`
}

const addresses = (standing: Standing): string => {
  const { count, more } = addressesOf(standing)
  return `${count} ${count === 1 ? 'address' : 'addresses'}${more ? ' or more' : ''}`
}
