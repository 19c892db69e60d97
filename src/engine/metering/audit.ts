import type { Msat } from '../base/money.ts'
import { tagValue } from '../protocol/event.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import type { Message } from '../protocol/messages.ts'
import type { ReceiptStatus } from '../protocol/receipt.ts'
import { bundleFindings } from './audit-bundle.ts'
import { contradictions } from './audit-chain.ts'
import { documentsOf } from './audit-documents.ts'
import { pairFindings } from './audit-pairs.ts'
import { receiptFindings } from './audit-receipt.ts'
import { timeFindings } from './audit-times.ts'
import { type Finding, finding, short } from './finding.ts'

/** A finding, and the document that it is about. */
export type AuditFinding = Finding & Readonly<{ about: EventId }>

/** What one receipt says, for the head of its report. */
export type ReceiptSummary = Readonly<{
  id: EventId
  job: JobId
  node: PubKey
  client: PubKey
  status: ReceiptStatus
  cost: Msat
  ceiling: Msat
  /** When the job was done, ms since 1970, by the node's clock. */
  done: number
  sim: boolean
}>

export type Audit = Readonly<{
  /** Every check that could be made, in the order of the report. The first that is not ok is what is wrong. */
  findings: readonly AuditFinding[]
  /** One sentence for each check that could not be made for lack of a document. */
  unchecked: readonly string[]
  receipts: readonly ReceiptSummary[]
}>

/**
 * All that any set of documents proves or contradicts, offline, also a year later: who signed
 * for whom, every cost recomputed, every receipt against job, ticket, sheet, `accepted` and
 * acknowledgement as far as they are there. A ticket is held against the job's time, a sheet
 * against the ticket's; receipts and acknowledgements never expire. There is no clock in it: times
 * are held against each other.
 * @param messages verified already: bytes, hash, signature, schema (protocol/intake.ts)
 * @param bundles which of them were handed over as the documents of one job, each such set
 */
export const audit = (
  messages: readonly Message[],
  bundles: readonly (readonly Message[])[] = [],
): Audit => {
  const documents = documentsOf(messages)
  const findings: AuditFinding[] = [...documents.all.map(signed), ...nets(documents.all)]
  const unchecked: string[] = []
  const receipts = documents.of('receipt')
  for (const receipt of receipts) {
    const report = receiptFindings(receipt, documents)
    findings.push(...report.findings)
    const which = receipts.length > 1 ? ` (receipt ${short(receipt.event.id)})` : ''
    unchecked.push(...report.unchecked.map((sentence) => `${sentence}${which}`))
  }
  findings.push(
    ...bundles.flatMap(bundleFindings),
    ...pairFindings(documents),
    ...timeFindings(documents),
    ...contradictions(receipts),
  )
  if (receipts.length === 0) unchecked.push('receipt: not given, so no cost was checked')
  return { findings, unchecked, receipts: receipts.map(summaryOf) }
}

const signed = ({ event, name }: Message): AuditFinding => ({
  check: `${name}.signature`,
  ok: true,
  detail: `${name} ${short(event.id)} signed by ${short(event.pubkey)}`,
  about: event.id,
})

/** All on one network, and receipts say themselves whether it is play money. */
const nets = (all: readonly Message[]): AuditFinding[] => {
  const [first] = all
  if (!first) return []
  const net = tagValue(first.event, 'net')
  return all.flatMap((message): AuditFinding[] => {
    const { event } = message
    const own = tagValue(event, 'net')
    const sim = message.name === 'receipt' ? message.body.sim : own === 'sim'
    if (own === net && sim === (own === 'sim') && message !== first) return []
    const bad =
      own === net
        ? `receipt ${short(event.id)} is on net ${own}, but says it is ${sim ? '' : 'not '}play money`
        : `${message.name} ${short(event.id)} is on net ${own}, ${first.name} ${short(first.event.id)} on ${net}`
    const good = net === 'sim' ? 'all on net sim: play money' : `all on net ${net}`
    const ok = own === net && sim === (own === 'sim')
    return [{ ...finding('net', ok, good, bad), about: event.id }]
  })
}

const summaryOf = ({ event, body }: Message<'receipt'>): ReceiptSummary => ({
  id: event.id,
  job: body.job,
  node: event.pubkey,
  client: body.client,
  status: body.status,
  cost: body.cost,
  ceiling: body.ceiling,
  done: body.times.done,
  sim: body.sim,
})
