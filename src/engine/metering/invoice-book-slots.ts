import { type UnixMs, unixMs } from '../base/clock.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'

/**
 * Tickets that are held while their payer pays (`held`, docs/money.md): at most max(1, slots / 4) at once, for
 * 60 s at most, one for each key. One that lapses unpaid counts for as long again, so that keys which never
 * pay keep a quarter of the slots half of the time, and no more (lightning.md, attack 11).
 */
export type HeldSlots = Map<EventId, Held>
export type Held = Readonly<{ payer: PubKey; until: UnixMs; paid: boolean }>

/** Holds a ticket for a payer; null where there is no hold: the invoice is good all the same. */
export const holdSlot = (
  held: HeldSlots,
  ticket: EventId,
  payer: PubKey,
  slots: number,
  now: UnixMs,
): Held | null => {
  for (const [id, it] of held) if (now >= endOf(it)) held.delete(id)
  const before = held.get(ticket)
  if (before && now < before.until) return before.payer === payer ? before : null
  const unpaid = [...held.values()].filter((it) => !it.paid)
  if (unpaid.some((it) => it.payer === payer)) return null
  if (unpaid.length >= Math.max(1, Math.floor(slots / 4))) return null
  const hold = { payer, until: unixMs(now + HELD_MS), paid: false }
  held.set(ticket, hold)
  return hold
}

/** The payer has paid: its ticket waits for it until the hold ends, and keeps nobody else from being held one. */
export const holdPaid = (held: HeldSlots, payer: PubKey): void => {
  for (const [ticket, it] of held) if (it.payer === payer) held.set(ticket, { ...it, paid: true })
}

/** Whether a job of this payer may take the ticket now: not where it is held for another. */
export const mayTake = (held: HeldSlots, ticket: EventId, payer: PubKey, now: UnixMs): boolean => {
  const it = held.get(ticket)
  return !it || now >= it.until || it.payer === payer
}

/** The clock was set by so many ms: tickets are held for as long as before. */
export const shiftHeld = (held: HeldSlots, by: number): void => {
  for (const [ticket, it] of held) held.set(ticket, { ...it, until: unixMs(it.until + by) })
}

const endOf = ({ until, paid }: Held): number => (paid ? until : until + HELD_MS)

const HELD_MS = 60_000
