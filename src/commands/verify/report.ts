import { showMsat } from '../../engine/base/money.ts'
import { shortNpub } from '../../engine/identity/keys.ts'
import type { Audit, ReceiptSummary } from '../../engine/metering/audit.ts'
import { shortId } from '../figures.ts'
import type { Paint } from '../terminal.ts'

/** What `fedai verify` found: the audit, and what never got that far because it is no event of ours. */
export type Report = Readonly<{
  findings: readonly Line[]
  unchecked: readonly string[]
  receipts: readonly ReceiptSummary[]
}>

/** One check: of a document, or of a text in a file that should have been one. */
export type Line = Readonly<{ check: string; ok: boolean; detail: string; about: string }>

/** The first thing that is wrong, or undefined. */
export const firstWrong = (report: Report): Line | undefined => report.findings.find((it) => !it.ok)

/** The report as one object. */
export const reportObject = (report: Report) => ({
  v: 1,
  type: 'verification',
  ok: firstWrong(report) === undefined,
  wrong: firstWrong(report) ?? null,
  findings: report.findings.map(({ check, ok, detail, about }) => ({ check, ok, detail, about })),
  unchecked: report.unchecked,
  receipts: report.receipts.map(({ cost, ceiling, ...rest }) => ({
    ...rest,
    cost_msat: String(cost),
    ceiling_msat: String(ceiling),
  })),
})

/** The report for people: what was looked at, each check with its verdict, what could not be checked. */
export const reportText = (report: Report, paint: Paint): string => {
  const heads = report.receipts.map(headOf)
  const rows = report.findings.map((it) => [it.detail, it.ok] as const)
  const width = Math.min(72, Math.max(0, ...rows.map(([detail]) => Bun.stringWidth(detail))))
  const pad = (text: string) => text + ' '.repeat(Math.max(0, width - Bun.stringWidth(text)))
  return [
    ...heads,
    ...rows.map(([detail, ok]) => `  ${pad(detail)}  ${ok ? paint.green('yes') : paint.red('no')}`),
    ...report.unchecked.map((it) => `  ${paint.yellow('not checked')}  ${it}`),
  ].join('\n')
}

const headOf = (it: ReceiptSummary): string =>
  [
    `receipt ${shortId(it.id)}`,
    `job ${shortId(it.job)}`,
    `${new Date(it.done).toISOString().slice(0, 19).replace('T', ' ')} UTC`,
    `by ${shortNpub(it.node)}`,
    it.status,
    showMsat(it.cost),
    ...(it.sim ? ['play money'] : []),
  ].join(' · ')

/** An audit as a report. */
export const reportOf = (audit: Audit, before: readonly Line[]): Report => ({
  findings: [...before, ...audit.findings],
  unchecked: audit.unchecked,
  receipts: audit.receipts,
})
