import { fromHex, toHex } from '../base/bytes.ts'
import type { Ecdsa, Schnorr, Secp256k1 } from './seams.ts'

// Vector 1 of BIP-340: the first with a secret, a message and aux that are not trivial.
const SECRET = 'b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef'
const KEY = 'dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659'
const AUX = '0000000000000000000000000000000000000000000000000000000000000001'
const HASH = '243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89'
const SIG =
  '6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de3341' +
  '8906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a'

// The first example of BOLT 11: its secret, node key, hash and signature, with recovery id 1.
const NODE_SECRET = 'e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734'
const NODE_KEY = '03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad'
const INVOICE_HASH = '6daf4d488be41ce7cbb487cab1ef2975e5efcea879b20d421f0ef86b07cbb987'
const INVOICE_SIG =
  '8d3ce9e28357337f62da0162d9454df827f83cfe499aeb1c1db349d4d8112742' +
  '5e434ca29929406c23bba1ae8ac6ca32880b38d4bf6ff874024cac34ba9625f1'

/** True when a backend passes both tests below. */
export const selfTest = (secp: Secp256k1): boolean => schnorrTest(secp) && ecdsaTest(secp)

/** True when a backend derives, signs and verifies as BIP-340 says, and refuses a flipped bit. */
const schnorrTest = (secp: Schnorr): boolean => {
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

/** True when a backend derives, signs, recovers and verifies as BOLT 11's example, and refuses a flipped bit. */
export const ecdsaTest = (secp: Ecdsa): boolean => {
  const [secret, key, hash, sig] = [NODE_SECRET, NODE_KEY, INVOICE_HASH, INVOICE_SIG].map(
    fromHex,
  ) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array]
  const flipped = Uint8Array.from(sig)
  flipped[63]! ^= 1
  const signed = secp.signRecoverable(hash, secret)
  const recovered = secp.recover(sig, 1, hash)
  return (
    toHex(secp.point(secret)) === NODE_KEY &&
    toHex(signed.sig) === INVOICE_SIG &&
    signed.recovery === 1 &&
    recovered !== null &&
    toHex(recovered) === NODE_KEY &&
    secp.verifyEcdsa(sig, hash, key) &&
    !secp.verifyEcdsa(flipped, hash, key)
  )
}
