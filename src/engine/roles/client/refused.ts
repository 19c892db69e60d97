import { Fault } from '../../base/fault.ts'
import { askAnew, askLater } from './again.ts'
import { endAttempt } from './attempt.ts'
import { finishJob } from './ending.ts'
import { askFunded } from './unfunded.ts'
import { noCredit } from './credit.ts'
import { noteLost } from './lost-books.ts'
import { keptHint } from './outcome.ts'
import type { ClientJob, ClientTurn } from './state.ts'

/**
 * No ticket of its offers takes the job, or its node knows nothing of it: it waits, is asked for anew, or ends.
 * @param fromRouter whether the router says so, which tried every ticket, or the node alone
 */
export const onRefused = (
  turn: ClientTurn,
  job: ClientJob,
  reason: string,
  fromRouter: boolean,
): void => {
  // Others were quicker with all tickets that were offered; nobody has begun.
  const taken = reason === 'used' || reason === 'busy'
  if (taken && !job.attempt?.accepted && !job.attempt?.isLost && askLater(turn, job, reason)) return
  const onCredit = job.attempt?.body.timing === 'after' && job.attempt.drawn
  if (reason === 'unfunded' && onCredit)
    return finishJob(turn, job, noCredit(turn, job, job.attempt!.offered))
  // Its job goes to another node, or ends with that.
  if (reason === 'no_tab' && job.attempt?.drawn) noteLost(turn, job.attempt.offered.node)
  if (reason === 'unfunded' && askFunded(turn, job)) return
  // No ticket of the offers is left, and nothing came: new offers may have one. A node that takes back its
  // signed yes ends the job: it would be offered first again.
  const left = job.attempt?.isLost || (fromRouter && PASSING.has(reason))
  if (left && askAnew(turn, job, reason)) return
  endAttempt(turn, job)
  if (job.phase === 'cancelling') return finishJob(turn, job, job.fault)
  finishJob(
    turn,
    job,
    new Fault('again', `job.${reason}`, REFUSED[reason] ?? `the job was refused: ${reason}`, {
      hint: reason === 'policy' ? owing(job) : keptHint(job),
    }),
  )
}

/** Reasons that say nothing against the job itself: another node, or the same one later, may take it. */
const PASSING: ReadonlySet<string> = new Set([
  'used',
  'busy',
  'restarted',
  'revoked',
  'expired',
  'silent',
  'lost',
  'unfunded',
  'no_tab',
])

/** The one policy that a sound job meets (docs/protocol.md, on trust). */
const owing = ({ attempt }: ClientJob): string =>
  attempt?.drawn
    ? 'your jobs there took more that they never paid than is left on the tab: top it up (fedai pay top-up), or ask another node'
    : 'a node takes no job of a key that it sent more than was paid for, until that key was quiet for an hour: ask without --as where you gave it, or ask another node'

const REFUSED: Readonly<Record<string, string>> = {
  busy: 'all offered nodes are busy',
  used: 'the offered tickets were taken by others',
  expired: 'the offers expired before the job arrived',
  restarted: 'the node was restarted',
  revoked: 'the node withdrew its offer',
  too_large: 'the node refused the job as too large',
  policy: 'the node refused the job by its policy',
  silent: 'no node answered',
  lost: 'the node is gone',
  cancelled: 'the job was cancelled',
  no_tab: 'the node says that it knows no tab of yours',
  unfunded: 'the node says that your tab does not cover the job',
}
