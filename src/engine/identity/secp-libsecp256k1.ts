import { dlopen, ptr } from 'bun:ffi'
import { existsSync } from 'node:fs'
import { libsecp256k1Paths } from './secp-paths.ts'
import { agree } from './secp-agree.ts'
import { openNativeEcdsa } from './secp-libsecp256k1-ecdsa.ts'
import { ecdsaTest } from './secp-self-test.ts'
import { checkHash, checkSecret, invalidSecret, isVerifiable } from './secp-shapes.ts'
import type { Ecdsa, Schnorr, Secp256k1 } from './seams.ts'

const SYMBOLS = {
  secp256k1_context_create: { args: ['u32'], returns: 'ptr' },
  secp256k1_context_randomize: { args: ['ptr', 'ptr'], returns: 'i32' },
  secp256k1_xonly_pubkey_parse: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' },
  secp256k1_xonly_pubkey_serialize: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' },
  secp256k1_keypair_create: { args: ['ptr', 'ptr', 'ptr'], returns: 'i32' },
  secp256k1_keypair_xonly_pub: { args: ['ptr', 'ptr', 'ptr', 'ptr'], returns: 'i32' },
  secp256k1_schnorrsig_sign32: { args: ['ptr', 'ptr', 'ptr', 'ptr', 'ptr'], returns: 'i32' },
  secp256k1_schnorrsig_verify: { args: ['ptr', 'ptr', 'ptr', 'u64', 'ptr'], returns: 'i32' },
} as const

/** SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY: what 0.2.0 needs, and newer ones ignore. */
const SIGN_AND_VERIFY = 0x0301
/** Between two blindings of the context: it costs 20 µs, so not before every signature. */
const SIGNATURES_PER_BLINDING = 1024
/** Keys whose points are kept, about 250 bytes each; the one kept longest gives way. */
const MOST_POINTS = 4_096

/**
 * The system's libsecp256k1, or undefined where there is none with schnorrsig and extrakeys. Some
 * are built without the module `recovery`: then ECDSA, which is needed once a payment, is the wasm's.
 *
 * @param ecdsaOf the library's own ECDSA, undefined where it has none
 */
export const openLibsecp256k1 = async (
  ecdsaOf: (path: string) => Ecdsa | undefined = openNativeEcdsa,
): Promise<Secp256k1 | undefined> => {
  for (const path of libsecp256k1Paths()) {
    if (!existsSync(path)) continue
    const schnorr = tried(() => bind(dlopen(path, SYMBOLS).symbols))
    // Another architecture, or built without the modules: the next path may be better.
    if (!schnorr) continue
    const ecdsa = tried(() => tested(ecdsaOf(path))) ?? (await borrowedEcdsa())
    return ecdsa && { ...schnorr, ...ecdsa, agree }
  }
  return undefined
}

const borrowedEcdsa = async (): Promise<Ecdsa | undefined> => {
  const lenders = [
    async () => (await import('./secp-wasm.ts')).openWasm(),
    async () => (await import('./secp-noble.ts')).openNoble(),
  ]
  for (const lender of lenders) {
    const secp = await lender().catch(() => undefined)
    const ecdsa = tried(() => tested(secp))
    if (!ecdsa) continue
    const { recover, signRecoverable, verifyEcdsa, point } = ecdsa
    return { recover, signRecoverable, verifyEcdsa, point }
  }
  return undefined
}

const tested = (ecdsa: Ecdsa | undefined): Ecdsa | undefined =>
  ecdsa && ecdsaTest(ecdsa) ? ecdsa : undefined

const tried = <T>(what: () => T): T | undefined => {
  try {
    return what()
  } catch {
    return undefined
  }
}

type Library = ReturnType<typeof dlopen<typeof SYMBOLS>>['symbols']

const bind = (lib: Library): Schnorr => {
  const context = lib.secp256k1_context_create(SIGN_AND_VERIFY)
  if (!context) throw new RangeError('no memory for a secp256k1 context')

  // One block for all arguments: its addresses are taken once, and the library never
  // sees an address that a caller's buffer has left. Calls are synchronous, so one will do.
  const block = new Uint8Array(320)
  const part = (at: number, length: number) => block.subarray(at, at + length)
  const sig = part(0, 64)
  const hash = part(64, 32)
  const bytes = part(96, 32)
  const point = part(128, 64)
  const keypair = part(192, 96)
  const aux = part(288, 32)
  const [sigPtr, hashPtr, bytesPtr, pointPtr, keypairPtr, auxPtr] = [
    ptr(sig),
    ptr(hash),
    ptr(bytes),
    ptr(point),
    ptr(keypair),
    ptr(aux),
  ]

  // Blinding against side channels, as secp256k1.h asks for.
  let untilBlinding = 0
  const blind = () => {
    if (untilBlinding-- > 0) return
    untilBlinding = SIGNATURES_PER_BLINDING - 1
    crypto.getRandomValues(bytes)
    lib.secp256k1_context_randomize(context, bytesPtr)
    bytes.fill(0)
  }

  // A keypair costs as much as a signature. It lives as long as the array that holds its
  // secret, so that nothing grows; the copy tells when someone has changed that array.
  const keypairs = new WeakMap<Uint8Array, { secret: Uint8Array; keypair: Uint8Array }>()
  const loadKeypair = (secret: Uint8Array) => {
    const cached = keypairs.get(secret)
    if (cached && same(cached.secret, secret)) return keypair.set(cached.keypair)
    checkSecret(secret)
    bytes.set(secret)
    const valid = lib.secp256k1_keypair_create(context, keypairPtr, bytesPtr)
    bytes.fill(0)
    // Never go on with a keypair of zeros: the library aborts the process on one.
    if (valid !== 1) throw invalidSecret()
    keypairs.set(secret, { secret: Uint8Array.from(secret), keypair: keypair.slice() })
  }

  // To find the point of a key takes a square root, a tenth of a verification; the keys on a router's links
  // speak again and again.
  const points = new Map<string, Uint8Array>()
  const loadPoint = (key: Uint8Array): boolean => {
    const name = key.toHex()
    const known = points.get(name)
    if (known) point.set(known)
    if (known) return true
    bytes.set(key)
    if (lib.secp256k1_xonly_pubkey_parse(context, pointPtr, bytesPtr) !== 1) return false
    if (points.size >= MOST_POINTS) points.delete(points.keys().next().value!)
    points.set(name, point.slice())
    return true
  }

  return {
    backend: 'libsecp256k1',
    verify: (signature, digest, key) => {
      if (!isVerifiable(signature, digest, key) || !loadPoint(key)) return false
      sig.set(signature)
      hash.set(digest)
      return lib.secp256k1_schnorrsig_verify(context, sigPtr, hashPtr, 32, pointPtr) === 1
    },
    sign: (digest, secret, randomness) => {
      checkHash(digest, randomness)
      blind()
      loadKeypair(secret)
      hash.set(digest)
      aux.set(randomness)
      const done = lib.secp256k1_schnorrsig_sign32(context, sigPtr, hashPtr, keypairPtr, auxPtr)
      keypair.fill(0)
      if (done !== 1) throw invalidSecret()
      return sig.slice()
    },
    publicKey: (secret) => {
      blind()
      loadKeypair(secret)
      lib.secp256k1_keypair_xonly_pub(context, pointPtr, null, keypairPtr)
      keypair.fill(0)
      lib.secp256k1_xonly_pubkey_serialize(context, bytesPtr, pointPtr)
      return bytes.slice()
    },
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => {
  let difference = a.length ^ b.length
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}
