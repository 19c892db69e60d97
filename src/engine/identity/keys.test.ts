import { describe, expect, test } from 'bun:test'
import { inspect } from 'node:util'
import { fromHex, toHex } from '../base/bytes.ts'
import { type Fault, asFault } from '../base/fault.ts'
import { pubKey } from '../protocol/ids.ts'
import { npub, nsec, parseNpub, parsePinned, parseSecret, shortNpub } from './keys.ts'
import { encryptSecret } from './passphrase.ts'

// The examples of NIP-19.
const KEY = pubKey('7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e')
const NPUB = 'npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg'
const SECRET = '67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa'
const NSEC = 'nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5'
// The examples of NIP-49 and of NIP-19 for a profile.
const NCRYPTSEC =
  'ncryptsec1qgg9947rlpvqu76pj5ecreduf9jxhselq2nae2kghhvd5g7dgjtcxfqtd67p9m0w57lspw8gsq6yphnm8623nsl8xn9j4jdzz84zm3frztj3z7s35vpzmqf6ksu8r89qk5z2zxfmu5gv8th8wclt0h4p'
const NCRYPTSEC_SECRET = '3501454135014541350145413501453fefb02227e449e57cf4d3a3ce05378683'
const PASSPHRASE = 'nostr'

// The first two bytes as bech32 digits of five bits.
const headOf = (version: number, work: number): string =>
  [15, 10, 5, 0]
    .map(
      (shift) =>
        'qpzry9x8gf2tvdw0s3jn54khce6mua7l'[(((version << 12) | (work << 4)) >> shift) & 31],
    )
    .join('')

const faultOf = async (call: () => unknown): Promise<Fault> => {
  try {
    await call()
  } catch (error) {
    return asFault(error)
  }
  throw new Error('it did not throw')
}

describe('secrets', () => {
  test('nsec and hex, with blanks around', async () => {
    for (const text of [NSEC, SECRET, SECRET.toUpperCase(), ` ${NSEC}\n`])
      expect(toHex(await parseSecret(text))).toBe(SECRET)
    expect(nsec(fromHex(SECRET))).toBe(NSEC)
  })

  test('the ncryptsec of NIP-49', async () => {
    expect(toHex(await parseSecret(NCRYPTSEC, () => PASSPHRASE))).toBe(NCRYPTSEC_SECRET)
  })

  test('there and back under a passphrase, which is normalised (NFKC)', async () => {
    const text = await encryptSecret(fromHex(SECRET), 'ÅΩẛ̣', 2)
    expect(text).toStartWith('ncryptsec1')
    expect(toHex(await parseSecret(text, async () => 'ÅΩẛ̣'.normalize('NFKD')))).toBe(SECRET)
  })

  test('wrong and missing passphrases', async () => {
    const text = await encryptSecret(fromHex(SECRET), 'right', 2)
    expect(await faultOf(() => parseSecret(text, () => 'wrong'))).toMatchObject({
      kind: 'config',
      code: 'key.passphrase',
    })
    expect(await faultOf(() => parseSecret(text))).toMatchObject({ code: 'key.passphrase' })
    expect(await faultOf(() => encryptSecret(fromHex(SECRET), ''))).toMatchObject({
      code: 'key.passphrase',
    })
  })

  test('a file cannot make us spend gigabytes, nor is another version guessed at', async () => {
    let asked = 0
    const ask = () => `${asked++}`
    // Refused by the first two bytes, before the checksum, the passphrase or any scrypt.
    for (const [version, work] of [
      [2, 21],
      [2, 255],
      [1, 16],
      [3, 16],
      [0, 0],
    ] as const) {
      const text = `ncryptsec1${headOf(version, work)}${NCRYPTSEC.slice(14)}`
      const fault = await faultOf(() => parseSecret(text, ask))
      expect(fault).toMatchObject({ kind: 'config', code: 'key.format' })
    }
    expect(asked).toBe(0)
    expect(NCRYPTSEC).toStartWith(`ncryptsec1${headOf(2, 16).slice(0, 3)}`)
  })

  test.each(['', 'x', NPUB, SECRET.slice(1), `${SECRET}0`, `${NSEC.slice(0, -1)}q`, 'ncryptsec1'])(
    'no secret: %p',
    async (text) => {
      expect(await faultOf(() => parseSecret(text))).toMatchObject({
        kind: 'config',
        code: 'key.format',
      })
    },
  )

  test('no error repeats what was typed', async () => {
    const mistyped = `${NSEC.slice(0, -1)}q`
    const half = SECRET.slice(0, 63)
    for (const call of [
      () => parseSecret(mistyped),
      () => parseSecret(half),
      () => parseNpub(NSEC),
      () => parseNpub(mistyped),
      () => parsePinned(`${NSEC}@ws://127.0.0.1:1`),
      () => parsePinned(mistyped),
      () => parseSecret(`${NCRYPTSEC.slice(0, -1)}q`, () => PASSPHRASE),
    ]) {
      const shown = inspect(await faultOf(call), { depth: 9, showHidden: true })
      for (const secret of [NSEC.slice(5, 40), SECRET.slice(0, 40), NCRYPTSEC.slice(11, 40)])
        expect(shown).not.toContain(secret)
    }
  })
})

describe('public keys', () => {
  test('npub, there and back, and short', () => {
    expect(npub(KEY)).toBe(NPUB)
    expect(parseNpub(NPUB)).toBe(KEY)
    expect(shortNpub(KEY)).toBe('npub10e…ptg')
  })

  test.each(['', KEY, `${NPUB.slice(0, -1)}q`, NPUB.slice(0, -1), 'nprofile1qq', NSEC])(
    'no npub: %p',
    async (text) => {
      expect(await faultOf(() => parseNpub(text))).toMatchObject({
        kind: 'usage',
        code: 'key.npub',
      })
    },
  )
})

describe('pinned addresses', () => {
  test.each([
    [`${NPUB}@ws://127.0.0.1:7447`, 'ws://127.0.0.1:7447'],
    [`${NPUB}@ws://[::1]:7447/`, 'ws://[::1]:7447'],
    [` ${NPUB}@wss://router.example/door `, 'wss://router.example/door'],
  ])('%s', (text, address) => {
    expect(parsePinned(text)).toEqual({ key: KEY, address })
  })

  test.each([
    ['ws://127.0.0.1:7447', 'pinned.format'],
    [NPUB, 'pinned.format'],
    [`${NPUB}@`, 'pinned.format'],
    [`${NPUB}@${'w'.repeat(3000)}`, 'pinned.format'],
    [`${NPUB}@127.0.0.1:7447`, 'pinned.address'],
    [`${NPUB}@http://127.0.0.1`, 'pinned.address'],
    [`${NPUB}@ws://user:pass@host`, 'pinned.address'],
    [`${NPUB}@ws://host/#x`, 'pinned.address'],
    [`${NPUB}@ws://host:99999`, 'pinned.address'],
    [`${NPUB.slice(0, -1)}q@ws://host`, 'key.npub'],
  ])('%s is refused', async (text, code) => {
    const fault = await faultOf(() => parsePinned(text, '--router'))
    expect(fault).toMatchObject({ kind: 'usage', code })
    expect(fault.message).toContain('--router')
    expect(fault.hint).toBeString()
  })
})
