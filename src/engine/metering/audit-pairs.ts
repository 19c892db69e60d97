import { tagValue } from '../protocol/event.ts'
import type { Message } from '../protocol/messages.ts'
import type { AuditFinding } from './audit.ts'
import type { Documents } from './audit-documents.ts'
import { aboutCheck, addressCheck, heldAt, signerCheck } from './audit-checks.ts'
import { jobOf } from './audit-receipt.ts'
import { type Finding, finding, short } from './finding.ts'
import { rowFits, rowOf } from './rows.ts'

/** Documents held against each other, two at a time: who signed for whom, and whether it still held. */
export const pairFindings = (documents: Documents): AuditFinding[] => [
  ...documents.of('ticket').flatMap((ticket) => about(ticket, ticketChecks(ticket, documents))),
  ...[...documents.of('job'), ...documents.of('rewrap')].flatMap((job) =>
    about(job, jobChecks(job, documents)),
  ),
  ...documents.of('offers').flatMap((offers) => about(offers, offersChecks(offers, documents))),
  ...documents.of('progress').flatMap((it) => about(it, progressChecks(it, documents))),
  ...documents
    .of('acknowledgement')
    .flatMap((it) => about(it, acknowledgementChecks(it, documents))),
]

/** A ticket and the sheets that its entries name. */
const ticketChecks = (ticket: Message<'ticket'>, documents: Documents): Finding[] =>
  documents.of('sheet').flatMap((sheet) => {
    const entries = ticket.body.entries.filter((entry) => entry.sheet === sheet.event.id)
    if (entries.length === 0) return []
    const odd = entries.find((entry) => {
      const row = rowOf(sheet.body, entry.row)
      return !row || !rowFits(row, entry.task, entry.model.name)
    })
    return [
      signerCheck(
        'ticket.signer',
        'ticket',
        ticket.event.pubkey,
        'price sheet',
        sheet.event.pubkey,
      ),
      heldAt('sheet.expiration', 'price sheet', sheet, 'the ticket', ticket),
      finding(
        'ticket.rows',
        !odd,
        'every entry of the ticket has its row in the price sheet',
        odd ? `the price sheet has no row ${odd.row} for ${odd.task} on ${odd.model.name}` : '',
        'cost',
      ),
    ]
  })

/** A job and its ticket. */
const jobChecks = (job: Message<'job' | 'rewrap'>, documents: Documents): Finding[] => {
  const ticket = documents.of('ticket').find((it) => it.event.id === job.body.ticket)
  const named = [
    aboutCheck('job.about', 'job', job, 'ticket', job.body.ticket),
    ...timingChecks(job, documents),
  ]
  if (!ticket) return named
  return [
    ...named,
    heldAt('ticket.expiration', 'ticket', ticket, 'the job', job),
    addressCheck('job.addressee', 'job', job, 'the signer of the ticket', ticket.event.pubkey),
  ]
}

/** A job is paid as its row of the sheet allows, and as the router of its offers admits. */
const timingChecks = ({ body }: Message<'job' | 'rewrap'>, documents: Documents): Finding[] => {
  const sheet = documents.byId(body.sheet)
  const offers = documents.byId(body.offers)
  const allowed = [
    ['price sheet', sheet?.name === 'sheet' && rowOf(sheet.body, body.row)?.timings],
    ['router', offers?.name === 'offers' && offers.body.timings],
  ] as const
  return allowed.flatMap(([who, timings]) =>
    timings
      ? [
          finding(
            'job.timing',
            timings.includes(body.timing) || (who === 'router' && body.ceiling === 0n),
            `paid ${body.timing}, as the ${who} allows`,
            `paid ${body.timing}, where the ${who} allows ${timings.join(' or ')}`,
          ),
        ]
      : [],
  )
}

