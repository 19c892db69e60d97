import type { Sizes } from '../protocol/ask.ts'
import type { PubKey } from '../protocol/ids.ts'
import type { Job } from '../protocol/job.ts'
import type { Accepted } from '../protocol/progress.ts'
import type { Receipt } from '../protocol/receipt.ts'
import type { Rewrap } from '../protocol/rewrap.ts'
import type { Sheet } from '../protocol/sheet.ts'
import type { Ticket, TicketEntry } from '../protocol/ticket.ts'
import { type Finding, finding, short } from './finding.ts'
import { taskMatches } from './pattern.ts'
import { checkSheet } from './price-check.ts'
import {
  type Delivered,
  checkAccepted,
  checkAlone,
  checkDelivered,
  checkEntry,
  checkJob,
  checkSizes,
} from './receipt-checks.ts'

/** A receipt and what it is checked against: bodies, and for each who signed it. */
export type ReceiptEvidence = Readonly<{
  receipt: Receipt
  receiptBy: PubKey
  job: Job | Rewrap
  jobBy: PubKey
  ticket: Ticket
  ticketBy: PubKey
  sheet: Sheet
  sheetBy: PubKey
  /** The router that the job went through; null for none. Left out: not checked. */
  router?: PubKey | null
  accepted?: Accepted | undefined
  /** What the client has seen of the output. */
  delivered?: Delivered | undefined
  /** The client's own measure of its input. */
  sizes?: Sizes | undefined
}>

/**
 * All that a client checks before it acknowledges a receipt (docs/protocol.md, receipt). The
 * caller has found ticket and sheet by the ids that the job names, and every signature holds.
 * @returns every check, those that hold too; the first that failed and has a `dispute` is the
 *   reason of the acknowledgement. One that failed without is not a receipt of this job at all.
 */
export const checkReceipt = (of: ReceiptEvidence): Finding[] => {
  const { receipt, job, sheet } = of
  const entry = entryOf(of.ticket, job)
  const findings = [
    checkSigners(of.receiptBy, { ticket: of.ticketBy, 'price sheet': of.sheetBy }),
    ...checkJob(receipt, job, of.jobBy),
    ...checkEntry(receipt, entry),
    checkSheet(receipt, sheet, job.model, entry ? !entry.warm : null),
    ...checkAlone(receipt),
  ]
  if (of.router !== undefined) findings.push(checkRouter(receipt, of.router))
  if (of.accepted) findings.push(checkAccepted(receipt, job, of.accepted))
  if (of.delivered) findings.push(...checkDelivered(receipt, of.delivered))
  if (of.sizes && entry) findings.push(checkSizes(receipt, of.sizes, entry))
  return findings
}

/** The entry of a ticket that a job takes. */
export const entryOf = (ticket: Ticket, job: Job): TicketEntry | undefined =>
  ticket.entries.find(
    (entry) =>
      taskMatches(job.task, entry.task) &&
      entry.model.name === job.model &&
      entry.sheet === job.sheet &&
      entry.row === job.row,
  )

/** Ticket, price sheet, `accepted` and receipt have one key: the node's. */
export const checkSigners = (
  receiptBy: PubKey,
  others: Readonly<Record<string, PubKey>>,
): Finding => {
  const other = Object.entries(others).find(([, by]) => by !== receiptBy)
  return finding(
    'receipt.signer',
    !other,
    `signed by ${short(receiptBy)}, as ${Object.keys(others).join(', ')}`,
    other ? `signed by ${short(receiptBy)}, but the ${other[0]} by ${short(other[1])}` : '',
  )
}

export const checkRouter = (receipt: Receipt, router: PubKey | null): Finding => {
  return finding(
    'receipt.router',
    receipt.router === router,
    `came through ${routerName(router)}`,
    `says ${routerName(receipt.router)}, but it came through ${routerName(router)}`,
  )
}

const routerName = (key: PubKey | null): string => (key ? `router ${short(key)}` : 'no router')
