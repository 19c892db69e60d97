import type { z } from 'zod'
import { showLeft, showMsat } from '../../engine/base/money.ts'
import type { Net } from '../../engine/protocol/event.ts'
import { type TabView, leftOn } from '../../engine/spending/ledger.ts'
import { count } from '../figures.ts'
import { readSettings } from '../settings.ts'
import { openTerminal } from '../terminal.ts'
import { type Namer, namer, readTrust } from '../trust/set.ts'
import { utc } from './invoice.ts'
import { readUserLedger, standingOf } from './ledger.ts'
import type { tabsShape } from './shape.ts'
import { emitResult } from './show.ts'
import { bundlesOf, signedOf } from './statements.ts'
import { placeOf } from './unsettled.ts'

type Options = Readonly<{
  net?: string | undefined
  all?: boolean | undefined
  statements?: boolean | undefined
  json?: boolean | undefined
}>

/**
 * `fedai pay tabs`: what is paid, used and left at each node, by our own count; or the statements that nodes signed
 * of it, one a line, those of past sessions as well. Asks nobody.
 */
export const showTabs = async (options: Options): Promise<void> => {
  const terminal = openTerminal(options)
  const net = (await readSettings({ net: options.net })).get('net')
  const found = readUserLedger(net, (ledger) => {
    const { tabs, past, unused, unsettled } = standingOf(ledger)
    const rows = [
      ...sorted(tabs).map((view) => ({ view, isPast: false })),
      ...(options.all || options.statements ? sorted(past) : []).map((view) => ({
        view,
        isPast: true,
      })),
    ].map((it) => {
      const signed = options.statements ? signedOf(ledger, it.view) : undefined
      return {
        ...it,
        unsettled: unsettled.get(placeOf(it.view)) ?? 0n,
        signed: signed?.map(({ text }) => text),
        bundles: bundlesOf(ledger, it.view, signed ?? []),
      }
    })
    return { tabs, past, unused, rows }
  })
  const { tabs, past, unused, rows } = found
  if (terminal.json) return emitResult(terminal, tabsObject(net, rows, unused), () => '')
  if (options.statements) {
    for (const { signed, bundles } of rows)
      for (const text of [...(signed ?? []), ...bundles]) await terminal.emit(`${text}\n`)
    return
  }
  const show = namer(readTrust())
  for (const row of rows) await terminal.emit(`${tabLine(row, show)}\n`)
  if (tabs.length === 0)
    terminal.say(
      rows.length === 0
        ? 'no node was paid for a tab yet'
        : 'all of these are over: no tab is left',
    )
  else
    terminal.say(
      `${count(tabs.length, 'tab')} · ${showLeft(unused)}${net === 'sim' ? ' of play money' : ''} paid and unused`,
    )
  const left = options.all ? 0 : past.length
  if (left > 0) terminal.say(`${count(left, 'session')} of --tab off left out: --all`)
}

/** A tab as it is shown. What is left on a past session went with its key. */
type Row = Readonly<{
  view: TabView
  isPast: boolean
  unsettled: bigint
  signed: readonly string[] | undefined
  bundles: readonly string[]
}>

const sorted = (tabs: readonly TabView[]): TabView[] =>
  tabs.toSorted((a, b) => Number(leftOn(b) - leftOn(a)))

const tabLine = ({ view: tab, isPast, unsettled }: Row, show: Namer): string => {
  const left = leftOn(tab)
  const word = isPast ? 'past' : left < 0n ? 'owed' : 'left'
  return [
    `${word} ${left < 0n ? showMsat(-left) : showLeft(left)}`.padEnd(16),
    `paid ${showMsat(tab.paid)}`.padEnd(16),
    `used ${showMsat(tab.used)}`.padEnd(16),
    show(tab.payee),
    ...(tab.paidAt === null ? [] : [`paid last ${utc(tab.paidAt)}`]),
    ...(tab.disputed > 0n ? [`${showMsat(tab.disputed)} disputed`] : []),
    ...(unsettled > 0n ? [`${showMsat(unsettled)} of it not settled yet`] : []),
    ...(tab.lostAt === null ? [] : ['lost: its node does not know it any more']),
    ...(tab.broken ? ['broken: it lied about your money; it gets nothing more'] : []),
  ].join('  ')
}

const tabsObject = (
  net: Net,
  rows: readonly Row[],
  unused: bigint,
): z.output<typeof tabsShape> => ({
  v: 1,
  type: 'tabs',
  net,
  tabs: rows.map(({ view: tab, isPast, unsettled, signed }) => ({
    node: tab.payee,
    tab: tab.ref,
    paid_msat: String(tab.paid),
    used_msat: String(tab.used),
    disputed_msat: String(tab.disputed),
    left_msat: String(leftOn(tab)),
    unsettled_msat: String(unsettled),
    seq: tab.seq,
    statements: tab.n,
    ...(signed && { signed: [...signed] }),
    past: isPast,
    broken: tab.broken,
    lost_at: tab.lostAt,
    paid_at: tab.paidAt,
  })),
  unused_msat: String(unused),
})
