import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { quickSecp } from './quick-secp.ts'

/** What chaos asks of signatures holds on both: else thousands of seeds would prove another protocol. */
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
// The first byte keeps it under the order of the curve, the last above zero.
const secret = bytes(32).map((it) => Uint8Array.from(it, (b, i) => (i === 0 ? b >> 1 : b | 1)))

describe.each([
  ['quick', quickSecp()],
  ['real', await openSecp256k1()],
] as const)('%s', (_, secp) => {
  const runs = { seed: 11, numRuns: 60 }

  test('what is signed is verified, by this key and for this hash alone', () => {
    fc.assert(
      fc.property(secret, secret, bytes(32), bytes(32), (mine, other, hash, aux) => {
        const [key, another] = [secp.publicKey(mine), secp.publicKey(other)]
        const sig = secp.sign(hash, mine, aux)
        expect(secp.verify(sig, hash, key)).toBe(true)
        if (Buffer.compare(mine, other) !== 0) expect(secp.verify(sig, hash, another)).toBe(false)
        expect(secp.verify(sig, flipped(hash, 9), key)).toBe(false)
      }),
      runs,
    )
  })

  test('no bit of a signature can be changed', () => {
    fc.assert(
      fc.property(secret, bytes(32), bytes(32), fc.nat(511), (mine, hash, aux, bit) => {
        const key = secp.publicKey(mine)
        expect(secp.verify(flipped(secp.sign(hash, mine, aux), bit), hash, key)).toBe(false)
      }),
      runs,
    )
  })

  test('the same draw gives the same signature, another draw another', () => {
    const [mine, hash] = [new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)]
    const sign = (aux: number) => secp.sign(hash, mine, new Uint8Array(32).fill(aux))
    expect(sign(1)).toEqual(sign(1))
    expect(sign(1)).not.toEqual(sign(2))
  })

  test('wrong shapes are false when verified, and errors when signed', () => {
    const [mine, hash, aux] = [1, 2, 3].map((n) => new Uint8Array(32).fill(n)) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const [key, sig] = [secp.publicKey(mine), secp.sign(hash, mine, aux)]
    expect(secp.verify(sig.subarray(1), hash, key)).toBe(false)
    expect(secp.verify(sig, hash.subarray(1), key)).toBe(false)
    expect(secp.verify(sig, hash, key.subarray(1))).toBe(false)
    expect(() => secp.sign(hash, mine.subarray(1), aux)).toThrow(RangeError)
    expect(() => secp.sign(hash, mine, aux.subarray(1))).toThrow(RangeError)
    expect(() => secp.publicKey(mine.subarray(1))).toThrow(RangeError)
  })
})

test('nobody verifies for a key that was never made here', () => {
  const [mine, theirs] = [quickSecp(), quickSecp()]
  const [secret32, hash] = [new Uint8Array(32).fill(5), new Uint8Array(32).fill(6)]
  const key = theirs.publicKey(secret32)
  expect(mine.verify(theirs.sign(hash, secret32, hash), hash, key)).toBe(false)
})

const flipped = (bytesOf: Uint8Array, bit: number): Uint8Array =>
  Uint8Array.from(bytesOf, (b, i) => (i === bit >> 3 ? b ^ (1 << (bit & 7)) : b))
