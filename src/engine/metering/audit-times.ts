import type { EventId } from '../protocol/ids.ts'
import type { Message } from '../protocol/messages.ts'
import type { AuditFinding } from './audit.ts'
import type { Documents } from './audit-documents.ts'
import { jobOf } from './audit-receipt.ts'
import { finding, spanOf } from './finding.ts'

/** How far two clocks may be apart, in s: what is further off is refused on arrival (freshness). */
const SKEW_S = 60
/** A receipt, or its answer, may wait for a disk or a link: a day, in s. */
const WAIT_S = 86_400

/**
 * When the documents were signed, against each other and never against a clock of ours: nothing
 * answers what was signed after it. One finding for all that hold, one for each that does not.
 */
export const timeFindings = (documents: Documents): AuditFinding[] => {
  const pairs = pairsOf(documents)
  const wrong = pairs.flatMap(({ first, next, names, apart }): AuditFinding[] => {
    const early = first.event.created_at - next.event.created_at
    if (early <= apart) return []
    const bad = `the ${names[1]} was signed ${spanOf(early)} before the ${names[0]}`
    return [
      { ...finding(`${names[1].replace(/.* /, '')}.time`, false, '', bad), about: next.event.id },
    ]
  })
  const late = documents.of('receipt').flatMap(({ event, body }): AuditFinding[] => {
    const off = Math.abs(event.created_at - Math.floor(body.times.done / 1000))
    if (off <= WAIT_S) return []
    const bad = `the receipt was signed ${spanOf(off)} from when it says that the job was done`
    return [{ ...finding('receipt.time', false, '', bad, 'late'), about: event.id }]
  })
  const last = pairs.at(-1)
  if (!last || wrong.length + late.length > 0) return [...wrong, ...late]
  const good = 'signed one after the other, each in its time'
  return [{ ...finding('times', true, good, ''), about: last.next.event.id }]
}

type Pair = Readonly<{
  first: Message
  next: Message
  names: readonly [string, string]
  /** How much before `first` the other may be signed, in s. */
  apart: number
}>

const pairsOf = (documents: Documents): Pair[] => {
  const pairs: Pair[] = []
  const add = (
    first: Message | undefined,
    next: Message,
    names: Pair['names'],
    apart = SKEW_S,
  ): void => {
    if (first) pairs.push({ first, next, names, apart })
  }
  for (const ticket of documents.of('ticket'))
    for (const id of new Set(ticket.body.entries.map((entry) => entry.sheet)))
      add(documents.byId(id), ticket, ['price sheet', 'ticket'])
  for (const offers of documents.of('offers'))
    for (const { ticket } of offers.body.entries)
      add(documents.byId(ticket.id as EventId), offers, ['ticket', 'offers'])
  for (const job of [...documents.of('job'), ...documents.of('rewrap')]) {
    add(documents.byId(job.body.ticket), job, ['ticket', 'job'])
    add(documents.byId(job.body.offers), job, ['offers', 'job'])
  }
  for (const it of documents.of('progress'))
    if (it.body.status === 'accepted') add(jobOf(it, documents), it, ['job', 'accepted'])
  for (const receipt of documents.of('receipt')) {
    const accepted = documents
      .of('progress')
      .find(
        ({ body }) =>
          body.status === 'accepted' &&
          body.job === receipt.body.job &&
          body.ticket === receipt.body.ticket,
      )
    add(jobOf(receipt, documents), receipt, ['job', 'receipt'])
    add(accepted, receipt, ['accepted', 'receipt'])
  }
  for (const it of documents.of('acknowledgement'))
    add(documents.byId(it.body.receipt), it, ['receipt', 'acknowledgement'], WAIT_S)
  return pairs
}
