import { expect, test } from 'bun:test'
import { decode, nprofileEncode, npubEncode, nsecEncode } from 'nostr-tools/nip19'
import { fromHex, toHex } from '../../src/engine/base/bytes.ts'
import vectors from './nip19.json'

// The examples of NIP-19, against the library that reads and writes keys for us.
test.each(vectors.keys)('$text is $hex, both ways', ({ type, text, hex }) => {
  const decoded = decode(text)
  expect(decoded.type).toBe(type as 'npub')
  const data: unknown = decoded.data
  expect(data instanceof Uint8Array ? toHex(data) : data).toBe(hex)
  expect(type === 'nsec' ? nsecEncode(fromHex(hex)) : npubEncode(hex)).toBe(
    text as `npub1${string}`,
  )
})

test.each(vectors.profiles)('$text names a key and its relays', ({ text, pubkey, relays }) => {
  expect(decode(text)).toEqual({ type: 'nprofile', data: { pubkey, relays } })
  // NIP-19 leaves the order of the entries open: what was written anew must read the same.
  expect(decode(nprofileEncode({ pubkey, relays }))).toEqual({
    type: 'nprofile',
    data: { pubkey, relays },
  })
})

test.each(vectors.broken)('refused: $note', ({ text }) => {
  expect(() => decode(text)).toThrow()
})
