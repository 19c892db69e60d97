import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { concat, hmac, sha256, toHex, utf8 } from '../base/bytes.ts'
import { seededRandom } from '../base/random.ts'
import { frameHeader } from '../protocol/frames.ts'
import { type JobTag, jobId } from '../protocol/ids.ts'
import { TAG_BYTES } from './aes-gcm.ts'
import {
  CHAIN_START,
  commitInput,
  commitOutput,
  nextChain,
  openInput,
  openOutput,
  sealInput,
  sealOutput,
} from './frame-seal.ts'

const key = seededRandom(1).bytes(32)
const other = seededRandom(2).bytes(32)
const job = jobId('ab'.repeat(32))
const otherJob = jobId('ac'.repeat(32))
const header = (seq: number, last = false) =>
  frameHeader({ type: 'output', last, tag: 'cd'.repeat(16) as JobTag, seq })
const seqs = fc.oneof(fc.nat(0xffff_ffff), fc.constantFrom(0, 1, 0xffff_ffff))

test('what is sealed opens, and is 16 bytes longer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), seqs, (plaintext, seq) => {
      const input = sealInput(key, job, seq, plaintext)
      expect(input.length).toBe(plaintext.length + TAG_BYTES)
      expect(openInput(key, job, seq, input)).toEqual(plaintext)
      const output = sealOutput(key, header(seq), seq, plaintext)
      expect(openOutput(key, header(seq), seq, output)).toEqual(plaintext)
    }),
    { seed: 1 },
  )
})

test('bound to key, job, seq, header and the flag of the last', () => {
  const input = sealInput(key, job, 7, utf8('prompt'))
  expect(openInput(other, job, 7, input)).toBeUndefined()
  expect(openInput(key, otherJob, 7, input)).toBeUndefined()
  expect(openInput(key, job, 8, input)).toBeUndefined()
  const output = sealOutput(key, header(7), 7, utf8('answer'))
  expect(openOutput(other, header(7), 7, output)).toBeUndefined()
  expect(openOutput(key, header(7, true), 7, output)).toBeUndefined()
  expect(openOutput(key, header(8), 7, output)).toBeUndefined()
  expect(openOutput(key, header(7), 8, output)).toBeUndefined()
  expect(openOutput(key, header(7), 7, input)).toBeUndefined()
})

test('a turned bit or a missing byte never opens, and never throws', () => {
  const sealed = sealOutput(key, header(1), 1, utf8('answer'))
  for (let at = 0; at < sealed.length * 8; at++) {
    const damaged = sealed.slice()
    damaged[at >> 3]! ^= 1 << (at & 7)
    expect(openOutput(key, header(1), 1, damaged)).toBeUndefined()
  }
  for (let length = 0; length < sealed.length; length++) {
    expect(openOutput(key, header(1), 1, sealed.subarray(0, length))).toBeUndefined()
    expect(openInput(key, job, 1, sealed.subarray(0, length))).toBeUndefined()
  }
})

test('a seq beyond 32 bits is never sealed, since its nonce would come round again', () => {
  for (const seq of [-1, 0.5, 2 ** 32, Number.NaN]) {
    expect(() => sealInput(key, job, seq, utf8('x'))).toThrow(RangeError)
    expect(() => sealOutput(key, header(0), seq, utf8('x'))).toThrow(RangeError)
    expect(openInput(key, job, seq, new Uint8Array(20))).toBeUndefined()
    expect(openOutput(key, header(0), seq, new Uint8Array(20))).toBeUndefined()
  }
})

test('the chain and its commitments are those that a receipt names', () => {
  const frames = [utf8('first'), utf8(''), utf8('last')]
  const chain = frames.reduce(nextChain, CHAIN_START)
  const wanted = frames.reduce((h, frame) => sha256(concat(h, frame)), new Uint8Array(32))
  expect(toHex(chain)).toBe(toHex(wanted))
  expect(commitOutput(key, chain)).toBe(toHex(hmac(key, wanted)))
  expect(commitInput(key, sha256('prompt'))).toBe(toHex(hmac(key, sha256('prompt'))))
  expect(commitInput(other, sha256('prompt'))).not.toBe(commitInput(key, sha256('prompt')))
  expect(toHex(CHAIN_START)).toBe('00'.repeat(32))
})
