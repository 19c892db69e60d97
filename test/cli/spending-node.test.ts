// A node's wallet whose credential can spend: refused with what to make instead, unless its operator says that it may.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync } from 'node:fs'
import { fakeCln } from '../fakes/cln.ts'
import { connectionText } from '../fakes/connection-text.ts'
import { ADMIN, INVOICE, fakeLnbits } from '../fakes/lnbits.ts'
import { fakeLnd } from '../fakes/lnd.ts'
import type { Permission } from '../fakes/lnd-macaroon.ts'
import { FakeNode } from '../fakes/lnd-node.ts'
import { fakeNwc } from '../fakes/nwc.ts'
import { FULL, LIMITED, fakePhoenixd } from '../fakes/phoenixd.ts'
import { openFakeRelay } from '../fakes/relay.ts'
import { type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { PAY, RECEIVE } from '../lightning/nwc-service.ts'
import { type Place, type Running, binary, place } from './cli.ts'
import { seams } from './pay.ts'

const ends: (() => unknown)[] = []
const running: Running[] = []
let here: Place
let server: FakeOpenai
let relay: Awaited<ReturnType<typeof openFakeRelay>>
beforeAll(async () => {
  here = place(await binary())
  server = fakeOpenai()
  relay = await openFakeRelay()
}, 120_000)
afterAll(async () => {
  for (const it of running) it.signal('SIGKILL')
  await Promise.all(running.map((it) => it.done))
  for (const end of ends) await end()
  await relay.close()
  await server.stop()
  expect(await here.sprung()).toBe(false)
  here[Symbol.dispose]()
})

const INVOICES = ['AddInvoice', 'LookupInvoice', 'SubscribeInvoices', 'DecodePayReq'].map(
  (it): Permission => ['uri', `/lnrpc.Lightning/${it}`],
)
const METHODS = ['invoice', 'listinvoices', 'waitanyinvoice', 'getinfo']

/** A connection string of each wallet that can spend, and one that only receives. */
const WALLETS = {
  lnd: () => {
    const [all, few] = [fakeLnd(seams), fakeLnd(seams, INVOICES)]
    ends.push(all.stop, few.stop)
    return [connectionText(all.connection), connectionText(few.connection)]
  },
  cln: () => {
    const [all, few] = [fakeCln(seams), fakeCln(seams, { may: METHODS })]
    ends.push(all.stop, few.stop)
    return [connectionText(all.connection), connectionText(few.connection)]
  },
  phoenixd: () => {
    const { url, stop } = fakePhoenixd(new FakeNode(seams), seams)
    ends.push(stop)
    return [FULL, LIMITED].map((it) => url.replace('http://', `phoenixd+http://:${it}@`))
  },
  lnbits: () => {
    const { url, stop } = fakeLnbits(new FakeNode(seams), seams)
    ends.push(stop)
    return [ADMIN, INVOICE].map((key) => `lnbits+${url}?key=${key}`)
  },
  nwc: async () => {
    const options = { relay: relay.url }
    const all = await fakeNwc(seams, { ...options, methods: [...RECEIVE, ...PAY] })
    const few = await fakeNwc(seams, { ...options, methods: RECEIVE })
    ends.push(all.close, few.close)
    return [all.uri, few.uri]
  },
} as const

const INSTEAD = {
  lnd: 'lncli bakemacaroon --save_to receive.macaroon invoices:read invoices:write',
  cln: 'lightning-cli createrune restrictions=',
  phoenixd: 'use the limited password',
  lnbits: 'use the invoice key of the wallet',
  nwc: 'make a connection in the wallet that may create and look up invoices, without pay_invoice',
} as const

const node = (kind: string, connection: string, ...args: string[]): Running => {
  const file = here.file(`${kind}.txt`, connection)
  chmodSync(file, 0o600)
  const wallet = ['--wallet', kind, '--wallet-file', file]
  const it = here.start(['serve', 'node', '--runner', `openai=${server.url}`, ...wallet, ...args], {
    env: { FEDAI_NET: 'regtest' },
  })
  running.push(it)
  return it
}

/** What opens a wallet, of a connection string. */
const secretsIn = (connection: string): string[] => {
  const url = new URL(connection)
  const named = ['macaroon', 'rune', 'key', 'secret'].map((name) => url.searchParams.get(name))
  const macaroon = url.searchParams.get('macaroon')
  // As it is sent.
  const hex = macaroon && Uint8Array.fromBase64(macaroon, { alphabet: 'base64url' }).toHex()
  return [connection, url.password, hex, ...named].filter((it): it is string => Boolean(it))
}

describe.each(Object.keys(WALLETS) as (keyof typeof WALLETS)[])(
  'serve node --wallet %s',
  (kind) => {
    let able: string
    let unable: string
    beforeAll(async () => {
      ;[able, unable] = (await WALLETS[kind]()) as [string, string]
    })

    test('with a credential that can spend does not start, and says what to make', async () => {
      const { code, stdout, stderr } = await node(kind, able).done
      expect([code, stdout]).toEqual([77, ''])
      expect(stderr).toContain(`the credential of the ${kind} wallet can spend`)
      expect(stderr).toContain(INSTEAD[kind])
      expect(stderr).toContain('or start with it all the same: --allow-spending-credential')
      expect(stderr).not.toContain('"wallet.open"')
      for (const secret of secretsIn(able)) expect(stderr).not.toContain(secret)
    }, 20_000)

    test('starts with it where --allow-spending-credential says so, and with one that only receives', async () => {
      for (const [spends, connection, ...args] of [
        [true, able, '--allow-spending-credential'],
        [false, unable],
      ] as const) {
        const it = node(kind, connection, ...args)
        await it.until(/"wallet\.open"/, 'stderr')
        it.signal('SIGKILL')
        const line = (await it.done).stderr.split('\n').find((text) => text.includes('wallet.open'))
        expect(JSON.parse(line!)).toMatchObject({ wallet: kind, net: 'regtest', spends })
      }
    }, 20_000)
  },
)
