import { unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import type { Ask } from '../protocol/ask.ts'
import type { BootId, EventId, PubKey } from '../protocol/ids.ts'
import type { Sheet } from '../protocol/sheet.ts'
import type { TicketEntry } from '../protocol/ticket.ts'
import { ANYWHERE } from '../protocol/where.ts'
import type { HeldTicket } from './candidates.ts'

/** Asks and tickets for the tests of this room. */

export const NOW = unixMs(1_800_000_000_000)
export const idOf = (n: number): EventId => n.toString(16).padStart(64, '0') as EventId
export const keyOf = (n: number): PubKey => n.toString(16).padStart(64, 'a') as PubKey

export const askOf = (over: Partial<Ask> = {}): Ask => ({
  task: 'text.chat@1',
  models: [],
  sizes: { bytes: 100, messages: 1, documents: 0, items: 0, out_tokens: 50 },
  cap: null,
  deadline_ms: 60_000,
  class: 'balanced',
  where: ANYWHERE,
  dry_run: false,
  nonce: '00'.repeat(16),
  ...over,
})

/** A sheet with one row per price: msat for one output token. */
export const sheetOf = (...prices: number[]): Sheet => ({
  rows: prices.map((price, row) => ({
    row,
    task: 'text.chat@1',
    model: '*',
    rates: { out_token: msat(BigInt(price) * 1_000_000n) },
    minimum: msat(0n),
    cold_surcharge: msat(1000n),
    timings: ['free'],
  })),
})

export const entryOf = (over: Partial<TicketEntry> = {}): TicketEntry => ({
  task: 'text.chat@1',
  model: { name: 'm', proprietary: false },
  warm: true,
  eta_ms: 0,
  limits: { input_bytes: 1000, out_tokens: 100 },
  template: { base: 0, per_message: 0 },
  prefill: false,
  sheet: idOf(0x5),
  row: 0,
  ...over,
})

export const ticketOf = (
  n: number,
  node: number,
  over: Partial<HeldTicket> & { price?: number; place?: number; entries?: TicketEntry[] } = {},
): HeldTicket => {
  const { price = 1, place = 0, entries = [entryOf()], ...rest } = over
  return {
    id: idOf(n),
    node: keyOf(node),
    ticket: {
      place,
      boot: '0'.repeat(32) as BootId,
      exclusive: true,
      operator: null,
      timings: ['free'],
      entries,
    },
    expires: unixMs(NOW + 30_000),
    heldFor: null,
    heldUntil: null,
    sheet: sheetOf(price),
    local: true,
    ...rest,
  }
}
