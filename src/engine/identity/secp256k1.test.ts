import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { fromHex, toHex } from '../base/bytes.ts'
import { seededRandom } from '../base/random.ts'
import { libsecp256k1Paths } from './secp-paths.ts'
import { selfTest } from './secp-self-test.ts'
import { openSecp256k1 } from './secp256k1.ts'
import type { Secp256k1 } from './seams.ts'

const native = await openSecp256k1('libsecp256k1')
const wasm = await openSecp256k1('wasm')
const noble = await openSecp256k1('noble')
// Where there is no library, the first two are one.
const backends: Secp256k1[] = [...new Set([native, wasm, noble])]

const P = 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f'
const P_PLUS_1 = 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30'
const N = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'
const N_MINUS_1 = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140'
const MAX = 'ff'.repeat(32)
const ZERO = '00'.repeat(32)
const ONE = `${'00'.repeat(31)}01`

test('libsecp256k1 is on this machine', () => {
  if (native.backend === 'libsecp256k1') return
  // Loud, but no failure: the wasm is a full replacement, and half the systems have no library.
  process.stderr.write(
    '\n*** NOT TESTED: libsecp256k1 through bun:ffi, since this machine has none (Debian: apt install libsecp256k1-1)\n\n',
  )
  expect(native.backend).toBe('wasm')
})

test('each backend is opened once, and by its name', async () => {
  expect(wasm.backend).toBe('wasm')
  expect(noble.backend).toBe('noble')
  expect(await openSecp256k1('wasm')).toBe(wasm)
  expect(await openSecp256k1()).toBe(native)
})

test('libraries are looked for by absolute paths only', () => {
  for (const platform of ['linux', 'darwin', 'win32', 'freebsd'])
    for (const arch of ['x64', 'arm64', 'riscv64'])
      for (const path of libsecp256k1Paths(platform, arch)) expect(isAbsolute(path)).toBe(true)
  expect(libsecp256k1Paths('linux', 'x64')).toContain('/usr/lib/x86_64-linux-gnu/libsecp256k1.so.1')
  expect(libsecp256k1Paths('win32', 'x64')).toEqual([])
})

test('the self-test refuses a backend that says yes, no, or signs wrongly', () => {
  expect(selfTest(noble)).toBe(true)
  expect(selfTest({ ...noble, verify: () => true })).toBe(false)
  expect(selfTest({ ...noble, verify: () => false })).toBe(false)
  expect(selfTest({ ...noble, sign: () => new Uint8Array(64) })).toBe(false)
  expect(selfTest({ ...noble, publicKey: () => new Uint8Array(32) })).toBe(false)
})

