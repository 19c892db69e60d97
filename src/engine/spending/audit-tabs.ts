import type { Documents } from '../metering/audit-documents.ts'
import { tagValue } from '../protocol/event.ts'
import type { PubKey } from '../protocol/ids.ts'
import type { Message } from '../protocol/messages.ts'
import { byPlace, placeOf } from './audit-draws.ts'
import type { Payment } from './audit-payments.ts'
import { tabOf } from './audit-terms.ts'

/** What documents show of one tab. Amounts in msat, each at least so much: others may not be here. */
export type TabSummary = Readonly<{
  node: PubKey
  /** The tab key. */
  tab: PubKey
  sim: boolean
  /** Different numbers among its statements, and the highest of them; 0 without any. */
  statements: number
  n: number
  paid: bigint
  used: bigint
  /** Paid and not used; below 0: owed. null without a statement: what shows the rest of it may not be here. */
  left: bigint | null
}>

/** Statements by node and tab, by rising number. */
export const statedTabs = (
  documents: Documents,
): { node: PubKey; key: PubKey; statements: readonly Message<'statement'>[] }[] =>
  [
    ...Map.groupBy(documents.of('statement'), ({ event }) =>
      tabOf(event.pubkey, tagValue(event, 'p') ?? ''),
    ).values(),
  ].map((all) => ({
    node: all[0]!.event.pubkey,
    key: (tagValue(all[0]!.event, 'p') ?? '') as PubKey,
    statements: all.toSorted((a, b) => a.body.n - b.body.n),
  }))

/** Every tab that statements, payments or draws with their receipts show. */
export const tabsOf = (documents: Documents, payments: readonly Payment[]): TabSummary[] => {
  const tabs = new Map<string, TabSummary>()
  const add = (name: string, more: Partial<TabSummary>): void => {
    const [node, tab] = name.split(' ') as [PubKey, PubKey]
    const before = tabs.get(name) ?? {
      node,
      tab,
      sim,
      statements: 0,
      n: 0,
      paid: 0n,
      used: 0n,
      left: null,
    }
    tabs.set(name, { ...before, ...more })
  }
  const [first] = documents.all
  const sim = first !== undefined && tagValue(first.event, 'net') === 'sim'
  for (const [name, all] of Map.groupBy(payments, (it) => it.tab))
    add(name, { paid: all.reduce((sum, it) => sum + it.msat, 0n) })
  const draws = byPlace(documents.of('draw'))
  for (const receipt of documents.of('receipt')) {
    const draw = draws.get(placeOf(receipt))
    if (!draw) continue
    const name = tabOf(receipt.event.pubkey, draw.event.pubkey)
    add(name, { used: (tabs.get(name)?.used ?? 0n) + receipt.body.cost })
  }
  for (const { node, key, statements } of statedTabs(documents)) {
    const name = tabOf(node, key)
    const { n, paid, used } = statements.at(-1)!.body
    const known = tabs.get(name)
    add(name, {
      n,
      statements: new Set(statements.map(({ body }) => body.n)).size,
      paid: larger(paid, known?.paid ?? 0n),
      used: larger(used, known?.used ?? 0n),
    })
  }
  return [...tabs.values()].map((it) => ({
    ...it,
    left: it.statements > 0 ? it.paid - it.used : null,
  }))
}

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b)
