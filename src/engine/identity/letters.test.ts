import { expect, test } from 'bun:test'
import { getConversationKey } from 'nostr-tools/nip44'
import { fromHex, toHex } from '../base/bytes.ts'
import { seededRandom } from '../base/random.ts'
import type { PubKey } from '../protocol/ids.ts'
import { openLetter, sealLetter } from './letters.ts'
import { openSecp256k1 } from './secp256k1.ts'
import { newSigner, signerOf } from './signer.ts'

const secp = await openSecp256k1()
const random = seededRandom(5)
const [a, b, stranger] = [1, 2, 3].map((n) => newSigner(secp, seededRandom(n))) as [
  ReturnType<typeof newSigner>,
  ReturnType<typeof newSigner>,
  ReturnType<typeof newSigner>,
]

test('both ends have the key of NIP-44', () => {
  const secret = fromHex('07'.repeat(32))
  const own = signerOf(secret, secp, random)
  expect(toHex(own.conversation(a.pubkey)!)).toBe(toHex(getConversationKey(secret, a.pubkey)))
  expect(own.conversation(a.pubkey)).toEqual(a.conversation(own.pubkey))
})

test('a letter opens for its addressee alone, and as coming from its sender alone', () => {
  const sealed = sealLetter(a, b.pubkey, 'lnbcrt…', random)
  expect(openLetter(b, a.pubkey, sealed)).toBe('lnbcrt…')
  expect(openLetter(stranger, a.pubkey, sealed)).toBeUndefined()
  expect(openLetter(b, stranger.pubkey, sealed)).toBeUndefined()
})

test('what was changed does not open, and nothing throws', () => {
  const sealed = sealLetter(a, b.pubkey, 'pay', random)
  for (let at = 0; at < sealed.length; at += 7) {
    const letter = sealed[at] === 'A' ? 'B' : 'A'
    const changed = `${sealed.slice(0, at)}${letter}${sealed.slice(at + 1)}`
    expect(openLetter(b, a.pubkey, changed)).toBeUndefined()
  }
  for (const junk of ['', '#', 'A'.repeat(50_000), 'é'])
    expect(openLetter(b, a.pubkey, junk)).toBeUndefined()
  expect(openLetter(b, 'ff'.repeat(32) as PubKey, sealed)).toBeUndefined()
})

test('what cannot be sealed is refused', () => {
  expect(() => sealLetter(a, 'ff'.repeat(32) as PubKey, 'x', random)).toThrow(RangeError)
  expect(() => sealLetter(a, b.pubkey, 'x'.repeat(24_001), random)).toThrow(RangeError)
})