describe.each(backends.map((secp) => [secp.backend, secp] as const))('%s', (_, secp) => {
  const rows = readFileSync(new URL('../../../test/vectors/bip340.csv', import.meta.url), 'utf8')
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(','))

  test.each(rows)('BIP-340 vector %s', (_index, secret, key, aux, message, sig, result) => {
    const [hash, signature] = [fromHex(message!), fromHex(sig!)]
    // Ours signs 32 bytes, always: a vector with another length must be refused, not answered.
    const wanted = result === 'TRUE' && hash.length === 32
    expect(secp.verify(signature, hash, fromHex(key!))).toBe(wanted)
    if (!secret) return
    expect(toHex(secp.publicKey(fromHex(secret)))).toBe(key!.toLowerCase())
    if (hash.length !== 32) return
    expect(toHex(secp.sign(hash, fromHex(secret), fromHex(aux!)))).toBe(sig!.toLowerCase())
  })

  test('the official vectors are all there', () => expect(rows.length).toBeGreaterThanOrEqual(15))

  test('edges are false and never throw', () => {
    const secret = fromHex(ONE)
    const hash = fromHex(MAX)
    const key = secp.publicKey(secret)
    const sig = secp.sign(hash, secret, fromHex(ZERO))
    expect(secp.verify(sig, hash, key)).toBe(true)
    const r = toHex(sig).slice(0, 64)
    const s = toHex(sig).slice(64)
    for (const bad of [P, P_PLUS_1, N, MAX, ZERO, ONE])
      expect(secp.verify(fromHex(bad + s), hash, key)).toBe(false)
    for (const bad of [N, N_MINUS_1, P, MAX, ZERO, ONE])
      expect(secp.verify(fromHex(r + bad), hash, key)).toBe(false)
    for (const bad of [ZERO, P, P_PLUS_1, MAX, `${'00'.repeat(31)}05`])
      expect(secp.verify(sig, hash, fromHex(bad))).toBe(false)
    for (const length of [0, 1, 31, 33, 63, 65, 96, 128]) {
      const wrong = new Uint8Array(length)
      expect(secp.verify(wrong, hash, key)).toBe(false)
      expect(secp.verify(sig, wrong, key)).toBe(false)
      expect(secp.verify(sig, hash, wrong)).toBe(false)
    }
  })

  test('secrets that are none are refused, without being named', () => {
    const hash = fromHex(MAX)
    for (const bad of [ZERO, N, P, MAX, '', '01', `${ONE}00`]) {
      const secret = fromHex(bad)
      expect(() => secp.publicKey(secret)).toThrow(RangeError)
      expect(() => secp.sign(hash, secret, fromHex(ZERO))).toThrow(RangeError)
    }
    expect(() => secp.sign(hash.subarray(1), fromHex(ONE), fromHex(ZERO))).toThrow(RangeError)
    expect(() => secp.sign(hash, fromHex(ONE), new Uint8Array(31))).toThrow(RangeError)
    expect(toHex(secp.publicKey(fromHex(N_MINUS_1)))).toBe(toHex(secp.publicKey(fromHex(ONE))))
  })

  test('takes views into larger buffers, and an array whose secret was changed', () => {
    const random = seededRandom(5)
    const whole = random.bytes(200)
    const secret = whole.subarray(3, 35)
    const hash = whole.subarray(50, 82)
    const first = secp.publicKey(secret)
    expect(secp.verify(secp.sign(hash, secret, random.bytes(32)), hash, first)).toBe(true)
    secret.set(random.bytes(32))
    const second = secp.publicKey(secret)
    expect(toHex(second)).not.toBe(toHex(first))
    expect(secp.verify(secp.sign(hash, secret, random.bytes(32)), hash, second)).toBe(true)
  })

  test('results are copies, not windows into a buffer that the next call fills', () => {
    const random = seededRandom(6)
    const secret = random.bytes(32)
    const [sig, key] = [secp.sign(fromHex(ONE), secret, random.bytes(32)), secp.publicKey(secret)]
    const before = toHex(sig) + toHex(key)
    secp.sign(fromHex(MAX), random.bytes(32), random.bytes(32))
    secp.publicKey(random.bytes(32))
    expect(toHex(sig) + toHex(key)).toBe(before)
  })
})

// noble takes a millisecond for each: all 10,000 with FEDAI_TEST_FULL=1, else every 100th.
const NOBLE_EVERY = process.env.FEDAI_TEST_FULL === '1' ? 1 : 100

test('10,000 random cases, one verdict', () => {
  const random = seededRandom(340)
  const secrets = Array.from({ length: 16 }, () => random.bytes(32))
  const keys = secrets.map((secret) => native.publicKey(secret))
  const seen = { yes: 0, no: 0, noble: 0 }
  const disagreements: string[] = []
  for (let i = 0; i < 10_000; i++) {
    const who = random.below(secrets.length)
    const hash = random.bytes(32)
    const sig = native.sign(hash, secrets[who]!, random.bytes(32))
    const key = keys[who]!.slice()
    // A quarter is left as it is; in the others one bit is turned, or all is chance.
    const target = [undefined, sig, hash, key][i % 4]
    if (target && random.below(8) === 0) target.set(random.bytes(target.length))
    else if (target) target[random.below(target.length)]! ^= 1 << random.below(8)
    const asked = i % NOBLE_EVERY === 0 ? backends : backends.slice(0, -1)
    const verdicts = asked.map((secp) => secp.verify(sig, hash, key))
    if (new Set(verdicts).size !== 1)
      disagreements.push(`${toHex(sig)} ${toHex(hash)} ${toHex(key)} ${verdicts.join()}`)
    seen[verdicts[0] ? 'yes' : 'no']++
    if (asked === backends) seen.noble++
  }
  expect(disagreements).toEqual([])
  expect(seen).toEqual({ yes: 2500, no: 7500, noble: 10_000 / NOBLE_EVERY })
}, 60_000)

test('three backends sign alike, byte for byte', () => {
  const random = seededRandom(341)
  for (let i = 0; i < 50; i++) {
    const [hash, secret, aux] = [random.bytes(32), random.bytes(32), random.bytes(32)]
    const sigs = backends.map((secp) => toHex(secp.sign(hash, secret, aux)))
    expect(new Set(sigs).size).toBe(1)
    expect(new Set(backends.map((secp) => toHex(secp.publicKey(secret)))).size).toBe(1)
  }
})
