import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { toHex } from '../../base/bytes.ts'
import { isFault } from '../../base/fault.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { parseNwcUri } from './uri.ts'

const secp = await openSecp256k1()
const KEY = 'b889ff5b1513b641e2a139f661a661364979c5beee91842f8f0ef42ab558e9d4'
const SECRET = '71a8c14c1407c113601079c4302dab36460f0ccd0ad506f1f2dc73b5100e4f3c'
const uri = (rest: string, key = KEY) => `nostr+walletconnect://${key}?${rest}`

const flawOf = (text: string): string => {
  try {
    parseNwcUri(text, secp)
    return 'none'
  } catch (error) {
    if (!isFault(error)) throw error
    expect(`${error.kind} ${error.code}`).toBe('usage wallet.connection')
    for (const secret of [SECRET, 'canary'])
      expect(`${error.message} ${error.hint} ${error.stack}`).not.toContain(secret)
    return error.message.replace('the connection string of the wallet ', '')
  }
}

describe('a connection string of NIP-47', () => {
  test('names a wallet, its relays and our secret', () => {
    const relays = 'relay=wss%3A%2F%2Fa.example&relay=wss://b.example/v1&relay=wss://a.example'
    const {
      wallet,
      relays: read,
      secret,
    } = parseNwcUri(` ${uri(`${relays}&secret=${SECRET}&lud16=me@a.example`)}\n`, secp)
    expect(String(wallet)).toBe(KEY)
    expect(read).toEqual(['wss://a.example', 'wss://b.example/v1'])
    expect(toHex(secret)).toBe(SECRET)
  })

  test('is refused in the same words where the machine’s library throws at such a key', () => {
    const throwing = {
      agree: (): never => {
        throw new Error(`canary ${SECRET}`)
      },
    }
    const text = uri(`relay=wss://a.example&secret=${SECRET}`, 'f'.repeat(64))
    expect(() => parseNwcUri(text, throwing)).toThrow(/cannot be one$/)
  })

  test('may have capitals, and its key without slashes', () => {
    const text = `nostr+walletconnect:${KEY}?relay=wss://a.example&secret=${SECRET.toUpperCase()}`
    expect(String(parseNwcUri(text, secp).wallet)).toBe(KEY)
  })

  test.each([
    ['', /is none/],
    [`https://${KEY}?relay=wss://a.example&secret=${SECRET}`, /is none/],
    [uri(`relay=wss://a.example&secret=${SECRET}`, 'npub1canary'), /key of its wallet/],
    [uri(`relay=wss://a.example&secret=${SECRET}`, 'f'.repeat(64)), /cannot be one/],
    [uri(`relay=wss://a.example&secret=${'0'.repeat(64)}`), /cannot be one/],
    [uri(`relay=wss://a.example&secret=${SECRET}x`), /no secret/],
    [uri('relay=wss://a.example'), /no secret/],
    [uri(`secret=${SECRET}`), /names no relay/],
    [uri(`relay=ws://relay.example.com/canary&secret=${SECRET}`), /not wss/],
    [uri(`relay=wss://canary:word@a.example&secret=${SECRET}`), /not wss/],
    [uri(`relay=wss://a.example&relay=https://b.example&secret=${SECRET}`), /not wss/],
    [
      uri(
        `${Array.from({ length: 9 }, (_, n) => `relay=wss://${n}.example`).join('&')}&secret=${SECRET}`,
      ),
      /more than 8/,
    ],
  ])('is refused without a word of it: case %#', (text, flaw) => {
    expect(flawOf(text)).toMatch(flaw)
  })

  test('of any other text is refused or read, and nothing else', () => {
    const parts = fc.constantFrom(
      KEY,
      SECRET,
      'relay=',
      'secret=',
      '&',
      '?',
      'wss://a.example',
      '%',
    )
    const texts = fc.array(fc.oneof(parts, fc.string())).map((it) => it.join(''))
    fc.assert(
      fc.property(texts, (text) => {
        flawOf(`nostr+walletconnect://${text}`)
        flawOf(text)
      }),
    )
  })
})
