import type { UnixMs } from '../../base/clock.ts'
import type { Units } from '../../protocol/fields.ts'
import type { EventId, JobTag, PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Observation } from '../../storage/store.ts'
import type { LinkId } from '../wire.ts'
import type { Meter } from './meter.ts'

/** One placing of a job: the ticket it went to. Past ones stay, since their receipts still count. */
export type Placing = {
  ticket: EventId
  node: PubKey
  /** The run of the node that took it: another one knows nothing of the job. */
  boot: string
  /** The newest link of that run; it may be lost. */
  link: LinkId
  /** The address that its client came from. */
  from: string | undefined
  tag: JobTag
  task: string
  model: string
  /** Most of each unit: what a receipt says beyond it is a lie of the node's. */
  max: Units
  forwardedAt: UnixMs
  acceptedAt: UnixMs | null
  firstAt: UnixMs | null
  lastSeen: boolean
  closed: boolean
  /** The receipt of this placing, and whether the client has answered it: one of each. */
  receipt: Message<'receipt'> | null
  acknowledged: boolean
  /** The last link on which its node asked for it, when that was back. */
  synced: LinkId | null
  /** What the receipt makes of the node, until its client has had its say. */
  claim: Observation | null
  /** What passes each way. */
  input: Meter
  output: Meter
  /** Sealed frames about money that passed. */
  moneyFrames: number
  /** Placed by another run of this router: too little of it is known to learn from. */
  restored: boolean
}
