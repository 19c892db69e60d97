import { expect, test } from 'bun:test'
import { hkdfSync } from 'node:crypto'
import { fromHex, toHex, utf8 } from '../base/bytes.ts'
import { frameHeader, jobTagOf } from '../protocol/frames.ts'
import { eventId, jobId, preimage } from '../protocol/ids.ts'
import { openOutput, sealOutput } from './frame-seal.ts'
import { holdKey } from './hold-seal.ts'

const job = jobId('0a'.repeat(32))
const secret = preimage('5b'.repeat(32))
const tag = jobTagOf(job, eventId('1c'.repeat(32)))

test('the key is HKDF-SHA-256 over preimage and job id, as another implementation has it', () => {
  const info = Buffer.concat([utf8('fedai/1 hold'), fromHex(tag)])
  const ikm = Buffer.concat([fromHex(secret), fromHex(job)])
  const other = new Uint8Array(hkdfSync('sha256', ikm, new Uint8Array(0), info, 32))
  expect(toHex(holdKey(secret, job, tag))).toBe(toHex(other))
  // For whoever writes a third one (docs/protocol.md, held output).
  expect(tag as string).toBe('2707f1a841ae53c7100e8578cda2c097')
  expect(toHex(other)).toBe('c8bb0474b7f4318a3fa4d241fe80153d0f9771e4332aafd36d9a5badba3054ef')
})

test('another preimage, another job or another ticket has another key', () => {
  const keys = [
    holdKey(secret, job, tag),
    holdKey(preimage('5c'.repeat(32)), job, tag),
    holdKey(secret, jobId('0b'.repeat(32)), tag),
    holdKey(secret, job, jobTagOf(job, eventId('1d'.repeat(32)))),
  ].map(toHex)
  expect(new Set(keys).size).toBe(4)
})

test('what it seals opens with the preimage alone, and with its own header alone', () => {
  const header = frameHeader({ type: 'output', last: true, tag, seq: 3 })
  const sealed = sealOutput(holdKey(secret, job, tag), header, 3, utf8('a result'))
  expect(openOutput(holdKey(secret, job, tag), header, 3, sealed)).toEqual(utf8('a result'))
  const wrong = holdKey(preimage('00'.repeat(32)), job, tag)
  expect(openOutput(wrong, header, 3, sealed)).toBeUndefined()
  const other = frameHeader({ type: 'output', last: false, tag, seq: 3 })
  expect(openOutput(holdKey(secret, job, tag), other, 3, sealed)).toBeUndefined()
})
