import type { z } from 'zod'
import { showLeft, showMsat } from '../../engine/base/money.ts'
import { shortNpub } from '../../engine/identity/keys.ts'
import type { Audit, ReceiptSummary } from '../../engine/metering/audit.ts'
import type { MoneyAudit } from '../../engine/spending/audit.ts'
import type { TabSummary } from '../../engine/spending/audit-tabs.ts'
import { count, shortId } from '../figures.ts'
import type { Paint } from '../terminal.ts'
import type { verificationShape } from './shape.ts'

/** What `fedai verify` found: the audit, and what never got that far because it is no event of ours. */
export type Report = Readonly<{
  findings: readonly Line[]
  unchecked: readonly string[]
  receipts: readonly ReceiptSummary[]
  tabs: readonly TabSummary[]
}>

/** One check: of a document, or of a text in a file that should have been one. */
export type Line = Readonly<{ check: string; ok: boolean; detail: string; about: string }>

/** The first thing that is wrong, or undefined. */
export const firstWrong = (report: Report): Line | undefined => report.findings.find((it) => !it.ok)

/** The report as one object. */
export const reportObject = (report: Report): z.output<typeof verificationShape> => ({
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
  tabs: report.tabs.map(({ paid, used, left, ...rest }) => ({
    ...rest,
    paid_msat: String(paid),
    used_msat: String(used),
    left_msat: left === null ? null : String(left),
  })),
})

/** The report for people: what was looked at, each check with its verdict, what could not be checked. */
export const reportText = (report: Report, paint: Paint): string => {
  const rows = report.findings.map(({ detail, ok }) => [wrapped(detail, 72), ok] as const)
  const width = Math.max(0, ...rows.flatMap(([lines]) => lines.map((it) => Bun.stringWidth(it))))
  const pad = (text: string) => text + ' '.repeat(width - Math.min(width, Bun.stringWidth(text)))
  return [
    ...report.receipts.flatMap(headOf),
    ...report.tabs.flatMap(tabOf),
    ...rows.flatMap(([[first = '', ...rest], ok]) => [
      `  ${pad(first)}  ${ok ? paint.green('yes') : paint.red('no')}`,
      ...rest.map((line) => `    ${line}`),
    ]),
    ...report.unchecked.flatMap((it) => {
      const [first = '', ...rest] = wrapped(it, 65)
      return [
        `  ${paint.yellow('not checked')}  ${first}`,
        ...rest.map((line) => `${INDENT}${line}`),
      ]
    }),
  ].join('\n')
}

const INDENT = ' '.repeat('  not checked  '.length)

/** Lines of at most `width` columns, broken between words. A longer word stays whole. */
const wrapped = (text: string, width: number): string[] => {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const longer = lines.length > 0 ? `${lines.at(-1)} ${word}` : word
    if (lines.length === 0 || Bun.stringWidth(longer) > width) lines.push(word)
    else lines[lines.length - 1] = longer
  }
  return lines
}

// Two lines, since one would be wider than a terminal.
const headOf = (it: ReceiptSummary): string[] => {
  const end = [`by ${shortNpub(it.node)}`, it.status, showMsat(it.cost)]
  return [
    `receipt ${shortId(it.id)} · job ${shortId(it.job)} · ${whenOf(it.done)}`,
    `  ${[...end, ...(it.sim ? ['play money'] : [])].join(' · ')}`,
  ]
}

const tabOf = (it: TabSummary): string[] => {
  const { paid, used, left } = it
  const sums =
    left === null
      ? [`paid at least ${showMsat(paid)}`, `used at least ${showMsat(used)}`]
      : [
          `paid ${showMsat(paid)}`,
          `used ${showMsat(used)}`,
          left < 0n ? `owed ${showMsat(-left)}` : `left ${showLeft(left)}`,
        ]
  return [
    `tab ${shortId(it.tab)} at ${shortNpub(it.node)} · ${count(it.statements, 'statement')}`,
    `  ${[...sums, ...(it.sim ? ['play money'] : [])].join(' · ')}`,
  ]
}

// What a node has signed may be past the last day that a Date can show.
const whenOf = (ms: number): string => {
  const date = new Date(ms)
  const known = !Number.isNaN(date.getTime())
  return known ? `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC` : `${ms} ms since 1970`
}

/** An audit as a report. */
export const reportOf = (
  audit: Audit & Pick<MoneyAudit, 'tabs'>,
  before: readonly Line[],
): Report => ({
  findings: [...before, ...audit.findings],
  unchecked: audit.unchecked,
  receipts: audit.receipts,
  tabs: audit.tabs,
})
