import type { Ask } from '../protocol/ask.ts'
import type { Finish, Units } from '../protocol/fields.ts'
import type { PubKey } from '../protocol/ids.ts'
import type { Job } from '../protocol/job.ts'
import type { Accepted } from '../protocol/progress.ts'
import type { Receipt, ReceiptStatus } from '../protocol/receipt.ts'
import type { TicketEntry } from '../protocol/ticket.ts'
import { overMax, plausible } from './bounds.ts'
import { costOf } from './cost.ts'
import { type Finding, finding, many, sameUnits, short, sumOf, unitsOf } from './finding.ts'
import { taskMatches } from './pattern.ts'

/** The checks of a receipt, each against one other document. */

/** What a receipt says by itself: its cost, its ceiling, its end. */
export const checkAlone = (receipt: Receipt): Finding[] => {
  const { cost, ceiling, status, finish, times, commit } = receipt
  const due = costOf({ ...receipt, succeeded: status === 'ok' })
  const first = times.first ?? times.accepted
  return [
    finding(
      'receipt.cost',
      cost === due,
      `cost ${many(cost)} msat = ${sumOf(receipt)}`,
      `cost ${many(cost)} msat, but ${sumOf(receipt)} is ${many(due)} msat`,
      'cost',
    ),
    finding(
      'receipt.ceiling',
      cost <= ceiling,
      `under its ceiling of ${many(ceiling)} msat`,
      `cost ${many(cost)} msat is over its ceiling of ${many(ceiling)} msat`,
      'ceiling',
    ),
    finding(
      'receipt.end',
      endsAre(status, finish) && (status !== 'input_refused' || receipt.reason !== null),
      `ended ${status}, ${finish}`,
      `status ${status} does not go with finish ${finish}`,
      'usage',
    ),
    finding(
      'receipt.output',
      commit.frames > 0 || (status !== 'ok' && (cost === 0n || isPrefill(receipt))),
      `charged for ${many(commit.frames)} output frames`,
      `${status}, ${many(cost)} msat, without any output`,
      'undelivered',
    ),
    finding(
      'receipt.times',
      times.accepted <= first && first <= times.done,
      `took ${many(times.done - times.accepted)} ms`,
      'its times are not in order',
      'late',
    ),
  ]
}

/** Against the job (or the rewrap) that it is for. */
export const checkJob = (receipt: Receipt, job: Job, jobBy: PubKey): Finding[] => [
  finding(
    'receipt.job',
    receipt.job === job.job && receipt.ticket === job.ticket,
    `for job ${short(job.job)} on ticket ${short(job.ticket)}`,
    `for job ${short(receipt.job)} on ticket ${short(receipt.ticket)}, not job ${short(job.job)} on ticket ${short(job.ticket)}`,
  ),
  finding(
    'receipt.client',
    receipt.client === jobBy,
    `the client is ${short(jobBy)}, who signed the job`,
    `names ${short(receipt.client)} as the client, but ${short(jobBy)} signed the job`,
  ),
  finding(
    'receipt.task',
    taskMatches(job.task, receipt.task),
    `did ${receipt.task}`,
    `did ${receipt.task}, but the job is ${job.task}`,
    'undelivered',
  ),
  finding(
    'receipt.row',
    receipt.sheet === job.sheet && receipt.row === job.row,
    `priced by row ${job.row} of sheet ${short(job.sheet)}, as the job says`,
    `priced by row ${receipt.row} of sheet ${short(receipt.sheet)}, but the job says row ${job.row} of sheet ${short(job.sheet)}`,
    'cost',
  ),
  finding(
    'receipt.job_ceiling',
    receipt.ceiling === job.ceiling,
    `its ceiling is the job's, ${many(job.ceiling)} msat`,
    `its ceiling is ${many(receipt.ceiling)} msat, the job's ${many(job.ceiling)} msat`,
    'ceiling',
  ),
  usageFinding(receipt.usage, job.max),
]

