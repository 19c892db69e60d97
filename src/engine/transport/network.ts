import type { Bounds } from '../base/bounds.ts'
import type { Fault } from '../base/fault.ts'
import type { Secp256k1, Signer } from '../identity/seams.ts'
import type { PubKey } from '../protocol/ids.ts'
import { KINDS, type KindName } from '../protocol/kinds.ts'
import { PUBLIC_KINDS } from '../protocol/messages.ts'
import type { Filter, LinkOwner, Listening } from './link.ts'
import type { Tls } from './tls.ts'

/**
 * The seam for a whole network: sockets (sockets.ts), or a network within this process (memory.ts).
 * The loops of the roles run on both.
 */
export interface Network {
  /**
   * Opens a door. Links come to `owner` as keys are proven on them.
   * @throws Fault `unavailable` `door.taken` where the port is in use
   */
  listen(door: DoorOptions, owner: LinkOwner): Promise<Listening>
  /**
   * Dials and keeps dialling until closed. Each connection is a new Link, told to `owner` by
   * `authenticated` once AUTH was accepted and our subscription stands, and by `closed` at its end.
   * @throws Fault `usage` `dial.address` | `dial.plaintext`
   */
  dial(address: string, options: DialOptions, owner: LinkOwner): Dialled
}

export type DoorOptions = Readonly<{
  hostname: string
  /** 0: any that is free. */
  port: number
  /** The key of the party behind the door, shown in its NIP-11 document. */
  key: PubKey
  /** For people. */
  name: string
  /**
   * `host` or `host:port` under which it is dialled from outside (a proxy's, a public name's), beside
   * its own addresses. AUTH events for other addresses are refused (NIP-42).
   */
  names?: readonly string[]
  /** Speaks TLS, with this certificate. */
  tls?: Tls
  /** `ADDRESS` or `ADDRESS/BITS` of proxies that are believed about whose connection they pass on. */
  trustedProxies?: readonly string[]
  /** Exact texts of the events that the door serves: addressable ones, and any by id. Newest first. */
  stored(filter: Filter): string[]
  verifier: Pick<Secp256k1, 'verify'>
  bounds?: Partial<Bounds>
}>

export type DialOptions = Readonly<{
  signer: Signer
  /** Told of each attempt that failed and each connection that broke; the next follows in `retryMs`. */
  onTrouble?: (trouble: Fault, retryMs: number) => void
  bounds?: Partial<Bounds>
}>

export interface Dialled {
  readonly address: string
  /** Ends the connection and the dialling. A second call does nothing. */
  close(): void
}

/** The kinds that are addressed to one key by `p`. */
const ADDRESSED_KINDS: readonly number[] = Object.entries(KINDS)
  .filter(([name]) => !PUBLIC_KINDS.has(name as KindName))
  .map(([, kind]) => kind)

/** What a dialled link subscribes to: everything of ours that is addressed to the key. */
export const addressedTo = (key: PubKey): Filter => ({ '#p': [key], kinds: ADDRESSED_KINDS })

let ids = 0
/** An id that no other link of this process has. */
export const newLinkId = (): number => ++ids
