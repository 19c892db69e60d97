import { expect, test } from 'bun:test'
import { fromHex, sha256, toHex, utf8 } from '../../src/engine/base/bytes.ts'
import {
  CHAIN_START,
  commitInput,
  commitOutput,
  nextChain,
  openInput,
  openOutput,
  sealInput,
  sealOutput,
} from '../../src/engine/identity/frame-seal.ts'
import { newTicketKey, openWrap, wrapKey } from '../../src/engine/identity/seal.ts'
import {
  encodeCredit,
  encodeFrame,
  frameHeader,
  jobTagOf,
} from '../../src/engine/protocol/frames.ts'
import { eventId, jobId, pubKey } from '../../src/engine/protocol/ids.ts'
import vector from './seal.json'

// seal.json is for whoever writes a second implementation: everything that goes in, and every
// byte that must come out. This test computes the latter from the former.

const parties = {
  job: jobId(vector.job),
  ticket: eventId(vector.ticket),
  client: pubKey(vector.client),
}
const tag = jobTagOf(parties.job, parties.ticket)
const fixed = (hex: string) => ({ bytes: () => fromHex(hex), below: () => 0 })
const contentKey = fromHex(vector.content_key)

const { wrap, secrets } = wrapKey({
  ...parties,
  to: vector.ticket_public,
  contentKey,
  random: fixed(vector.ephemeral_secret),
})

test('the wrap, and the keys exported from it', () => {
  expect(newTicketKey(fixed(vector.ticket_secret)).public).toBe(vector.ticket_public)
  expect(wrap).toEqual(vector.wrap)
  expect(toHex(secrets.out)).toBe(vector.exports.out)
  expect(toHex(secrets.credit)).toBe(vector.exports.credit)
  expect(toHex(secrets.commit)).toBe(vector.exports.commit)
  expect(toHex(secrets.money)).toBe(vector.exports.money)
  const opened = openWrap({ ...parties, secret: fromHex(vector.ticket_secret), wrap: vector.wrap })
  expect(toHex(opened!.contentKey)).toBe(vector.content_key)
  expect(opened!.secrets).toEqual(secrets)
})

test('the wrap of a job that draws on a tab', () => {
  const { draw, wrap: drawn } = vector.drawn
  const random = fixed(vector.ephemeral_secret)
  const made = wrapKey({ ...parties, to: vector.ticket_public, contentKey, draw, random })
  expect(made.wrap).toEqual(drawn)
  const opened = openWrap({ ...parties, secret: fromHex(vector.ticket_secret), wrap: drawn })
  expect(opened).toMatchObject({ draw, contentKey })
})

test('a frame about money', () => {
  const { seq, plaintext, frame } = vector.money
  const header = frameHeader({ type: 'money', last: false, tag, seq })
  const bytes = sealOutput(secrets.money, header, seq, utf8(plaintext))
  expect(toHex(encodeFrame({ type: 'money', last: false, tag, seq, bytes }))).toBe(frame)
  expect(openOutput(secrets.money, header, seq, bytes)).toEqual(utf8(plaintext))
})

test('the job tag', () => expect(tag).toBe(vector.job_tag as typeof tag))

test('an input frame', () => {
  const { seq, plaintext, frame } = vector.input
  const bytes = sealInput(contentKey, parties.job, seq, utf8(plaintext))
  expect(toHex(encodeFrame({ type: 'input', last: false, tag, seq, bytes }))).toBe(frame)
  expect(openInput(contentKey, parties.job, seq, bytes)).toEqual(utf8(plaintext))
})

test.each(vector.outputs)('output frame $seq', ({ seq, last, plaintext, frame }) => {
  const header = frameHeader({ type: 'output', last, tag, seq })
  const bytes = sealOutput(secrets.out, header, seq, utf8(plaintext))
  expect(toHex(encodeFrame({ type: 'output', last, tag, seq, bytes }))).toBe(frame)
  expect(openOutput(secrets.out, header, seq, bytes)).toEqual(utf8(plaintext))
})

test('a credit frame', () => {
  const { seq, next, allowed, frame } = vector.credit
  const bytes = encodeCredit(secrets.credit, tag, 'outputCredit', { next, allowed })
  expect(toHex(encodeFrame({ type: 'outputCredit', last: false, tag, seq, bytes }))).toBe(frame)
})

test('the commitments of a receipt', () => {
  const chain = vector.outputs
    .map(({ plaintext }) => utf8(plaintext))
    .reduce(nextChain, CHAIN_START)
  expect({
    input_sha256: toHex(sha256(utf8(vector.input.plaintext))),
    input: commitInput(secrets.commit, sha256(utf8(vector.input.plaintext))),
    chain: toHex(chain),
    output: commitOutput(secrets.commit, chain),
    frames: vector.outputs.length,
  }).toEqual(vector.commit)
})
