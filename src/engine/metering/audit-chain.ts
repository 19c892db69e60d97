import type { Message } from '../protocol/messages.ts'
import type { AuditFinding } from './audit.ts'
import { finding, short } from './finding.ts'

/**
 * Two receipts of one node that cannot both be true: with one `prev`, or for one job and ticket.
 * Each is proof against the node, whoever holds them. A gap in a chain is no contradiction: it
 * only says that there are receipts which are not here.
 */
export const contradictions = (receipts: readonly Message<'receipt'>[]): AuditFinding[] => [
  ...twice(
    receipts,
    'receipt.prev',
    ({ event, body }) => `${event.pubkey} ${body.prev}`,
    ({ body }) =>
      body.prev ? `name ${short(body.prev)} as the one before` : 'claim to be the first',
  ),
  ...twice(
    receipts,
    'receipt.once',
    ({ event, body }) => `${event.pubkey} ${body.job} ${body.ticket}`,
    ({ body }) => `are for job ${short(body.job)} on ticket ${short(body.ticket)}`,
  ),
]

const twice = (
  receipts: readonly Message<'receipt'>[],
  check: string,
  keyOf: (receipt: Message<'receipt'>) => string,
  claim: (receipt: Message<'receipt'>) => string,
): AuditFinding[] => {
  const seen = new Map<string, Message<'receipt'>>()
  const findings: AuditFinding[] = []
  for (const receipt of receipts) {
    const other = seen.get(keyOf(receipt))
    seen.set(keyOf(receipt), other ?? receipt)
    if (!other) continue
    const both = `receipts ${short(other.event.id)} and ${short(receipt.event.id)} of ${short(receipt.event.pubkey)}`
    const bad = `${both} contradict each other: both ${claim(receipt)}`
    findings.push({ ...finding(check, false, '', bad, 'duplicate'), about: receipt.event.id })
  }
  return findings
}
