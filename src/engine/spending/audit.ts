import type { AuditFinding } from '../metering/audit.ts'
import { documentsOf } from '../metering/audit-documents.ts'
import { short } from '../metering/finding.ts'
import type { EcdsaVerifier } from '../protocol/bolt11/payee.ts'
import type { Message } from '../protocol/messages.ts'
import { drawFindings } from './audit-draws.ts'
import { invoiceFindings } from './audit-invoices.ts'
import { type Payment, paymentFindings } from './audit-payments.ts'
import { statementFindings } from './audit-statements.ts'
import { type TabSummary, tabsOf } from './audit-tabs.ts'

export type MoneyAudit = Readonly<{
  /** Every check that could be made. One that is not ok is a lie of somebody's, and the documents show whose. */
  findings: readonly AuditFinding[]
  /** One sentence for each check that could not be made for lack of a document. */
  unchecked: readonly string[]
  /** What is known of each tab: at least so much was paid and used. */
  tabs: readonly TabSummary[]
}>

/**
 * All that any set of documents proves or contradicts about money, offline: invoices against their terms and the
 * keys in their payee's sheet, proofs and acknowledgements against their invoices, draws against job and
 * receipt, statements against receipts, acknowledgements and one another. A receipt without its statement
 * is no failure: it may come later. Beside metering/audit.ts, which does the same for the work.
 * @param messages verified already (protocol/intake.ts), and with them what proofs carry (`carried`)
 * @param secp recovers the Lightning keys that signed the invoices
 */
export const auditMoney = (
  messages: readonly Message[],
  { secp }: Readonly<{ secp: EcdsaVerifier }>,
): MoneyAudit => {
  const documents = documentsOf(messages)
  const { findings: invoiced, unchecked: unpinned } = invoiceFindings(documents, secp)
  const paid = paymentFindings(documents, secp)
  const drawn = drawFindings(documents)
  const payments: readonly Payment[] = paid.payments
  const stated = statementFindings(documents, payments)
  const letters = documents
    .of('money')
    .map(({ event }) => `money ${short(event.id)}: sealed, so what it says was not checked`)
  const tabs = tabsOf(documents, payments)
  const open = tabs
    .filter(({ left }) => left === null)
    .map(({ tab }) => `what is left or owed on tab ${short(tab)}: no statement of it is given`)
  return {
    findings: [...invoiced, ...paid.findings, ...drawn.findings, ...stated.findings],
    unchecked: [
      ...unpinned,
      ...paid.unchecked,
      ...drawn.unchecked,
      ...stated.unchecked,
      ...open,
      ...letters,
    ],
    tabs,
  }
}
