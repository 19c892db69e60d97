import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fakeCln } from '../../../test/fakes/cln.ts'
import { ADMIN, INVOICE, fakeLnbits } from '../../../test/fakes/lnbits.ts'
import { fakeLnd } from '../../../test/fakes/lnd.ts'
import { fakeLnurl } from '../../../test/fakes/lnurl.ts'
import { FULL, LIMITED, fakePhoenixd } from '../../../test/fakes/phoenixd.ts'
import { isFault } from '../base/fault.ts'
import { NETS, type Net } from '../protocol/event.ts'
import type { Connection } from './connection.ts'
import { openScene } from './http-scene.conformance.ts'
import { openPayer } from './open-payer.ts'
import { openWallet } from './open.ts'
import { WALLET_KINDS, type WalletKind } from './wallet.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const SECRETS = [FULL, LIMITED, ADMIN, INVOICE]

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  const error = await promise.catch((it: unknown) => it)
  if (!isFault(error)) return 'nothing'
  for (const secret of SECRETS) expect(Bun.inspect(error, { depth: 9 })).not.toContain(secret)
  expect(error.hint).toBeTruthy()
  return `${error.kind} ${error.code}`
}

const start = async (net: Net) => {
  const scene = await openScene(net)
  const phoenixd = fakePhoenixd(scene.ours, scene)
  const lnbits = fakeLnbits(scene.ours, scene)
  const lnurl = fakeLnurl(scene.ours)
  const folder = mkdtempSync(join(tmpdir(), 'fedai-'))
  ends.push(phoenixd.stop, lnbits.stop, lnurl.stop, () => rmSync(folder, { recursive: true }))
  const connections: Readonly<Record<string, Connection>> = {
    sim: { kind: 'sim', path: join(folder, 'ledger'), account: 'alice' },
    phoenixd: { kind: 'phoenixd', url: phoenixd.url, password: FULL },
    limited: { kind: 'phoenixd', url: phoenixd.url, password: LIMITED },
    lnbits: { kind: 'lnbits', url: lnbits.url, key: ADMIN },
    invoice: { kind: 'lnbits', url: lnbits.url, key: INVOICE },
    address: { kind: 'address', address: lnurl.address },
  }
  const asked = () => phoenixd.asked.length + lnbits.asked.length + lnurl.asked.length
  return { scene, asked, at: (name: string) => connections[name]! }
}

/** A connection of each kind to where nobody is. */
const nowhere = (kind: WalletKind): Connection => {
  const url = 'http://127.0.0.1:9'
  if (kind === 'sim') return { kind, path: '/nowhere/ledger', account: 'alice' }
  if (kind === 'nwc') return { kind, uri: 'nostr+walletconnect://' }
  if (kind === 'lnd') return { kind, url, macaroon: '00', certificate: null }
  if (kind === 'cln') return { kind, url, rune: 'r', certificate: null }
  if (kind === 'phoenixd') return { kind, url, password: FULL }
  return kind === 'lnbits' ? { kind, url, key: ADMIN } : { kind, address: 'bob@127.0.0.1:9' }
}

