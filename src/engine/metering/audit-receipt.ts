import { tagValue } from '../protocol/event.ts'
import type { Message } from '../protocol/messages.ts'
import type { Accepted } from '../protocol/progress.ts'
import type { AuditFinding } from './audit.ts'
import type { Documents } from './audit-documents.ts'
import { aboutCheck, addressCheck } from './audit-checks.ts'
import { type Finding, finding } from './finding.ts'
import { checkSheet } from './price-check.ts'
import { checkRouter, checkSigners, entryOf } from './receipt-check.ts'
import { checkAccepted, checkAlone, checkEntry, checkJob } from './receipt-checks.ts'

/** One receipt against what there is of its job; what is not there is said. */
export const receiptFindings = (
  receipt: Message<'receipt'>,
  documents: Documents,
): { findings: AuditFinding[]; unchecked: string[] } => {
  const { body, event } = receipt
  const unchecked: string[] = []
  const has = <T>(it: T | undefined, what: string, so: string): T | undefined => {
    if (it === undefined) unchecked.push(`${what}: not given, so ${so}`)
    return it
  }
  const job = has(
    jobOf(receipt, documents),
    'job',
    'client, bounds and ceiling were not checked against it',
  )
  const ticket = has(
    documents.of('ticket').find((it) => it.event.id === body.ticket),
    'ticket',
    'who offered what to whom was not checked',
  )
  const sheet = has(
    documents.of('sheet').find((it) => it.event.id === body.sheet),
    'price sheet',
    'the rates were not checked against it',
  )
  const accepted = has(
    acceptedOf(receipt, documents),
    'accepted',
    'what the node bound itself to was not checked',
  )
  has(
    documents
      .of('offers')
      .find((it) => (job ? it.event.id === job.body.offers : offersIt(it, receipt))),
    'offers',
    'whether the ticket was offered to the client was not checked',
  )
  has(
    documents.of('acknowledgement').find((it) => it.body.receipt === event.id),
    'acknowledgement',
    'whether the client agreed is not known',
  )

  const entry = job && ticket && entryOf(ticket.body, job.body)
  const findings: Finding[] = [
    ...checkAlone(body),
    addressCheck('receipt.addressee', 'receipt', receipt, 'its client', body.client),
    job
      ? aboutCheck('receipt.about', 'receipt', receipt, 'job event', job.event.id)
      : finding(
          'receipt.about',
          tagValue(event, 'e') !== undefined,
          'receipt about a job event',
          'the receipt does not name the job event that it is about',
        ),
  ]
  const signers = {
    ...(ticket && { ticket: ticket.event.pubkey }),
    ...(sheet && { 'price sheet': sheet.event.pubkey }),
    ...(accepted && { accepted: accepted.event.pubkey }),
  }
  if (ticket ?? sheet ?? accepted) findings.push(checkSigners(event.pubkey, signers))
  if (job) findings.push(...checkJob(body, job.body, job.event.pubkey))
  if (job && ticket) findings.push(...checkEntry(body, entry))
  if (sheet)
    findings.push(checkSheet(body, sheet.body, job?.body.model ?? null, entry ? !entry.warm : null))
  if (ticket) findings.push(checkRouter(body, routerOf(ticket, receipt)))
  if (job && accepted) findings.push(checkAccepted(body, job.body, accepted.body as Accepted))
  return { findings: findings.map((it) => ({ ...it, about: event.id })), unchecked }
}

/**
 * The job, or the rewrap, that a receipt or an `accepted` is for: the event that its `e` names where
 * that is one, so that a job which was sent twice is no contradiction.
 */
export const jobOf = (
  { body, event }: Message<'receipt' | 'progress'>,
  documents: Documents,
): Message<'job' | 'rewrap'> | undefined => {
  const jobs = [...documents.of('job'), ...documents.of('rewrap')].filter(
    (it) => it.body.job === body.job && 'ticket' in body && it.body.ticket === body.ticket,
  )
  const about = tagValue(event, 'e')
  return jobs.find((it) => it.event.id === about) ?? jobs[0]
}

const offersIt = ({ body }: Message<'offers'>, receipt: Message<'receipt'>): boolean =>
  body.entries.some((entry) => entry.ticket.id === receipt.body.ticket)

const acceptedOf = (
  { body }: Message<'receipt'>,
  documents: Documents,
): Message<'progress'> | undefined =>
  documents
    .of('progress')
    .find(
      (it) =>
        it.body.status === 'accepted' && it.body.job === body.job && it.body.ticket === body.ticket,
    )

/** Whom the ticket was made out to: the router, or the client itself where there was none. */
const routerOf = (ticket: Message<'ticket'>, { body }: Message<'receipt'>) => {
  const to = tagValue(ticket.event, 'p')
  return to === body.client || to === undefined ? null : (to as typeof body.client)
}
