import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import { type UnixMs, type UnixSec, unixMs } from '../../src/engine/base/clock.ts'
import { eventId, jobId } from '../../src/engine/protocol/ids.ts'
import { type Party, party } from './parties.ts'

/** What all samples share: who says them, when, and about which job. */

export const NODE = party('node')
export const ROUTER = party('router')
export const CLIENT = party('client')
export const STRANGER = party('stranger')
/** The key that the client has at this node alone. */
export const TAB = party('tab')

/** When all samples were made, and the clock of whoever reads them. */
export const NOW: UnixMs = unixMs(1_800_000_000_250)
export const NOW_SEC = 1_800_000_000 as UnixSec

export const anyId = (word: string) => eventId(toHex(sha256(word)))
export const JOB = jobId(toHex(sha256('job')))
export const BOOT = toHex(sha256('boot')).slice(0, 32)
export const bodyHash = toHex(sha256('body'))
export const about = { job: JOB, ticket: anyId('ticket') }

export const to = (reader: Party, life?: number) =>
  ({
    now: NOW,
    net: 'sim',
    to: reader.pubkey,
    ...(life ? { expires: unixMs(NOW + life) } : {}),
  }) as const
