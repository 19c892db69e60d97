import { fromHex, toHex } from '../base/bytes.ts'
import type { Secp256k1 } from './seams.ts'

// Vector 1 of BIP-340: the first with a secret, a message and aux that are not trivial.
const SECRET = 'b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef'
const KEY = 'dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659'
const AUX = '0000000000000000000000000000000000000000000000000000000000000001'
const HASH = '243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89'
const SIG =
  '6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341' +
  '8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a'

/** True when a backend derives, signs and verifies as BIP-340 says, and refuses a flipped bit. */
export const selfTest = (secp: Secp256k1): boolean => {
  const [secret, key, hash, sig] = [SECRET, KEY, HASH, SIG].map(fromHex) as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ]
  const flipped = Uint8Array.from(sig)
  flipped[63]! ^= 1
  return (
    toHex(secp.publicKey(secret)) === KEY &&
    toHex(secp.sign(hash, secret, fromHex(AUX))) === SIG &&
    secp.verify(sig, hash, key) &&
    !secp.verify(flipped, hash, key)
  )
}
