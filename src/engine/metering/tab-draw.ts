import type { Msat } from '../base/money.ts'
import type { PubKey } from '../protocol/ids.ts'
import type { Place } from './tab-rows.ts'

/** What a draw (4645) and the job or rewrap that it came in both say. */
export type DrawTerms = Place &
  Readonly<{
    node: PubKey
    /** The key that signed the job. */
    session: PubKey
    /** SHA-256 of the sealed input, hex. */
    body: string
    ceiling: Msat
    timing: string
  }>

/**
 * In what a draw is not for this job; null where it is. A draw lets one node charge one job, so that
 * neither a router nor a node can have a draw pay for another.
 */
export const drawFlaw = (draw: DrawTerms, job: DrawTerms): keyof DrawTerms | null =>
  TERMS.find((name) => draw[name] !== job[name]) ?? null

const TERMS = ['node', 'job', 'ticket', 'session', 'body', 'ceiling', 'timing'] as const
