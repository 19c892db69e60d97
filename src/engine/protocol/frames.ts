import { concat, fromHex, hmac, sha256Hex, toHex, utf8 } from '../base/bytes.ts'
import type { EventId, JobId, JobTag } from './ids.ts'

/**
 * Binary messages beside the events (docs/protocol.md, frames):
 * `version u8 | type u8 | job tag 16 bytes | seq u32 | bytes`, big-endian.
 */
export const FRAME_HEADER_BYTES = 22
const VERSION = 1
const GCM_TAG_BYTES = 16

export const FRAME_TYPES = {
  input: 1,
  output: 2,
  inputCredit: 3,
  outputCredit: 4,
  reset: 5,
  /** What a node says about money in a job: a sealed event (docs/protocol.md, sealed money). */
  money: 6,
} as const
export type FrameType = keyof typeof FRAME_TYPES
/** High bit of the type: this is the last output frame. */
const LAST = 0x80

const typeNames = new Map<number, FrameType>(
  Object.entries(FRAME_TYPES).map(([name, n]) => [n, name as FrameType]),
)

type FrameHead = Readonly<{
  type: FrameType
  last: boolean
  tag: JobTag
  /** From 0, per type and job. */
  seq: number
}>
export type Frame = FrameHead & Readonly<{ bytes: Uint8Array }>

/** A frame as it came, whole: a router counts its bytes and passes it on; only its reader opens it. */
export type RawFrame = FrameHead & Readonly<{ whole: Uint8Array }>

/** What frames carry instead of a job's id: SHA-256(`fedai/1 frame` ‖ job id ‖ ticket id), cut to 16 bytes. */
export const jobTagOf = (job: JobId, ticket: EventId): JobTag => {
  TAGGED_JOB.setFromHex(job)
  TAGGED_TICKET.setFromHex(ticket)
  return sha256Hex(TAGGED).slice(0, 32) as JobTag
}

// Written over for each: seven sets of bytes less.
const TAGGED = concat(utf8('fedai/1 frame'), new Uint8Array(64))
const TAGGED_JOB = TAGGED.subarray(13, 45)
const TAGGED_TICKET = TAGGED.subarray(45)

/** The first 22 bytes of a frame: also the associated data that an output frame is sealed with. */
export const frameHeader = (frame: FrameHead): Uint8Array => {
  const header = new Uint8Array(FRAME_HEADER_BYTES)
  header[0] = VERSION
  header[1] = FRAME_TYPES[frame.type] | (frame.last ? LAST : 0)
  header.set(fromHex(frame.tag), 2)
  new DataView(header.buffer).setUint32(18, frame.seq)
  return header
}

export const encodeFrame = (frame: Frame): Uint8Array => concat(frameHeader(frame), frame.bytes)

/** What came as a frame, or undefined where the bytes are none: wrong version, unknown type, too short. */
export const readFrame = (whole: Uint8Array): RawFrame | undefined => {
  if (whole.length < FRAME_HEADER_BYTES || whole[0] !== VERSION) return undefined
  const type = typeNames.get(whole[1]! & ~LAST)
  const last = (whole[1]! & LAST) !== 0
  if (!type || (last && type !== 'output')) return undefined
  // Sealed bytes hold a tag at least: frames without bytes would pass every bound that counts bytes.
  const sealed = type === 'input' || type === 'output' || type === 'money'
  if (sealed && whole.length < FRAME_HEADER_BYTES + GCM_TAG_BYTES) return undefined
  for (let i = 0; i < TAG.length; i++) TAG[i] = whole[2 + i]!
  return { type, last, tag: toHex(TAG) as JobTag, seq: uint32(whole, 18), whole }
}

// Views on what came are dear (each wants a buffer of its own): a tag is copied, and read from there.
const TAG = new Uint8Array(16)

/** How many bytes a frame carries. */
export const sizeOf = ({ whole }: RawFrame): number => whole.length - FRAME_HEADER_BYTES

/** The same with what it carries: a view on what came. */
export const openFrame = ({ whole, ...head }: RawFrame): Frame => ({
  ...head,
  bytes: whole.subarray(FRAME_HEADER_BYTES),
})

/** A frame of bytes that came, or undefined where they are none. */
export const decodeFrame = (whole: Uint8Array): Frame | undefined => {
  const raw = readFrame(whole)
  return raw && openFrame(raw)
}

/** Permission to send, from reader to writer. Both numbers only rise. */
export type Credit = Readonly<{
  /** The next seq the reader waits for: everything below has arrived. */
  next: number
  /** How many bytes (frames without headers) may have been sent in all. */
  allowed: number
}>

const CREDIT_BYTES = 12 + 16

/** `next u32 ‖ allowed u64 ‖ first 16 bytes of HMAC(credit key, tag ‖ direction ‖ both)`. */
export const encodeCredit = (
  key: Uint8Array,
  tag: JobTag,
  type: FrameType,
  credit: Credit,
): Uint8Array => {
  const bytes = new Uint8Array(CREDIT_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, credit.next)
  view.setBigUint64(4, BigInt(credit.allowed))
  bytes.set(creditMac(key, tag, type, bytes.subarray(0, 12)), 12)
  return bytes
}

/**
 * What a credit says, without checking who said it: all that a router can do.
 * @param at where it begins: behind the header, in the bytes of a frame
 */
export const readCredit = (bytes: Uint8Array, at = 0): Credit | undefined => {
  if (bytes.length - at !== CREDIT_BYTES) return undefined
  const allowed = uint32(bytes, at + 4) * 2 ** 32 + uint32(bytes, at + 8)
  return allowed <= Number.MAX_SAFE_INTEGER ? { next: uint32(bytes, at), allowed } : undefined
}

const uint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0

/** A credit that the holder of the credit key gave, or undefined. */
export const openCredit = (key: Uint8Array, frame: Frame): Credit | undefined => {
  const credit = readCredit(frame.bytes)
  if (!credit) return undefined
  const mac = creditMac(key, frame.tag, frame.type, frame.bytes.subarray(0, 12))
  return equal(mac, frame.bytes.subarray(12)) ? credit : undefined
}

const creditMac = (
  key: Uint8Array,
  tag: JobTag,
  type: FrameType,
  numbers: Uint8Array,
): Uint8Array => hmac(key, fromHex(tag), Uint8Array.of(FRAME_TYPES[type]), numbers).subarray(0, 16)

// Constant time: a forger must not learn how many bytes were right.
const equal = (a: Uint8Array, b: Uint8Array): boolean => {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i] ?? 0)
  return difference === 0
}

export const RESETS = ['peer_gone', 'over_window', 'moved'] as const
export type Reset = (typeof RESETS)[number]

/** The reason in a reset frame's bytes; `peer_gone` for one we do not know. */
export const readReset = (bytes: Uint8Array): Reset =>
  RESETS.find((reason) => reason === Buffer.from(bytes).toString('latin1')) ?? 'peer_gone'
