import type { UnixMs } from '../../base/clock.ts'
import type { EventId, JobTag, PubKey } from '../../protocol/ids.ts'
import type { Bodies } from '../../protocol/messages.ts'
import type { TicketEntry } from '../../protocol/ticket.ts'
import type { Capability, RunnerInfo } from '../../runners/runner.ts'
import type { WindowBudget } from '../../transport/flow.ts'
import type { LinkId } from '../wire.ts'

/** What a node has to sell, and where: its runners, its routers, the tickets that are out. */

/** A runner as the mind knows it. */
export type RunnerRecord = {
  info: RunnerInfo
  slots: number
  capabilities: readonly Capability[]
  running: number
  waiting: JobTag[]
  /** How long a job took lately, in ms: what the wait of a queued one is told by. */
  typicalMs: number
}

/** A router we are registered with, or about to be. */
export type RouterRecord = {
  key: PubKey
  link: LinkId
  ready: boolean
  /** Another process has registered there with our key since: what it sells is what is bought. */
  displaced: boolean
  budget: WindowBudget
  /** By how much its clock is ahead of ours, ms; 0 where it is little. */
  aheadMs: number
}

export type IssuedTicket = {
  id: EventId
  link: LinkId
  runner: number
  /** `runner/slot:place`: what it stands for. */
  place: string
  secret: Uint8Array
  entries: readonly TicketEntry[]
  /** The sheet that its entries name: what a job on it costs, whatever is in force by then. */
  sheet: Bodies['sheet']
  expires: UnixMs
  used: boolean
}
