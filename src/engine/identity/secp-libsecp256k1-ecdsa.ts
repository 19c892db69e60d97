import { dlopen, ptr } from 'bun:ffi'
import type { Ecdsa } from './seams.ts'
import {
  checkDigest,
  checkSecret,
  invalidSecret,
  isRecoverable,
  isVerifiableEcdsa,
} from './secp-shapes.ts'

const SYMBOLS = {
  secp256k1_context_create: { args: ['u32'], returns: 'ptr' },
  secp256k1_context_randomize: { args: ['ptr', 'ptr'], returns: 'i32' },
  secp256k1_ec_pubkey_create: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' },
  secp256k1_ec_pubkey_parse: { args: ['ptr', 'ptr', 'ptr', 'u64'], returns: 'i32' },
  secp256k1_ec_pubkey_serialize: { args: ['ptr', 'ptr', 'ptr', 'ptr', 'u32'], returns: 'i32' },
  secp256k1_ecdsa_signature_parse_compact: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' },
  secp256k1_ecdsa_verify: { args: ['ptr', 'ptr', 'ptr', 'ptr'], returns: 'i32' },
  secp256k1_ecdsa_recover: { args: ['ptr', 'ptr', 'ptr', 'ptr'], returns: 'i32' },
  secp256k1_ecdsa_recoverable_signature_parse_compact: {
    args: ['ptr', 'ptr', 'ptr', 'i32'],
    returns: 'i32',
  },
  secp256k1_ecdsa_recoverable_signature_serialize_compact: {
    args: ['ptr', 'ptr', 'ptr', 'ptr'],
    returns: 'i32',
  },
  secp256k1_ecdsa_sign_recoverable: {
    args: ['ptr', 'ptr', 'ptr', 'ptr', 'ptr', 'ptr'],
    returns: 'i32',
  },
} as const

/** As in secp-libsecp256k1.ts. */
const SIGN_AND_VERIFY = 0x0301
/** SECP256K1_EC_COMPRESSED */
const COMPRESSED = 0x0102

/**
 * ECDSA of the libsecp256k1 at a path, with a context and memory of its own, so that nothing of it
 * touches the hot path of BIP-340.
 * @throws TypeError where the library was built without the module `recovery`
 */
export const openNativeEcdsa = (path: string): Ecdsa => {
  const lib = dlopen(path, SYMBOLS).symbols
  const context = lib.secp256k1_context_create(SIGN_AND_VERIFY)
  if (!context) throw new RangeError('no memory for a secp256k1 context')

  // One block for all arguments, as in secp-libsecp256k1.ts: calls are synchronous.
  const block = new Uint8Array(352)
  const part = (at: number, length: number) => block.subarray(at, at + length)
  const [compact, hash, secret] = [part(0, 64), part(64, 32), part(96, 32)]
  const [key, point, sig] = [part(128, 33), part(192, 64), part(256, 65)]
  const [length, id] = [
    new BigUint64Array(block.buffer, 328, 1),
    new Int32Array(block.buffer, 336, 1),
  ]
  const [compactPtr, hashPtr, secretPtr] = [ptr(compact), ptr(hash), ptr(secret)]
  const [keyPtr, pointPtr, sigPtr] = [ptr(key), ptr(point), ptr(sig)]
  const [lengthPtr, idPtr] = [ptr(length), ptr(id)]

  // Before every secret, unlike there: these are few.
  const load = (bytes: Uint8Array) => {
    checkSecret(bytes)
    crypto.getRandomValues(secret)
    lib.secp256k1_context_randomize(context, secretPtr)
    secret.set(bytes)
  }
  const pointAsKey = (): Uint8Array => {
    length[0] = 33n
    lib.secp256k1_ec_pubkey_serialize(context, keyPtr, lengthPtr, pointPtr, COMPRESSED)
    return key.slice()
  }

  return {
    recover: (signature, recovery, digest) => {
      if (!isRecoverable(signature, recovery, digest)) return null
      compact.set(signature)
      hash.set(digest)
      const parsed = lib.secp256k1_ecdsa_recoverable_signature_parse_compact(
        context,
        sigPtr,
        compactPtr,
        recovery,
      )
      if (parsed !== 1) return null
      if (lib.secp256k1_ecdsa_recover(context, pointPtr, sigPtr, hashPtr) !== 1) return null
      return pointAsKey()
    },
    signRecoverable: (digest, bytes) => {
      checkDigest(digest)
      load(bytes)
      hash.set(digest)
      // Without a nonce function of ours it is RFC 6979.
      const done = lib.secp256k1_ecdsa_sign_recoverable(
        context,
        sigPtr,
        hashPtr,
        secretPtr,
        null,
        null,
      )
      secret.fill(0)
      if (done !== 1) throw invalidSecret()
      lib.secp256k1_ecdsa_recoverable_signature_serialize_compact(
        context,
        compactPtr,
        idPtr,
        sigPtr,
      )
      return { sig: compact.slice(), recovery: id[0]! }
    },
    verifyEcdsa: (signature, digest, bytes) => {
      if (!isVerifiableEcdsa(signature, digest, bytes)) return false
      key.set(bytes)
      if (lib.secp256k1_ec_pubkey_parse(context, pointPtr, keyPtr, 33) !== 1) return false
      compact.set(signature)
      if (lib.secp256k1_ecdsa_signature_parse_compact(context, sigPtr, compactPtr) !== 1)
        return false
      hash.set(digest)
      return lib.secp256k1_ecdsa_verify(context, sigPtr, hashPtr, pointPtr) === 1
    },
    point: (bytes) => {
      load(bytes)
      const done = lib.secp256k1_ec_pubkey_create(context, pointPtr, secretPtr)
      secret.fill(0)
      if (done !== 1) throw invalidSecret()
      return pointAsKey()
    },
  }
}
