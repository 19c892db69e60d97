import { fromHex, hmac, toHex, utf8 } from '../base/bytes.ts'
import { FRAME_TYPES } from '../protocol/frames.ts'
import type { JobId } from '../protocol/ids.ts'
import { openGcm, sealGcm } from './aes-gcm.ts'

/**
 * Seals input frame `seq` under the content key. Its associated data names job, type and seq,
 * not the tag, so that a rewrap for another ticket needs no second sealing.
 * One (key, seq) seals one plaintext, ever: a frame is kept and sent again as it is.
 * @returns ciphertext ‖ tag
 */
export const sealInput = (
  key: Uint8Array,
  job: JobId,
  seq: number,
  plaintext: Uint8Array,
): Uint8Array => sealGcm(key, nonceOf(seq), inputAad(job, seq), plaintext)

/** Opens an input frame; undefined where it does not open. */
export const openInput = (
  key: Uint8Array,
  job: JobId,
  seq: number,
  sealed: Uint8Array,
): Uint8Array | undefined =>
  isSeq(seq) ? openGcm(key, nonceOf(seq), inputAad(job, seq), sealed) : undefined

/**
 * Seals output frame `seq` under the job's `out` secret.
 * @param header the frame's own 22 bytes (protocol/frames.ts `frameHeader`), which it authenticates
 * @returns ciphertext ‖ tag
 */
export const sealOutput = (
  key: Uint8Array,
  header: Uint8Array,
  seq: number,
  plaintext: Uint8Array,
): Uint8Array => sealGcm(key, nonceOf(seq), header, plaintext)

/** Opens an output frame; undefined where it does not open. */
export const openOutput = (
  key: Uint8Array,
  header: Uint8Array,
  seq: number,
  sealed: Uint8Array,
): Uint8Array | undefined => (isSeq(seq) ? openGcm(key, nonceOf(seq), header, sealed) : undefined)

/** h_0 of the chain over output frames. */
export const CHAIN_START: Uint8Array = new Uint8Array(32)

/** h_i = SHA-256(h_(i−1) ‖ plaintext of output frame i). */
export const nextChain = (previous: Uint8Array, plaintext: Uint8Array): Uint8Array =>
  new Uint8Array(new Bun.CryptoHasher('sha256').update(previous).update(plaintext).digest())

/** What a receipt says of the input: HMAC under the commitment key of SHA-256 of its plaintext, hex. */
export const commitInput = (commitKey: Uint8Array, inputSha256: Uint8Array): string =>
  toHex(hmac(commitKey, inputSha256))

/** What a receipt says of the output: HMAC under the commitment key of h_n, hex. */
export const commitOutput = (commitKey: Uint8Array, chain: Uint8Array): string =>
  toHex(hmac(commitKey, chain))

const isSeq = (seq: number): boolean => Number.isInteger(seq) && seq >= 0 && seq <= 0xffff_ffff

const INPUT = utf8('fedai/1 in')

const inputAad = (job: JobId, seq: number): Uint8Array => {
  const aad = new Uint8Array(INPUT.length + 32 + 1 + 4)
  aad.set(INPUT)
  aad.set(fromHex(job), INPUT.length)
  aad[INPUT.length + 32] = FRAME_TYPES.input
  new DataView(aad.buffer).setUint32(INPUT.length + 33, seq)
  return aad
}

const nonceOf = (seq: number): Uint8Array => {
  if (!isSeq(seq)) throw new RangeError('a frame has a sequence number of 32 bits')
  const nonce = new Uint8Array(12)
  new DataView(nonce.buffer).setUint32(8, seq)
  return nonce
}
