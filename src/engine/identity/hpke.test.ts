import { describe, expect, test } from 'bun:test'
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import fc from 'fast-check'
import vector from '../../../test/vectors/hpke-rfc9180.json'
import { fromHex, toHex, utf8 } from '../base/bytes.ts'
import { seededRandom } from '../base/random.ts'
import { exportKey, open, seal, setupReceiver, setupSender } from './hpke.ts'
import { agree, privateKeyOf, publicKeyOf } from './x25519.ts'

const buffer = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer

const receiver = (secret: Uint8Array, enc: Uint8Array, info: Uint8Array) => {
  const key = privateKeyOf(secret)
  return setupReceiver(key, publicKeyOf(key), enc, info)
}

describe('the vector of RFC 9180 for this suite', () => {
  const sender = setupSender(fromHex(vector.pkRm), fromHex(vector.info), fromHex(vector.skEm))!
  const context = receiver(fromHex(vector.skRm), fromHex(vector.enc), fromHex(vector.info))!

  test('keys', () => {
    expect(toHex(publicKeyOf(privateKeyOf(fromHex(vector.skRm))))).toBe(vector.pkRm)
    expect(toHex(sender.enc)).toBe(vector.enc)
    for (const side of [sender.context, context]) {
      expect(toHex(side.key)).toBe(vector.key)
      expect(toHex(side.baseNonce)).toBe(vector.base_nonce)
      expect(toHex(side.exporterSecret)).toBe(vector.exporter_secret)
    }
  })

  test.each(vector.encryptions)('message $seq', ({ seq, aad, pt, ct }) => {
    expect(toHex(seal(sender.context, seq, fromHex(aad), fromHex(pt)))).toBe(ct)
    expect(toHex(open(context, seq, fromHex(aad), fromHex(ct))!)).toBe(pt)
  })

  test('sealing leaves the context as it was: messages in any order', () => {
    const before = toHex(sender.context.baseNonce)
    for (const seq of [3, 0xffff_ffff, 1]) seal(sender.context, seq, utf8(''), utf8('x'))
    expect(toHex(sender.context.baseNonce)).toBe(before)
  })

  test.each(vector.exports)(
    'export $exporter_context',
    ({ exporter_context, L, exported_value }) => {
      expect(toHex(exportKey(context, fromHex(exporter_context), L))).toBe(exported_value)
    },
  )
})

describe('@hpke/core agrees', () => {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  })
  const random = seededRandom(9180)
  const cases = Array.from({ length: 40 }, (_, i) => ({
    secret: random.bytes(32),
    ephemeral: random.bytes(32),
    info: random.bytes(random.below(200)),
    aad: random.bytes(random.below(60)),
    plaintext: random.bytes(i === 0 ? 0 : random.below(3000)),
    label: random.bytes(random.below(40)),
  }))

  test('and opens what we seal, exports included', async () => {
    for (const { secret, ephemeral, info, aad, plaintext, label } of cases) {
      const own = publicKeyOf(privateKeyOf(secret))
      const { enc, context } = setupSender(own, info, ephemeral)!
      const theirs = await suite.createRecipientContext({
        recipientKey: await suite.kem.importKey('raw', buffer(secret), false),
        enc: buffer(enc),
        info: buffer(info),
      })
      for (const seq of [0, 1, 2]) {
        const opened = await theirs.open(buffer(seal(context, seq, aad, plaintext)), buffer(aad))
        expect(toHex(new Uint8Array(opened))).toBe(toHex(plaintext))
      }
      const exported = await theirs.export(buffer(label), 32)
      expect(toHex(exportKey(context, label))).toBe(toHex(new Uint8Array(exported)))
    }
  })

  test('and we open what it seals, exports included', async () => {
    for (const { secret, info, aad, plaintext, label } of cases) {
      const own = publicKeyOf(privateKeyOf(secret))
      const theirs = await suite.createSenderContext({
        recipientPublicKey: await suite.kem.importKey('raw', buffer(own), true),
        info: buffer(info),
      })
      const context = receiver(secret, new Uint8Array(theirs.enc), info)!
      for (const seq of [0, 1, 2]) {
        const sealed = new Uint8Array(await theirs.seal(buffer(plaintext), buffer(aad)))
        expect(toHex(open(context, seq, aad, sealed)!)).toBe(toHex(plaintext))
      }
      const exported = await theirs.export(buffer(label), 32)
      expect(toHex(exportKey(context, label))).toBe(toHex(new Uint8Array(exported)))
    }
  })
})

// The points of RFC 7748's curve and twist whose order divides 8, and their other encodings.
const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]

test.each(LOW_ORDER)('a key of low order is refused: %s', (hex) => {
  const secret = seededRandom(1).bytes(32)
  expect(agree(privateKeyOf(secret), fromHex(hex))).toBeUndefined()
  expect(setupSender(fromHex(hex), utf8('i'), secret)).toBeUndefined()
  expect(receiver(secret, fromHex(hex), utf8('i'))).toBeUndefined()
})

test('wrong lengths', () => {
  const secret = seededRandom(1).bytes(32)
  for (const length of [0, 31, 33, 64]) {
    expect(setupSender(new Uint8Array(length).fill(9), utf8('i'), secret)).toBeUndefined()
    expect(receiver(secret, new Uint8Array(length).fill(9), utf8('i'))).toBeUndefined()
    expect(() => privateKeyOf(new Uint8Array(length))).toThrow(RangeError)
  }
  const { context } = setupSender(publicKeyOf(privateKeyOf(secret)), utf8('i'), secret)!
  for (const seq of [-1, 1.5, 2 ** 32, Number.NaN])
    expect(() => seal(context, seq, utf8(''), utf8(''))).toThrow(RangeError)
  for (const length of [0, 33])
    expect(() => exportKey(context, utf8('x'), length)).toThrow(RangeError)
})

test('one turned bit anywhere does not open', () => {
  const secret = seededRandom(2).bytes(32)
  const own = publicKeyOf(privateKeyOf(secret))
  const { enc, context } = setupSender(own, utf8('info'), seededRandom(3).bytes(32))!
  const sealed = seal(context, 0, utf8('aad'), utf8('plaintext'))
  const opening = receiver(secret, enc, utf8('info'))!
  expect(open(opening, 0, utf8('aad'), sealed)).toEqual(utf8('plaintext'))
  expect(open(opening, 1, utf8('aad'), sealed)).toBeUndefined()
  expect(open(opening, 0, utf8('aae'), sealed)).toBeUndefined()
  expect(open(receiver(secret, enc, utf8('infp'))!, 0, utf8('aad'), sealed)).toBeUndefined()
  fc.assert(
    fc.property(fc.nat(sealed.length - 1), fc.nat(7), (at, bit) => {
      const damaged = sealed.slice()
      damaged[at]! ^= 1 << bit
      expect(open(opening, 0, utf8('aad'), damaged)).toBeUndefined()
    }),
    { seed: 1 },
  )
  for (let length = 0; length < sealed.length; length++)
    expect(open(opening, 0, utf8('aad'), sealed.subarray(0, length))).toBeUndefined()
})