/** Offers, the tickets in them, and the jobs that name them. */
const offersChecks = (offers: Message<'offers'>, documents: Documents): Finding[] => {
  const ids: readonly string[] = offers.body.entries.map((entry) => entry.ticket.id)
  const tickets = documents.of('ticket').filter((ticket) => ids.includes(ticket.event.id))
  const jobs = [...documents.of('job'), ...documents.of('rewrap')].filter(
    (job) => job.body.offers === offers.event.id,
  )
  const about = tagValue(offers.event, 'e')
  return [
    finding(
      'offers.about',
      about !== undefined,
      `offers in answer to ask ${short(about ?? '')}`,
      'the offers do not name the ask that they answer',
    ),
    // Nobody resells tickets that were given to another.
    ...tickets.map((ticket) =>
      addressCheck(
        'ticket.addressee',
        'ticket',
        ticket,
        'the signer of the offers',
        offers.event.pubkey,
      ),
    ),
    ...jobs.map((job) =>
      addressCheck('offers.addressee', 'offers', offers, 'the signer of the job', job.event.pubkey),
    ),
    ...jobs.map((job) =>
      finding(
        'offers.ticket',
        ids.includes(job.body.ticket),
        'the ticket is one of the offers',
        `ticket ${short(job.body.ticket)} of the job is none of the offers`,
      ),
    ),
  ]
}

/** What a node said about a job, and the job it answers. */
const progressChecks = (progress: Message<'progress'>, documents: Documents): Finding[] => {
  const { body, event } = progress
  if (body.status !== 'accepted') return []
  const job = jobOf(progress, documents)
  if (!job) {
    const receipt = documents
      .of('receipt')
      .find((it) => it.body.job === body.job && it.body.ticket === body.ticket)
    const whom = 'the client of the receipt'
    return receipt
      ? [addressCheck('accepted.addressee', 'accepted', progress, whom, receipt.body.client)]
      : []
  }
  const e = tagValue(event, 'e') ?? 'nothing'
  return [
    finding(
      'accepted.job',
      e === job.event.id,
      `accepted job event ${short(job.event.id)}`,
      `accepted answers ${short(e)}, not the job event ${short(job.event.id)}`,
    ),
    addressCheck(
      'accepted.addressee',
      'accepted',
      progress,
      'the signer of the job',
      job.event.pubkey,
    ),
  ]
}

/** An acknowledgement and its receipt. */
const acknowledgementChecks = (
  acknowledgement: Message<'acknowledgement'>,
  documents: Documents,
): Finding[] => {
  const { body, event } = acknowledgement
  const receipt = documents.of('receipt').find((it) => it.event.id === body.receipt)
  if (!receipt) {
    const other = documents
      .of('receipt')
      .find((it) => it.body.job === body.job && it.body.ticket === body.ticket)
    if (!other) return []
    const bad = `acknowledges receipt ${short(body.receipt)}, not ${short(other.event.id)}`
    return [finding('acknowledgement.receipt', false, '', bad)]
  }
  const client = jobOf(receipt, documents)?.event.pubkey ?? receipt.body.client
  const same = body.job === receipt.body.job && body.ticket === receipt.body.ticket
  return [
    finding(
      'acknowledgement.receipt',
      same,
      body.verdict === 'agree' ? 'the client agreed' : `the client disputed it: ${body.reason}`,
      'the acknowledgement is for another job or ticket than its receipt',
    ),
    signerCheck('acknowledgement.signer', 'acknowledgement', event.pubkey, 'job', client),
    addressCheck(
      'acknowledgement.addressee',
      'acknowledgement',
      acknowledgement,
      'the signer of the receipt',
      receipt.event.pubkey,
    ),
    aboutCheck(
      'acknowledgement.about',
      'acknowledgement',
      acknowledgement,
      'receipt',
      body.receipt,
    ),
  ]
}

const about = ({ event }: Message, findings: readonly Finding[]): AuditFinding[] =>
  findings.map((it) => ({ ...it, about: event.id }))
