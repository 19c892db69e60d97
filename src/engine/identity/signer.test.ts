import { expect, test } from 'bun:test'
import { inspect } from 'node:util'
import { fromHex, hmac, toHex, utf8 } from '../base/bytes.ts'
import type { UnixSec } from '../base/clock.ts'
import { seededRandom } from '../base/random.ts'
import { type Draft, idOf } from '../protocol/event.ts'
import { openSecp256k1 } from './secp256k1.ts'
import { newSigner, signerOf } from './signer.ts'

const secp = await openSecp256k1()
const draft: Draft = {
  kind: 4642,
  created_at: 1_790_000_000 as UnixSec,
  tags: [['net', 'sim']],
  content: '{"a":"é"}',
}

test('signs an event that verifies under its own id and key', () => {
  const signer = newSigner(secp, seededRandom(1))
  const event = signer.sign(draft)
  expect(event.id).toBe(idOf(signer.pubkey, draft))
  expect(event.pubkey).toBe(signer.pubkey)
  expect(secp.verify(fromHex(event.sig), fromHex(event.id), fromHex(event.pubkey))).toBe(true)
  expect(Object.keys(event).toSorted()).toEqual(
    ['content', 'created_at', 'id', 'kind', 'pubkey', 'sig', 'tags'].toSorted(),
  )
})

test('takes nothing over from a draft but its four fields', () => {
  const signer = newSigner(secp, seededRandom(1))
  const loaded = { ...draft, id: 'x', sig: 'y', pubkey: 'z', secret: 'prompt' }
  const event = signer.sign(loaded)
  expect(event).not.toHaveProperty('secret')
  expect(event.pubkey).toBe(signer.pubkey)
})

test('auxiliary randomness comes from the Random that was given', () => {
  const secret = fromHex('07'.repeat(32))
  const sign = (seed: number) => signerOf(secret, secp, seededRandom(seed)).sign(draft).sig
  expect(sign(3)).toBe(sign(3))
  expect(sign(3)).not.toBe(sign(4))
})

test('nothing that prints, serialises or copies a signer shows its secret', () => {
  const secret = seededRandom(9).bytes(32)
  const signer = signerOf(secret, secp, seededRandom(9))
  const shown = [
    inspect(signer, { depth: 9, showHidden: true }),
    Bun.inspect(signer, { depth: 9 }),
    JSON.stringify(signer),
    JSON.stringify({ ...signer }),
    signer.sign.toString(),
    inspect(Object.getOwnPropertyDescriptors(signer), { depth: 9, showHidden: true }),
  ].join('\n')
  expect(shown).not.toContain(toHex(secret))
  expect(shown).not.toContain(secret.join(', '))
  expect(shown).not.toContain(String(secret[0]) + ', ' + String(secret[1]))
  expect(JSON.parse(JSON.stringify(signer))).toEqual({ pubkey: signer.pubkey })
})

test('keeps its own copy: the caller may wipe what it gave', () => {
  const secret = seededRandom(10).bytes(32)
  const wanted = toHex(hmac(secret, utf8('fedai/1 x')))
  const signer = signerOf(secret, secp, seededRandom(10))
  secret.fill(0)
  expect(toHex(signer.derive('fedai/1 x'))).toBe(wanted)
  expect(toHex(signer.derive('fedai/1 y'))).not.toBe(wanted)
  const event = signer.sign(draft)
  expect(secp.verify(fromHex(event.sig), fromHex(event.id), fromHex(signer.pubkey))).toBe(true)
})

test('refuses bytes that are no secret', () => {
  expect(() => signerOf(new Uint8Array(32), secp, seededRandom(1))).toThrow(RangeError)
  expect(() => signerOf(new Uint8Array(31).fill(1), secp, seededRandom(1))).toThrow(RangeError)
})
