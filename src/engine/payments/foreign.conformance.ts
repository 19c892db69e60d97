import { sha256, toHex } from '../base/bytes.ts'
import { type UnixMs, toSec } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import { systemRandom } from '../base/random.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import { encodeBolt11 } from '../protocol/bolt11/encode.ts'
import { prefixOf } from '../protocol/bolt11/invoice.ts'
import type { Net } from '../protocol/event.ts'
import { paymentHash } from '../protocol/ids.ts'

/**
 * A sound invoice of a Lightning node that nobody knows, who has no channels.
 * @param of `msat: null` leaves the amount out
 */
export const foreignInvoice = async (
  net: Net,
  of: { at: UnixMs; expirySec?: number; msat?: Msat | null },
): Promise<string> => {
  const secp = await openSecp256k1()
  const [preimage, secret, key] = [0, 1, 2].map(() => systemRandom.bytes(32))
  const draft = {
    prefix: prefixOf(net),
    msat: of.msat === undefined ? msat(21_000n) : of.msat,
    timestamp: toSec(of.at),
    expirySec: of.expirySec ?? 60,
    paymentHash: paymentHash(toHex(sha256(preimage!))),
    paymentSecret: toHex(secret!),
    description: null,
    descriptionHash: toHex(sha256('nobody knows')),
  }
  return encodeBolt11(draft, (hash) => secp.signRecoverable(hash, key!))
}
