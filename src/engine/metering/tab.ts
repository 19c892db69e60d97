import { type UnixMs, unixMs } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import { LEAST_INVOICE } from '../protocol/terms.ts'
import { forgetEnded, forgetResting } from './tab-forget.ts'
import {
  type Draw,
  type Place,
  type Statement,
  type Tab,
  type TabChange,
  authorized,
  owed,
} from './tab-rows.ts'

/**
 * The tabs of a node: `authorized = paid + credit − used − reserved`. One writer: what one job reserves no
 * other can. Changed in place; each function returns the rows that have to be written, together with
 * whatever else belongs to the same moment (the receipt, the invoice).
 */
export type Tabs = Readonly<{
  node: PubKey
  tabs: Map<PubKey, Tab>
  /**
   * A tab that is not in memory, as the ledger has it; null where there is none. Nobody else writes it, so that this
   * is no news but a part of the state that lies elsewhere. Without it none rests.
   */
  recall: ((key: PubKey) => Tab | null) | null
  /** When tabs were looked through for some that rest. */
  looked: { at: UnixMs }
  /** Open draws, by job and ticket. */
  draws: Map<string, Draw>
  /** When draws ended, the oldest first: none is taken again while its ticket may live. */
  ended: Map<string, UnixMs>
}>

/** What a job asks of its tab: its draw, whose signature and fields were checked (tab-draw.ts). */
export type DrawWish = Omit<Draw, 'reserved' | 'state' | 'cost' | 'receipt' | 'at' | 'node'>

export type Reserved = Readonly<{ changes: readonly TabChange[]; reserved: Msat }>
/** Why a draw is not taken; for `unfunded` how much more the tab needs for the whole job. */
export type NotReserved = Readonly<{ refused: 'unfunded' | 'used'; shortfall: Msat }>

/** The tab of a key; undefined before the first payment or job. */
export const tabAt = ({ tabs, recall }: Tabs, key: PubKey): Tab | undefined => {
  const kept = tabs.get(key) ?? recall?.(key)
  if (kept) tabs.set(key, kept)
  return kept ?? undefined
}

/**
 * The tabs as the ledger has them. Draws that are still open are of jobs which ended with the process before,
 * without a receipt and at no cost: what they hold is released.
 */
export const openTabs = (
  node: PubKey,
  rows: Readonly<{ tabs: readonly Tab[]; draws: readonly Draw[] }>,
  now: UnixMs,
  recall: Tabs['recall'] = null,
): { state: Tabs; changes: TabChange[] } => {
  const state: Tabs = {
    node,
    tabs: new Map(rows.tabs.map((tab) => [tab.key, tab])),
    draws: new Map(rows.draws.map((draw) => [placeOf(draw), draw])),
    ended: new Map(),
    recall,
    looked: { at: now },
  }
  return { state, changes: rows.draws.flatMap((draw) => release(state, draw, now)) }
}

/**
 * Holds money for a job at its admission: its ceiling, or what is authorized where it is paid while it runs.
 * The draw is taken once. The first frame may leave when the changes are on the disk.
 */
export const reserve = (state: Tabs, wish: DrawWish, now: UnixMs): Reserved | NotReserved => {
  forgetEnded(state.ended, now)
  if (state.recall) forgetResting(state.tabs, state.looked, now)
  const place = placeOf(wish)
  if (state.draws.has(place) || state.ended.has(place))
    return { refused: 'used', shortfall: msat(0n) }
  const tab = tabOf(state, wish.key, now)
  const most = wish.timing === 'free' ? 0n : wish.ceiling
  // What a hold invoice has brought in this moment is its own job's, also where the tab owes something.
  const held = wish.timing === 'hold' ? msat(most) : lesser(most, spendable(tab))
  // Paid before: the whole job. Paid meanwhile or after it: nobody begins on nothing.
  const enough = wish.timing === 'before' ? held === most : held > 0n || most === 0n
  if (!enough) return { refused: 'unfunded', shortfall: msat(most - held) }
  const [tabChange, drawChange] = keep(
    state,
    { ...tab, reserved: msat(tab.reserved + held), at: now },
    { ...wish, node: state.node, reserved: held, ...FRESH, at: now },
  )
  return { changes: [tabChange, { ...drawChange, do: 'add' }], reserved: held }
}

const FRESH = { state: 'reserved', cost: msat(0n), receipt: null } as const

/** Holds more for an open job whose tab was topped up, up to its ceiling. No changes where there is nothing to add. */
export const extend = (state: Tabs, place: Place, now: UnixMs): TabChange[] => {
  const draw = openDraw(state, place)
  const tab = tabOf(state, draw.key, now)
  const room = draw.timing === 'free' ? 0n : draw.ceiling - draw.reserved
  const more = lesser(room, spendable(tab))
  if (more === 0n) return []
  const next = { ...tab, reserved: msat(tab.reserved + more), at: now }
  return [...keep(state, next, { ...draw, reserved: msat(draw.reserved + more) })]
}

/** The most that an open job may have cost until it is extended; beyond that nothing is sent. */
export const reservedFor = (state: Tabs, place: Place): Msat => openDraw(state, place).reserved

/**
 * Charges the receipt of a job and releases the rest. The statement is to be signed and written with
 * the changes, the receipt and, where it paid for one job, the invoice.
 * @param dueMs how long what is owed may stay unpaid
 * @throws RangeError where more is charged than was reserved: such a receipt must not be signed
 */
