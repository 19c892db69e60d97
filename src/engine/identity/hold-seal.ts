import { concat, fromHex, hmac, utf8 } from '../base/bytes.ts'
import type { JobId, JobTag, Preimage } from '../protocol/ids.ts'

/**
 * The key under which the output of a job that is paid by `hold` is sealed once more, inside its frames: who
 * pays learns it by paying. HKDF-SHA-256 (RFC 5869) over preimage ‖ job id, without a salt; `info` ends with the
 * tag, so that a job which takes another ticket never seals two plaintexts under one key and nonce. Every wallet
 * on the way learns the preimage, so this protects nothing that is not inside a frame.
 * @returns 32 bytes, for `sealOutput` and `openOutput` with the frame's own header
 */
export const holdKey = (preimage: Preimage, job: JobId, tag: JobTag): Uint8Array => {
  const prk = hmac(new Uint8Array(32), concat(fromHex(preimage), fromHex(job)))
  return hmac(prk, INFO, fromHex(tag), Uint8Array.of(1))
}

const INFO = utf8('fedai/1 hold')
