import type { UnixMs } from '../base/clock.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import type { Seen } from '../trust/standing.ts'

/** A signed event that is kept: a receipt or an acknowledgement, as its exact text. */
export type Kept = Readonly<{
  id: EventId
  kind: 'receipt' | 'acknowledgement'
  job: JobId
  ticket: EventId
  /** Who signed it. */
  by: PubKey
  text: string
  at: UnixMs
}>

/** One thing that a router saw of a node: what trust/ judges by, and what is written down. */
export type Observation = Seen

/**
 * What must outlive the process. One writer, group commit: what is put within a few
 * milliseconds of each other is committed together. What is kept resolves once it is on
 * the disk, an observation once it is committed; never before. A commit or a sync that
 * failed rejects with Fault `io`, and the store takes nothing more.
 */
export interface Store {
  /** Keeps an event; a second one with the same id changes nothing. A receipt also becomes its signer's chain head. */
  keep(kept: Kept): Promise<void>
  /** Id of the newest receipt this key signed (the `prev` of its next one), or null. */
  chainHead(key: PubKey): EventId | null
  /** The newest kept events, newest first. */
  newest(limit: number): Kept[]
  observe(observation: Observation): Promise<void>
  /** Observations not older than `since`, oldest first, newest 100,000 at most. */
  observations(since: UnixMs): Observation[]
  close(): Promise<void>
}
