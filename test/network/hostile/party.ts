import type { UnixMs } from '../../../src/engine/base/clock.ts'
import type { Fields } from '../../../src/engine/base/log.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import type { JobTag } from '../../../src/engine/protocol/ids.ts'
import type { IntakeRules } from '../../../src/engine/protocol/intake.ts'
import type {
  ClientEffect,
  ClientEvent,
  ClientState,
} from '../../../src/engine/roles/client/state.ts'
import type {
  NodeEffect,
  NodeEvent,
  NodeState,
  Work,
} from '../../../src/engine/roles/node/state.ts'
import type { RouterState } from '../../../src/engine/roles/router/state.ts'
import type { Kept, Observation } from '../../../src/engine/storage/store.ts'
import type { Parcel } from './parcel.ts'

export type AnyEvent = ClientEvent | NodeEvent
export type AnyEffect = ClientEffect | NodeEffect

/** What a party hears and says: a real mind, or none for a puppet that the test itself moves. */
export type Mind = Readonly<{
  decide(event: AnyEvent, now: UnixMs): readonly AnyEffect[]
  due(): UnixMs | undefined
}>

/** What a runner was told about one job. */
export type Run = { tag: JobTag; work: Work; paused: boolean; aborted: boolean }

/** Someone on the stage: a key, links, what arrived, what is on its disk. */
export type Party = {
  readonly name: string
  readonly signer: Signer
  readonly isDoor: boolean
  /** Its links come from this machine or a private network, as a door sees them. */
  readonly local: boolean
  /** What its address is counted by at a door. */
  place: string
  /** How far its clock is ahead of the stage’s, ms. */
  clockMs: number
  readonly mind: Mind | null
  readonly rules: IntakeRules
  readonly links: Map<number, { to: Party; far: number }>
  /** All that arrived, in order. */
  readonly heard: Parcel[]
  /** Refusal codes of events that its intake did not let in. */
  readonly refused: string[]
  readonly disk: Kept[]
  readonly observed: Observation[]
  readonly logged: string[]
  /** What each of these said besides its name. */
  readonly fields: Fields[]
  /** While true, what is kept waits in `unwritten` and is not on the disk. */
  slowDisk: boolean
  readonly unwritten: Kept[]
  /** What a mind threw: its role would have stopped. */
  broken: unknown
}

export type RouterParty = Party & { readonly state: RouterState }
export type NodeParty = Party & { readonly state: NodeState; readonly runs: Run[] }
export type ClientParty = Party & { readonly state: ClientState }
