import type { Msat } from '../../base/money.ts'
import type { Units } from '../../protocol/fields.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { SheetRow } from '../../protocol/sheet.ts'
import type { TicketEntry } from '../../protocol/ticket.ts'

/** One offered entry, checked as an event. */
export type TicketIn = Readonly<{
  ticket: Message<'ticket'>
  entry: TicketEntry
  reason: string
  firstMs: number
}>

/** One offered entry with everything that it means. */
export type Offered = TicketIn &
  Readonly<{
    node: PubKey
    sheet: Message<'sheet'>
    row: SheetRow
    max: Units
    ceiling: Msat
  }>
