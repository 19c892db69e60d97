import type { z } from 'zod'
import { showMsat } from '../../engine/base/money.ts'
import type { Net } from '../../engine/protocol/event.ts'
import { type TabView, leftOn } from '../../engine/spending/ledger.ts'
import type { MoneyStore } from '../../engine/storage/money-store.ts'
import { count } from '../figures.ts'
import { readSettings } from '../settings.ts'
import { openTerminal } from '../terminal.ts'
import { type Namer, namer, readTrust } from '../trust/set.ts'
import { utc } from './invoice.ts'
import { openUserLedger, standingOf } from './ledger.ts'
import type { tabsShape } from './shape.ts'
import { emitResult, money } from './show.ts'

/**
 * `fedai pay tabs`: what is paid, used and left at each node, by our own count; or the statements that nodes signed
 * of it, one a line. Asks nobody.
 */
export const showTabs = async (
  options: Readonly<{
    net?: string | undefined
    statements?: boolean | undefined
    json?: boolean | undefined
  }>,
): Promise<void> => {
  const terminal = openTerminal(options)
  const net = (await readSettings({ net: options.net })).get('net')
  const store = await openUserLedger(net)
  const { tabs, unused } = standingOf(store.money)
  const sorted = tabs.toSorted((a, b) => Number(leftOn(b) - leftOn(a)))
  const signed = options.statements
    ? new Map(sorted.map((it) => [it, signedOf(store.money, it)]))
    : undefined
  await store.close()
  if (terminal.json) return emitResult(terminal, tabsObject(net, sorted, unused, signed), () => '')
  if (signed) {
    for (const text of [...signed.values()].flat()) await terminal.emit(`${text}\n`)
    return
  }
  const show = namer(readTrust())
  for (const tab of sorted) await terminal.emit(`${tabLine(tab, show)}\n`)
  if (tabs.length === 0) terminal.say('no node was paid for a tab yet')
  else terminal.say(`${count(tabs.length, 'tab')} · ${money(unused, net)} paid and unused`)
}

/** The newest statements of a tab, as their exact texts, the oldest first. */
const signedOf = (store: MoneyStore, { payee, ref, n }: TabView): string[] =>
  store
    .statements(payee, ref, Math.max(1, n - MOST_STATEMENTS + 1), MOST_STATEMENTS)
    .map((it) => it.text)

const MOST_STATEMENTS = 1_000

const tabLine = (tab: TabView, show: Namer): string => {
  const left = leftOn(tab)
  return [
    `${left < 0n ? `owed ${showMsat(-left)}` : `left ${showMsat(left)}`}`.padEnd(16),
    `paid ${showMsat(tab.paid)}`.padEnd(16),
    `used ${showMsat(tab.used)}`.padEnd(16),
    show(tab.payee),
    ...(tab.paidAt === null ? [] : [`paid last ${utc(tab.paidAt)}`]),
    ...(tab.disputed > 0n ? [`${showMsat(tab.disputed)} disputed`] : []),
    ...(tab.broken ? ['broken: its statements contradict; it gets nothing more'] : []),
  ].join('  ')
}

const tabsObject = (
  net: Net,
  tabs: readonly TabView[],
  unused: bigint,
  signed: ReadonlyMap<TabView, readonly string[]> | undefined,
): z.output<typeof tabsShape> => ({
  v: 1,
  type: 'tabs',
  net,
  tabs: tabs.map((tab) => ({
    node: tab.payee,
    tab: tab.ref,
    paid_msat: String(tab.paid),
    used_msat: String(tab.used),
    disputed_msat: String(tab.disputed),
    left_msat: String(leftOn(tab)),
    seq: tab.seq,
    statements: tab.n,
    ...(signed && { signed: [...(signed.get(tab) ?? [])] }),
    broken: tab.broken,
    paid_at: tab.paidAt,
  })),
  unused_msat: String(unused),
})