export const settle = (
  state: Tabs,
  place: Place,
  receipt: Readonly<{ id: EventId; cost: Msat }>,
  now: UnixMs,
  dueMs: number,
): { changes: TabChange[]; statement: Statement } => {
  const draw = openDraw(state, place)
  const { id, cost } = receipt
  if (cost > draw.reserved)
    throw new RangeError(`a cost of ${cost} msat where ${draw.reserved} are reserved`)
  const tab = tabOf(state, draw.key, now)
  const used = msat(tab.used + cost)
  const reserved = msat(tab.reserved - draw.reserved)
  const charged = withDue({ ...tab, used, reserved, n: tab.n + 1, at: now }, now, dueMs)
  const { node, key, n, paid } = charged
  return {
    changes: end(state, charged, { ...draw, state: 'settled', cost, receipt: id }, now),
    statement: { node, key, n, paid, used, reserved, receipt: id, cost },
  }
}

/** The job ended without a receipt: nothing is charged. */
export const release = (state: Tabs, place: Place, now: UnixMs): TabChange[] => {
  const draw = openDraw(state, place)
  const tab = tabOf(state, draw.key, now)
  const next = { ...tab, reserved: msat(tab.reserved - draw.reserved), at: now }
  return end(state, next, { ...draw, state: 'released' }, now)
}

/**
 * Adds what our wallet received, whenever it came. Called for each invoice once, when the invoice book says
 * that it settled; written with that invoice.
 */
export const credit = (
  state: Tabs,
  invoice: Readonly<{ payer: PubKey; ref: string; seq: number; received: Msat }>,
  now: UnixMs,
  dueMs: number,
): TabChange[] => {
  if (state.recall) forgetResting(state.tabs, state.looked, now)
  const tab = tabOf(state, invoice.payer, now)
  const paid = msat(tab.paid + invoice.received)
  // An invoice for one job is numbered within that job.
  const seq = invoice.ref === invoice.payer ? Math.max(tab.seq, invoice.seq) : tab.seq
  return [keepTab(state, withDue({ ...tab, paid, seq, at: now }, now, dueMs))]
}

/** Lets a key use so much before it pays (tab-credit.ts says how much). */
export const grant = (state: Tabs, key: PubKey, amount: Msat, now: UnixMs): TabChange[] => {
  const tab = tabOf(state, key, now)
  return tab.credit === amount ? [] : [keepTab(state, { ...tab, credit: amount, at: now })]
}

/** Ends the credit of a tab whose debt is not paid in time. No changes where it is not due. */
export const lapse = (state: Tabs, key: PubKey, now: UnixMs): TabChange[] => {
  const tab = tabAt(state, key)
  if (!tab || tab.due === null || tab.due > now || tab.defaulted) return []
  return [keepTab(state, { ...tab, credit: msat(0n), defaulted: true, at: now })]
}

/**
 * The clock was set by so many ms: debts are due in as long as before, draws ended as long ago, and no tab rests
 * sooner, since what changed it may not be in the ledger yet.
 */
export const shiftTabs = ({ tabs, ended }: Tabs, by: number): void => {
  for (const [key, tab] of tabs) {
    const due = tab.due === null ? null : unixMs(tab.due + by)
    tabs.set(key, { ...tab, due, at: unixMs(tab.at + by) })
  }
  for (const [place, at] of ended) ended.set(place, unixMs(at + by))
}

const placeOf = ({ job, ticket }: Place): string => `${job} ${ticket}`

const openDraw = (state: Tabs, place: Place): Draw => {
  const draw = state.draws.get(placeOf(place))
  if (!draw) throw new RangeError(`job ${place.job.slice(0, 8)}… has no open draw`)
  return draw
}

const tabOf = (state: Tabs, key: PubKey, now: UnixMs): Tab =>
  tabAt(state, key) ?? { node: state.node, key, ...EMPTY, at: now }

const ZERO = msat(0n)
const EMPTY = {
  paid: ZERO,
  used: ZERO,
  reserved: ZERO,
  credit: ZERO,
  seq: 0,
  n: 0,
  due: null,
  defaulted: false,
}

const spendable = (tab: Tab): Msat => {
  const left = authorized(tab)
  return msat(left > 0n ? left : 0n)
}

/** A debt that no invoice can carry is due when it has grown to one that can. */
const withDue = (tab: Tab, now: UnixMs, dueMs: number): Tab => ({
  ...tab,
  due: owed(tab) < LEAST_INVOICE ? null : (tab.due ?? unixMs(now + dueMs)),
})

const keepTab = (state: Tabs, row: Tab): TabChange => {
  state.tabs.set(row.key, row)
  return { do: 'put', table: 'tabs', row }
}

const keep = (state: Tabs, tab: Tab, row: Draw): [TabChange, TabChange] => {
  state.draws.set(placeOf(row), row)
  return [keepTab(state, tab), { do: 'put', table: 'draws', row }]
}

const end = (state: Tabs, tab: Tab, row: Draw, now: UnixMs): TabChange[] => {
  state.draws.delete(placeOf(row))
  state.ended.set(placeOf(row), now)
  return [keepTab(state, tab), { do: 'put', table: 'draws', row }]
}

const lesser = (a: bigint, b: bigint): Msat => msat(a < b ? a : b)