describe('a wallet is opened', () => {
  test.each(['phoenixd', 'limited', 'lnbits', 'invoice'])('by its connection: %s', async (name) => {
    const { scene, at } = await start('regtest')
    const wallet = await openWallet(at(name), scene.seams)
    ends.push(() => wallet.close())
    expect(await wallet.info()).toMatchObject({ kind: at(name).kind, net: 'regtest' })
  })

  test('of play money, with net sim', async () => {
    const { scene, at } = await start('sim')
    const wallet = await openWallet(at('sim'), scene.seams)
    ends.push(() => wallet.close())
    expect(await wallet.info()).toMatchObject({ kind: 'sim', net: 'sim' })
    const payer = await openPayer(at('sim'), scene.seams)
    ends.push(() => payer.close())
    expect(await payer.info()).toMatchObject({ kind: 'sim', net: 'sim' })
  })

  test.each(['phoenixd', 'lnbits'])('to pay, with a credential that can: %s', async (name) => {
    const { scene, at } = await start('regtest')
    const payer = await openPayer(at(name), scene.seams)
    ends.push(() => payer.close())
    expect((await payer.info()).caps.spend).toBe(true)
  })

  test.each(['limited', 'invoice', 'address'])(
    'not to pay with what only receives: %s',
    async (name) => {
      const { scene, at } = await start('regtest')
      expect(await codeOf(openPayer(at(name), scene.seams))).toBe('config wallet.cannot_pay')
    },
  )

  test.each([
    ['lnd', 'lncli bakemacaroon --save_to pay.macaroon'],
    ['cln', 'lightning-cli createrune restrictions='],
  ])('not to pay with what only receives, and %s is not asked', async (kind, command) => {
    const { scene } = await start('regtest')
    const invoices = ['read', 'write'].map((it) => ['invoices', it] as const)
    const fake =
      kind === 'lnd'
        ? fakeLnd(scene.seams, invoices)
        : fakeCln(scene.seams, { may: ['invoice', 'listinvoices', 'waitanyinvoice', 'getinfo'] })
    ends.push(fake.stop)
    await expect(openPayer(fake.connection, scene.seams)).rejects.toMatchObject({
      kind: 'config',
      code: 'wallet.cannot_pay',
      message: `the credential of the ${kind} wallet only receives: it cannot pay`,
      hint: expect.stringContaining(command),
    })
    expect(fake.asked).toEqual([])
  })

  test('not to pay with a rune that spends in another way: it is told as that', async () => {
    const { scene } = await start('regtest')
    const cln = fakeCln(scene.seams, { may: ['withdraw', 'listpays', 'getinfo'] })
    ends.push(cln.stop)
    await expect(openPayer(cln.connection, scene.seams)).rejects.toMatchObject({
      code: 'wallet.credential',
      message: 'cln does not let this rune do that',
    })
  })

  const REAL = WALLET_KINDS.filter((kind) => kind !== 'sim')
  test.each(REAL)('of kind %s, by its own adapter, which finds nobody', async (kind) => {
    const { scene } = await start('regtest')
    const code = kind === 'nwc' ? 'usage wallet.connection' : 'unavailable wallet.unreachable'
    expect(await codeOf(openWallet(nowhere(kind), scene.seams))).toBe(code)
    const paying = kind === 'address' ? 'config wallet.cannot_pay' : code
    expect(await codeOf(openPayer(nowhere(kind), scene.seams))).toBe(paying)
  })

  test('of an address not where it is private', async () => {
    const { scene, at, asked } = await start('regtest')
    expect(await codeOf(openWallet(at('address'), scene.seams))).toBe(
      'unavailable wallet.unreachable',
    )
    expect(asked()).toBe(0)
  })
})

describe('money and play money never meet:', () => {
  const pairs = NETS.flatMap((net) => WALLET_KINDS.map((kind) => [kind, net] as const)).filter(
    ([kind, net]) => (kind === 'sim') !== (net === 'sim'),
  )
  test.each(pairs)('a %s wallet is refused on %s, before anybody is asked', async (kind, net) => {
    const { scene, asked } = await start(net)
    expect(await codeOf(openWallet(nowhere(kind), scene.seams))).toBe('config wallet.net')
    expect(await codeOf(openPayer(nowhere(kind), scene.seams))).toBe('config wallet.net')
    expect(asked()).toBe(0)
  })

  test.each(['mainnet', 'testnet'] as const)(
    'a wallet that says it is on regtest is refused on %s',
    async (net) => {
      const { scene, at } = await start(net)
      for (const name of ['phoenixd', 'lnbits']) {
        expect(await codeOf(openWallet(at(name), scene.seams))).toBe('config wallet.net')
        expect(await codeOf(openPayer(at(name), scene.seams))).toBe('config wallet.net')
      }
    },
  )
})
