import { BOUNDS } from '../base/bounds.ts'
import { showMsat } from '../base/money.ts'
import type { AuditFinding } from '../metering/audit.ts'
import { aboutCheck, addressCheck } from '../metering/audit-checks.ts'
import type { Documents } from '../metering/audit-documents.ts'
import { type Finding, finding, short, spanOf } from '../metering/finding.ts'
import { drawFlaw } from '../metering/tab-draw.ts'
import { tagValue } from '../protocol/event.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import type { Message } from '../protocol/messages.ts'

type Report = Readonly<{ findings: AuditFinding[]; unchecked: string[] }>

/** Every draw against the job or rewrap that it came in, the node's `accepted`, and the receipt. */
export const drawFindings = (documents: Documents): Report => {
  const jobs = byPlace([...documents.of('job'), ...documents.of('rewrap')])
  const receipts = byPlace(documents.of('receipt'))
  const draws = byPlace(documents.of('draw'))
  const unchecked: string[] = []
  const findings: AuditFinding[] = []
  for (const draw of documents.of('draw')) {
    const job = jobs.get(placeOf(draw))
    const receipt = receipts.get(placeOf(draw))
    if (!job && !receipt)
      unchecked.push(
        `draw ${short(draw.event.id)}: neither its job nor its receipt is given, so what it pays was not checked`,
      )
    const checks = [
      aboutCheck('draw.about', 'draw', draw, 'ticket', draw.body.ticket),
      ...(job ? jobChecks(draw, job) : []),
      ...(receipt ? receiptChecks(draw, receipt) : []),
    ]
    findings.push(...checks.map((it) => ({ ...it, about: draw.event.id })))
  }
  for (const accepted of documents.of('progress')) {
    const { body, event } = accepted
    if (body.status !== 'accepted') continue
    const draw = draws.get(placeOf({ body }))
    if (draw)
      findings.push({
        ...finding(
          'accepted.funded',
          body.funded,
          `the node accepted the job as covered by tab ${short(draw.event.pubkey)}`,
          'the node accepted the job as not covered by a tab, though a draw came with it',
        ),
        about: event.id,
      })
    else if (body.funded)
      unchecked.push(
        `draw of job ${short(body.job)}: not given, so which tab it was charged to was not checked`,
      )
  }
  return { findings, unchecked }
}

/** Draws, jobs and receipts of one (job, ticket) belong together. */
export const placeOf = ({ body }: Readonly<{ body: { job: JobId; ticket: EventId } }>): string =>
  `${body.job} ${body.ticket}`

export const byPlace = <M extends Readonly<{ body: { job: JobId; ticket: EventId } }>>(
  messages: readonly M[],
): Map<string, M> => new Map(messages.map((it) => [placeOf(it), it]))

const jobChecks = (draw: Message<'draw'>, job: Message<'job' | 'rewrap'>): Finding[] => {
  const said = { ...draw.body, node: nodeOf(draw), session: draw.body.client }
  const asked = { ...job.body, node: nodeOf(job), session: job.event.pubkey }
  const flaw = drawFlaw(said, { ...asked, body: job.body.body.sha256 })
  const late = draw.event.created_at - job.event.created_at
  return [
    finding(
      'draw.terms',
      flaw === null,
      `tab ${short(draw.event.pubkey)} lets the node charge it up to ${showMsat(draw.body.ceiling)} for this job`,
      `the ${flaw ? WORDS[flaw] : ''} of the draw is not that of the job`,
    ),
    finding(
      'draw.time',
      late <= BOUNDS.freshnessMs / 1000,
      'the draw was signed with the job',
      `the draw was signed ${spanOf(Math.max(0, late))} after the job`,
    ),
  ]
}

const receiptChecks = (draw: Message<'draw'>, { event, body }: Message<'receipt'>): Finding[] => [
  addressCheck('draw.addressee', 'draw', draw, 'the signer of the receipt', event.pubkey),
  finding(
    'draw.receipt',
    body.client === draw.body.client &&
      body.ceiling === draw.body.ceiling &&
      body.cost <= draw.body.ceiling,
    `the receipt charges what the draw allows, ${showMsat(body.cost)}`,
    body.client === draw.body.client
      ? `the draw allows up to ${showMsat(draw.body.ceiling)}, the receipt says ${showMsat(body.cost)} of at most ${showMsat(body.ceiling)}`
      : `the draw is for jobs of ${short(draw.body.client)}, the receipt for ${short(body.client)}`,
  ),
]

const nodeOf = ({ event }: Pick<Message, 'event'>): PubKey => tagValue(event, 'p') as PubKey

const WORDS: Readonly<Record<NonNullable<ReturnType<typeof drawFlaw>>, string>> = {
  node: 'addressee',
  job: 'job',
  ticket: 'ticket',
  session: 'client',
  body: 'hash of the input',
  ceiling: 'ceiling',
  timing: 'timing',
}
