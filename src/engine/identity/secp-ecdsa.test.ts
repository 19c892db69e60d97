import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import vectors from '../../../test/vectors/bolt11.json' with { type: 'json' }
import { fromHex, toHex } from '../base/bytes.ts'
import { seededRandom } from '../base/random.ts'
import { openLibsecp256k1 } from './secp-libsecp256k1.ts'
import { ecdsaTest, selfTest } from './secp-self-test.ts'
import { openSecp256k1 } from './secp256k1.ts'
import type { Ecdsa, Secp256k1 } from './seams.ts'

const native = await openSecp256k1('libsecp256k1')
const wasm = await openSecp256k1('wasm')
const noble = await openSecp256k1('noble')
const backends: Secp256k1[] = [...new Set([native, wasm, noble])]

const P = 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f'
const N = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'
const N_MINUS_1 = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140'
const HALF_N = '7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0'
const MAX = 'ff'.repeat(32)
const ZERO = '00'.repeat(32)
const ONE = `${'00'.repeat(31)}01`
const HASH = fromHex('11'.repeat(32))
const SECRET = fromHex('22'.repeat(32))

/** The other signature of the same key: S turned to n − S. */
const turned = (sig: Uint8Array): Uint8Array => {
  const s = BigInt(`0x${N}`) - BigInt(`0x${toHex(sig.subarray(32))}`)
  return fromHex(toHex(sig.subarray(0, 32)) + s.toString(16).padStart(64, '0'))
}

describe.each(backends.map((secp) => [secp.backend, secp] as const))('%s', (_, secp) => {
  const signedOnes = vectors.valid.filter((it) => it.signature && it.payee === vectors.node)

  test.each(signedOnes)('signs and recovers as BOLT 11: $note', ({ signature }) => {
    const { sig, recovery, hash } = signature!
    expect(toHex(secp.point(fromHex(vectors.secret)))).toBe(vectors.node)
    const signed = secp.signRecoverable(fromHex(hash), fromHex(vectors.secret))
    expect({ ...signed, sig: toHex(signed.sig) }).toEqual({ sig, recovery })
    expect(toHex(secp.recover(fromHex(sig), recovery, fromHex(hash))!)).toBe(vectors.node)
    expect(secp.verifyEcdsa(fromHex(sig), fromHex(hash), fromHex(vectors.node))).toBe(true)
  })

  test('there are examples of both recovery ids', () => {
    expect(new Set(signedOnes.map((it) => it.signature!.recovery))).toEqual(new Set([0, 1]))
  })

  test('a high S is recovered, under the other id, and not verified', () => {
    const { sig, recovery } = secp.signRecoverable(HASH, SECRET)
    const high = turned(sig)
    const key = secp.point(SECRET)
    expect(toHex(secp.recover(high, 1 - recovery, HASH)!)).toBe(toHex(key))
    expect(secp.verifyEcdsa(sig, HASH, key)).toBe(true)
    expect(secp.verifyEcdsa(high, HASH, key)).toBe(false)
  })

  test('edges are null and false, and never throw', () => {
    const { sig, recovery } = secp.signRecoverable(HASH, SECRET)
    const key = secp.point(SECRET)
    const [r, s] = [toHex(sig).slice(0, 64), toHex(sig).slice(64)]
    for (const bad of [ZERO, N, P, MAX]) {
      for (const wrong of [fromHex(bad + s), fromHex(r + bad)]) {
        expect(secp.recover(wrong, recovery, HASH)).toBeNull()
        expect(secp.verifyEcdsa(wrong, HASH, key)).toBe(false)
      }
    }
    for (const id of [-1, 2, 3, 4, 0.5, NaN, Infinity, 256])
      expect(secp.recover(sig, id, HASH)).toBeNull()
    for (const bad of [ZERO, `${'00'.repeat(31)}05`, P, MAX])
      for (const head of ['02', '03', '04', '00'])
        expect(secp.verifyEcdsa(sig, HASH, fromHex(head + bad))).toBe(false)
    for (const length of [0, 1, 31, 34, 63, 65, 66, 128]) {
      const wrong = new Uint8Array(length).fill(2)
      expect(secp.recover(wrong, 0, HASH)).toBeNull()
      expect(secp.recover(sig, 0, wrong)).toBeNull()
      expect(secp.verifyEcdsa(wrong, HASH, key)).toBe(false)
      expect(secp.verifyEcdsa(sig, wrong, key)).toBe(false)
      expect(secp.verifyEcdsa(sig, HASH, wrong)).toBe(false)
    }
  })

  test('secrets that are none are refused, without being named', () => {
    for (const bad of [ZERO, N, P, MAX, '', '01', `${ONE}00`]) {
      expect(() => secp.point(fromHex(bad))).toThrow(RangeError)
      expect(() => secp.signRecoverable(HASH, fromHex(bad))).toThrow(RangeError)
    }
    expect(() => secp.signRecoverable(HASH.subarray(1), SECRET)).toThrow(RangeError)
    expect(() => secp.point(fromHex('c0ffee'))).not.toThrow('c0ffee')
    expect(toHex(secp.point(fromHex(N_MINUS_1))).slice(2)).toBe(
      toHex(secp.point(fromHex(ONE))).slice(2),
    )
  })

  test('takes views into larger buffers, and gives copies', () => {
    const whole = seededRandom(5).bytes(200)
    const [secret, hash] = [whole.subarray(3, 35), whole.subarray(50, 82)]
    const { sig, recovery } = secp.signRecoverable(hash, secret)
    const key = secp.recover(sig, recovery, hash)!
    const before = toHex(sig) + toHex(key)
    expect(toHex(secp.point(secret))).toBe(toHex(key))
    const other = secp.signRecoverable(HASH, SECRET)
    secp.recover(other.sig, other.recovery, HASH)
    expect(toHex(sig) + toHex(key)).toBe(before)
  })

  test('BIP-340 and ECDSA do not disturb each other', () => {
    const aux = new Uint8Array(32)
    const [schnorr, key] = [secp.sign(HASH, SECRET, aux), secp.publicKey(SECRET)]
    const ecdsa = secp.signRecoverable(HASH, SECRET)
    expect(secp.verify(schnorr, HASH, key)).toBe(true)
    expect(toHex(secp.sign(HASH, SECRET, aux))).toBe(toHex(schnorr))
    expect(toHex(secp.signRecoverable(HASH, SECRET).sig)).toBe(toHex(ecdsa.sig))
    expect(toHex(secp.point(SECRET).subarray(1))).toBe(toHex(key))
  })
})

