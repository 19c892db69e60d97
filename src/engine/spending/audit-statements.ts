import { BOUNDS } from '../base/bounds.ts'
import type { AuditFinding } from '../metering/audit.ts'
import { signerCheck } from '../metering/audit-checks.ts'
import type { Documents } from '../metering/audit-documents.ts'
import { type Finding, finding, many, short, spanOf } from '../metering/finding.ts'
import type { Message } from '../protocol/messages.ts'
import { byPlace, placeOf } from './audit-draws.ts'
import type { Payment } from './audit-payments.ts'
import { chainFindings, datedBack } from './audit-chains.ts'
import { statedTabs } from './audit-tabs.ts'

type Report = Readonly<{ findings: AuditFinding[]; unchecked: string[] }>

/** Every statement by itself and against its receipt and draw; then all of one tab against each other. */
export const statementFindings = (documents: Documents, payments: readonly Payment[]): Report => {
  const draws = byPlace(documents.of('draw'))
  const findings = documents.of('statement').flatMap((statement): AuditFinding[] => {
    const receipt = receiptOf(statement, documents)
    const draw = receipt && draws.get(placeOf(receipt))
    const checks = [
      ...aloneChecks(statement),
      ...(receipt ? receiptChecks(statement, receipt) : []),
      ...(draw ? [tabCheck(statement, draw)] : []),
    ]
    return checks.map((it) => ({ ...it, about: statement.event.id }))
  })
  const unchecked: string[] = []
  for (const { key, statements } of statedTabs(documents)) {
    const missing = statements.filter((it) => !receiptOf(it, documents)).length
    if (missing > 0)
      unchecked.push(
        `receipts of ${many(missing)} of ${many(statements.length)} statements of tab ${short(key)}: not given, so their costs were not checked`,
      )
    findings.push(...chainFindings(statements, payments))
    unchecked.push(...datedBack(statements))
  }
  return { findings, unchecked }
}

const receiptOf = ({ body }: Message<'statement'>, documents: Documents) => {
  const receipt = documents.byId(body.receipt)
  return receipt?.name === 'receipt' ? receipt : undefined
}

/** A node lends a tenth of what was bought and paid there (docs/protocol.md, timings). */
const LENT = 10n

const aloneChecks = ({ event, body }: Message<'statement'>): Finding[] => {
  const which = `statement ${many(body.n)}`
  const keys = event.tags.filter((tag) => tag[0] === 'p')
  const first = body.n > 1 || body.used === body.cost
  return [
    finding(
      'statement.addressee',
      keys.length === 1,
      `${which} made out to tab ${short(keys[0]?.[1] ?? '')}`,
      `${which} is made out to ${keys.length === 0 ? 'no tab' : `${keys.length} keys`}`,
    ),
    finding(
      'statement.sum',
      body.used >= body.cost && first,
      `${which}: ${many(body.cost)} msat more, ${many(body.used)} msat used in all`,
      `${which} charges ${many(body.cost)} msat, but says ${many(body.used)} msat used in all`,
    ),
    ...(body.used > body.paid + body.paid / LENT
      ? [
          finding(
            'statement.credit',
            false,
            '',
            `${which} says ${many(body.used)} msat used of ${many(body.paid)} msat paid: over the tenth that may be lent`,
          ),
        ]
      : []),
  ]
}

const receiptChecks = (
  { event, body }: Message<'statement'>,
  receipt: Message<'receipt'>,
): Finding[] => {
  const which = `statement ${many(body.n)}`
  const early = receipt.event.created_at - event.created_at
  return [
    signerCheck('statement.signer', 'statement', event.pubkey, 'receipt', receipt.event.pubkey),
    finding(
      'statement.cost',
      body.cost === receipt.body.cost,
      `${which} charges what receipt ${short(receipt.event.id)} says`,
      `${which} charges ${many(body.cost)} msat, receipt ${short(receipt.event.id)} says ${many(receipt.body.cost)}`,
    ),
    finding(
      'statement.time',
      early <= BOUNDS.freshnessMs / 1000,
      `${which} was signed after its receipt`,
      `${which} was signed ${spanOf(Math.max(0, early))} before its receipt`,
    ),
  ]
}

const tabCheck = ({ event, body }: Message<'statement'>, draw: Message<'draw'>): Finding => {
  const tab = event.tags.find((tag) => tag[0] === 'p')?.[1] ?? ''
  return finding(
    'statement.tab',
    tab === draw.event.pubkey,
    `the job of statement ${many(body.n)} drew on this tab`,
    `statement ${many(body.n)} charges tab ${short(tab)}, the job drew on ${short(draw.event.pubkey)}`,
  )
}