/** Against the ticket's entry: what the job may pay for besides output. `undefined`: there is none. */
export const checkEntry = (receipt: Receipt, entry: TicketEntry | undefined): Finding[] => {
  if (!entry)
    return [finding('ticket.entry', false, '', 'the ticket offers no such task, model and price')]
  const charged = receipt.commit.frames === 0 && receipt.cost > 0n
  return [
    finding(
      'receipt.prefill',
      !charged || entry.prefill,
      charged
        ? 'charges for reading the input, as its ticket said'
        : 'nothing charged without output',
      'charges for reading the input, which its ticket did not say',
      'undelivered',
    ),
  ]
}

/** Against what the node bound itself to. */
export const checkAccepted = (receipt: Receipt, job: Job, accepted: Accepted): Finding => {
  const same =
    accepted.job === receipt.job &&
    accepted.ticket === receipt.ticket &&
    accepted.sheet === job.sheet &&
    accepted.row === job.row &&
    accepted.ceiling === job.ceiling &&
    accepted.timing === job.timing &&
    overMax(accepted.max, job.max) === null &&
    overMax(job.max, accepted.max) === null
  return finding(
    'accepted.terms',
    same,
    'accepted on the terms of the job',
    'accepted on other terms than those of the job',
    'cost',
  )
}

/** What the client itself has seen of the job. */
export type Delivered = Readonly<{
  /** Cumulative usage after n output frames; undefined where so many never came. */
  usageAt(n: number): Units | undefined
  /** The commitment (hex) over the first n output frames. */
  outputCommitAt?(n: number): string | undefined
  /** The commitment (hex) over the input. */
  inputCommit?: string | undefined
}>

/** Against what really came. */
export const checkDelivered = (receipt: Receipt, delivered: Delivered): Finding[] => {
  const { commit, usage } = receipt
  const seen = commit.frames === 0 ? {} : delivered.usageAt(commit.frames)
  const output = delivered.outputCommitAt?.(commit.frames)
  const input = delivered.inputCommit
  const findings = [
    finding(
      'receipt.frames',
      seen !== undefined,
      `all ${many(commit.frames)} frames that it charges came`,
      `charges ${many(commit.frames)} frames, which did not all come`,
      'undelivered',
    ),
  ]
  if (seen && commit.frames > 0)
    findings.push(
      finding(
        'receipt.usage_seen',
        sameUnits(usage, seen),
        'its usage is what the last piece said',
        `its usage is ${unitsOf(usage)}, but the last piece said ${unitsOf(seen)}`,
        'usage',
      ),
    )
  if (seen && output !== undefined)
    findings.push(
      finding(
        'receipt.output_commitment',
        output === commit.output,
        'commits to the output that came',
        'commits to another output than the one that came',
        'undelivered',
      ),
    )
  // A node that could not open the input has nothing to commit to.
  if (input !== undefined && receipt.status !== 'input_refused')
    findings.push(
      finding(
        'receipt.input_commitment',
        input === commit.input,
        'commits to the input that was sent',
        'commits to another input than the one that was sent',
        'undelivered',
      ),
    )
  return findings
}

/** Against the client's own measure of its input. */
export const checkSizes = (receipt: Receipt, sizes: Ask['sizes'], entry: TicketEntry): Finding =>
  finding(
    'receipt.plausible',
    plausible(receipt.usage, sizes, entry.template),
    'its usage is possible for this input',
    `its usage of ${unitsOf(receipt.usage)} is more than ${many(sizes.bytes)} bytes can be`,
    'usage',
  )

const usageFinding = (usage: Units, max: Units): Finding => {
  const over = overMax(usage, max)
  const bad = over ? `used ${many(over.used)} ${over.unit}, the job allows ${many(over.most)}` : ''
  return finding(
    'receipt.usage',
    !over,
    `used ${unitsOf(usage)}, within the job's bounds`,
    bad,
    'usage',
  )
}

/** Which finish goes with which status. A job that was cut short may have ended any way. */
const endsAre = (status: ReceiptStatus, finish: Finish): boolean => {
  if (status === 'partial') return true
  if (status === 'ok') return ['stop', 'length', 'tool', 'filter'].includes(finish)
  if (status === 'client_cancelled') return finish === 'cancel'
  return finish === 'error' || (status === 'timeout' && finish === 'cancel')
}

/** Reading the input is all that may be charged without output, and only of a client that left. */
const isPrefill = ({ status, usage }: Receipt): boolean =>
  status === 'client_cancelled' && !usage.out_token