describe('the backends agree', () => {
  const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
  const secret = bytes(32).map((it) => Uint8Array.from(it, (b, i) => (i === 0 ? b >> 1 : b | 1)))
  const edge = fc.constantFrom(ZERO, ONE, HALF_N, N_MINUS_1, N, P, MAX).map(fromHex)
  const scalar = fc.oneof({ arbitrary: bytes(32), weight: 4 }, { arbitrary: edge, weight: 1 })
  const sig = fc.tuple(scalar, scalar).map(([r, s]) => Uint8Array.of(...r, ...s))

  test('on what anybody may send', () => {
    const id = fc.integer({ min: -1, max: 4 })
    const seen = { key: 0, none: 0 }
    fc.assert(
      fc.property(sig, scalar, id, (signature, hash, recovery) => {
        const keys = backends.map((it) => it.recover(signature, recovery, hash))
        expect(new Set(keys.map((it) => it && toHex(it))).size).toBe(1)
        seen[keys[0] ? 'key' : 'none']++
        const key = keys[0] ?? noble.point(SECRET)
        const verdicts = backends.map((it) => it.verifyEcdsa(signature, hash, key))
        expect(new Set(verdicts).size).toBe(1)
      }),
      { numRuns: 400, seed: 1 },
    )
    expect(seen.key).toBeGreaterThan(40)
    expect(seen.none).toBeGreaterThan(40)
  })

  test('on what they sign, and on every bit of it turned', () => {
    const bit = fc.nat({ max: 64 * 8 - 1 })
    fc.assert(
      fc.property(secret, scalar, bit, (mine, hash, at) => {
        const all = backends.map((it) => it.signRecoverable(hash, mine))
        expect(new Set(all.map((it) => toHex(it.sig) + it.recovery)).size).toBe(1)
        const [{ sig: signature, recovery }] = all as [(typeof all)[0]]
        const key = noble.point(mine)
        for (const it of backends) {
          expect(toHex(it.point(mine))).toBe(toHex(key))
          expect(toHex(it.recover(signature, recovery, hash)!)).toBe(toHex(key))
          expect(it.verifyEcdsa(signature, hash, key)).toBe(true)
        }
        signature[at >> 3]! ^= 1 << (at & 7)
        const keys = backends.map((it) => it.recover(signature, recovery, hash))
        expect(new Set(keys.map((it) => it && toHex(it))).size).toBe(1)
        expect(keys[0] && toHex(keys[0])).not.toBe(toHex(key))
        for (const it of backends) expect(it.verifyEcdsa(signature, hash, key)).toBe(false)
      }),
      { numRuns: 60, seed: 2 },
    )
  })
})

test('the self-test refuses ECDSA that says yes, no, or something else', () => {
  const lies: Partial<Ecdsa>[] = [
    { verifyEcdsa: () => true },
    { verifyEcdsa: () => false },
    { recover: () => null },
    { recover: () => new Uint8Array(33) },
    { signRecoverable: () => ({ sig: new Uint8Array(64), recovery: 1 }) },
    { signRecoverable: (...it) => ({ ...noble.signRecoverable(...it), recovery: 0 }) },
    { point: () => new Uint8Array(33) },
  ]
  for (const lie of lies) {
    expect(ecdsaTest({ ...noble, ...lie })).toBe(false)
    expect(selfTest({ ...noble, ...lie })).toBe(false)
  }
})

test.skipIf(native.backend !== 'libsecp256k1')('the library does its ECDSA itself', async () => {
  // One that fails its self-test is replaced without a word: then all above would say nothing of it.
  const borrowed = (await openLibsecp256k1(() => undefined))!
  expect(String(native.recover)).not.toBe(String(borrowed.recover))
})

describe.skipIf(native.backend !== 'libsecp256k1')('a library without the module recovery', () => {
  const without: [string, () => Ecdsa | undefined][] = [
    ['has no such symbols', () => void 0],
    [
      'does not load them',
      () => {
        throw new TypeError('Symbol "secp256k1_ecdsa_recover" not found')
      },
    ],
    [
      'fails in the middle',
      () => ({
        ...noble,
        point: () => {
          throw new RangeError('no')
        },
      }),
    ],
    ['computes them wrongly', () => ({ ...noble, verifyEcdsa: () => true })],
  ]
  test.each(without)('%s, and still does BIP-340 itself', async (_, ecdsaOf) => {
    const secp = (await openLibsecp256k1(ecdsaOf))!
    expect(secp.backend).toBe('libsecp256k1')
    expect(String(secp.recover)).toBe(String(wasm.recover))
    expect(selfTest(secp)).toBe(true)
  })
})
