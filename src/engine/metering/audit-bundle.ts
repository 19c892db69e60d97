import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import type { Message } from '../protocol/messages.ts'
import type { AuditFinding } from './audit.ts'
import { documentsOf } from './audit-documents.ts'
import { finding, short } from './finding.ts'

/**
 * Documents that were handed over as those of one job: every one of them has to be. Among loose
 * documents a stranger is no contradiction, here it is: it stands where the right one should.
 */
export const bundleFindings = (bundle: readonly Message[]): AuditFinding[] => {
  const anchor = anchorOf(bundle)
  const wrong = bundle.flatMap((message): AuditFinding[] => {
    const strayed = strayOf(message, anchor)
    if (!strayed) return []
    const [check, bad] = strayed
    const said = `${nameOf(message)} ${short(message.event.id)} does not belong to its bundle: ${bad}`
    return [{ ...finding(check, false, '', said), about: message.event.id }]
  })
  const [first] = bundle
  if (!first || bundle.length < 2 || wrong.length > 0) return wrong
  const good = `the ${bundle.length} documents of the bundle are of one job`
  return [{ ...finding('bundle', true, good, ''), about: first.event.id }]
}

/** What the documents of a bundle have to name, as the one that binds most says it. */
type Anchor = {
  job?: JobId | undefined
  tickets?: readonly string[] | undefined
  sheets?: readonly EventId[] | undefined
  offers?: EventId | undefined
  receipt?: EventId | undefined
  node?: PubKey | undefined
}

const anchorOf = (bundle: readonly Message[]): Anchor => {
  const all = documentsOf(bundle)
  const [receipt] = all.of('receipt')
  const job = all.of('job')[0] ?? all.of('rewrap')[0]
  const accepted = bundle.flatMap((it) =>
    it.name === 'progress' && it.body.status === 'accepted' ? [it.body] : [],
  )[0]
  const terms = receipt?.body ?? job?.body ?? accepted
  const about = terms ?? all.of('acknowledgement')[0]?.body
  const ticket = all.of('ticket')[0]
  return {
    job: about?.job,
    tickets: about ? [about.ticket] : all.of('offers')[0]?.body.entries.map((it) => it.ticket.id),
    sheets: terms ? [terms.sheet] : ticket?.body.entries.map((it) => it.sheet),
    offers: job?.body.offers,
    receipt: receipt?.event.id,
    node: (receipt ?? ticket)?.event.pubkey,
  }
}

/** Why a document is none of its bundle's: the check, and the reason in words. */
const strayOf = (message: Message, anchor: Anchor): readonly [string, string] | undefined => {
  const { event, body, name } = message
  if (name === 'sheet' && anchor.sheets && !anchor.sheets.includes(event.id))
    return ['bundle.sheet', `the job is priced by ${listOf(anchor.sheets)}`]
  if (name === 'ticket' && anchor.tickets && !anchor.tickets.includes(event.id))
    return ['bundle.ticket', `the job is on ticket ${listOf(anchor.tickets)}`]
  if (name === 'offers' && anchor.offers && anchor.offers !== event.id)
    return ['bundle.offers', `the job takes offers ${short(anchor.offers)}`]
  if (name === 'receipt' && anchor.receipt && anchor.receipt !== event.id)
    return ['bundle.receipt', `there is receipt ${short(anchor.receipt)} already`]
  if (name === 'acknowledgement' && anchor.receipt && anchor.receipt !== message.body.receipt)
    return [
      'bundle.receipt',
      `it answers receipt ${short(message.body.receipt)}, not ${short(anchor.receipt)}`,
    ]
  if (name === 'statement' && anchor.receipt && anchor.receipt !== message.body.receipt)
    return [
      'bundle.receipt',
      `it charges receipt ${short(message.body.receipt)}, not ${short(anchor.receipt)}`,
    ]
  if (name === 'invoice' && anchor.node && anchor.node !== event.pubkey)
    return [
      'bundle.invoice',
      `it pays ${short(event.pubkey)}, the job went to ${short(anchor.node)}`,
    ]
  if (name === 'proof' && anchor.node && anchor.node !== message.body.invoice.pubkey)
    return [
      'bundle.proof',
      `it shows what ${short(message.body.invoice.pubkey)} was paid, the job went to ${short(anchor.node)}`,
    ]
  if (anchor.job && 'job' in body && body.job !== anchor.job)
    return ['bundle.job', `it is of job ${short(body.job)}, not ${short(anchor.job)}`]
  if (anchor.tickets && 'ticket' in body && !anchor.tickets.includes(body.ticket))
    return ['bundle.ticket', `it is on ticket ${short(body.ticket)}, not ${listOf(anchor.tickets)}`]
  return undefined
}

const nameOf = (message: Message): string => {
  if (message.name === 'sheet') return 'price sheet'
  return message.name === 'progress' ? message.body.status : message.name
}

const listOf = (ids: readonly string[]): string => ids.map(short).join(' or ') || 'none'
