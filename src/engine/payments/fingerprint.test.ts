import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../base/clock.ts'
import { systemRandom } from '../base/random.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import { type Connection, parseConnection } from './connection.ts'
import { fingerprintOf } from './fingerprint.ts'
import { openPayer } from './open-payer.ts'

const secp = await openSecp256k1()
const [A, B] = [`02${'a1'.repeat(32)}`, `03${'b2'.repeat(32)}`]
const of = (connection: Connection, nodeKey: string | null = null): string =>
  fingerprintOf(connection, { nodeKey }, secp)

const macaroon = (digit: string): string => digit.repeat(200)
const lnd = (url: string, secret = macaroon('1')): Connection => ({
  kind: 'lnd',
  url,
  macaroon: secret,
  certificate: null,
})
const nwc = (wallet: string, secret: string, relay = 'wss://relay.example') =>
  parseConnection(`nostr+walletconnect://${wallet}?relay=${relay}&secret=${secret}`)
const key = (n: number): string => n.toString(16).padStart(64, '0')
const pub = (n: number): string => secp.publicKey(Uint8Array.fromHex(key(n))).toHex()
const lnbits = (of_: string, url = 'https://a.example'): Connection => ({
  kind: 'lnbits',
  url,
  key: of_,
})

test('it is the kind and 64 bits, the same for the same wallet, wherever that answers', () => {
  const url = 'https://10.0.0.1:8080'
  expect(of(lnd(url), A)).toMatch(/^lnd-[0-9a-f]{16}$/)
  const pairs: [string, string][] = [
    [of(lnd(url), A), of(lnd('https://lnd.example', macaroon('2')), A)],
    [of(lnd(url)), of(lnd('https://lnd.example'))],
    [
      of({ kind: 'cln', url, rune: 'one', certificate: null }, A),
      of({ kind: 'cln', url: 'https://b', rune: 'two', certificate: 'x' }, A),
    ],
    [
      of({ kind: 'phoenixd', url, password: 'one' }, A),
      of({ kind: 'phoenixd', url: 'http://b', password: 'two' }, A),
    ],
    [of(lnbits('ab'.repeat(16))), of(lnbits('ab'.repeat(16), 'http://b'), A)],
    [of(nwc(pub(1), key(2))), of(nwc(pub(1), key(2), 'wss://other.example'), A)],
  ]
  for (const [one, other] of pairs) expect(one).toBe(other)
  // Ledgers have it: a change of how it is made would make all wallets strangers.
  expect(of(lnd(url), A)).toBe('lnd-86d7be5e90fb7175')
})

test('another wallet has another one, of the same kind too', () => {
  const url = 'https://10.0.0.1:8080'
  const all = [
    of(lnd(url), A),
    of(lnd(url), B),
    of(lnd(url)),
    of(lnd(url, macaroon('2'))),
    of({ kind: 'cln', url, rune: 'one', certificate: null }, A),
    of({ kind: 'phoenixd', url, password: 'one' }, A),
    of(lnbits('ab'.repeat(16)), A),
    of(lnbits('cd'.repeat(16)), A),
    of(nwc(pub(1), key(2))),
    of(nwc(pub(1), key(3))),
    of(nwc(pub(4), key(2))),
    of({ kind: 'address', address: 'bob@b.example' }),
  ]
  expect(new Set(all).size).toBe(all.length)
})

test('what a person may have made up is no part of it, since 64 bits could be tried for it', () => {
  const url = 'https://10.0.0.1:8080'
  for (const nodeKey of [A, null]) {
    const phoenixd = (password: string) => of({ kind: 'phoenixd', url, password }, nodeKey)
    expect(phoenixd('1234')).toBe(phoenixd('hunter2'))
    const rune = (it: string) => of({ kind: 'cln', url, rune: it, certificate: null }, nodeKey)
    expect(rune('1234')).toBe(rune('hunter2'))
  }
  expect(of(lnbits('1234'))).toBe(of(lnbits('hunter2')))
  expect(of(lnd(url, '1234'))).toBe(of(lnd(url, 'abcd')))
})

test('accounts of play money, of one ledger and of two, are told apart by what they say', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedai-print-'))
  const seams = { clock: systemClock, random: systemRandom, secp, net: 'sim' } as const
  const print = async (file: string, account: string): Promise<string> => {
    const sim = { kind: 'sim', path: join(folder, file), account } as const
    const payer = await openPayer(sim, seams)
    const info = await payer.info()
    await payer.close()
    return fingerprintOf(sim, info, secp)
  }
  const all = [await print('a.db', 'alice'), await print('a.db', 'bob'), await print('b.db', 'bob')]
  expect(new Set(all).size).toBe(3)
  expect(await print('a.db', 'alice')).toBe(all[0]!)
  rmSync(folder, { recursive: true })
})
