// Where a rune of Core Lightning and the secret of an NWC connection are while jobs are paid with them: router, node and
// client as processes, each with a home of its own; what receives at one time pays at the other.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fakeCln } from '../fakes/cln.ts'
import { connectionText } from '../fakes/connection-text.ts'
import { FakeNode } from '../fakes/lnd-node.ts'
import { fakeNwc } from '../fakes/nwc.ts'
import { openFakeRelay } from '../fakes/relay.ts'
import { type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { PAY, RECEIVE } from '../lightning/nwc-service.ts'
import { type Place, type Ran, type Running, binary, place } from './cli.ts'
import { CORES, coreOf, holds, search, searchProcesses } from './hunt.ts'
import { canReadMemory, findInMemory } from './memory.ts'
import { jsonOf, seams } from './pay.ts'

const RUNE = {
  receives: ['invoice', 'listinvoices', 'waitanyinvoice', 'getinfo'],
  pays: ['xpay', 'listpays', 'getinfo'],
}

/** A wallet: what is typed to connect it, what of that may be seen nowhere, and how it begins to quote it in errors. */
type Told = Readonly<{
  node: FakeNode
  connection: string
  secret: string
  quote(): void
  stop(): Promise<unknown>
}>

const cln = async (does: 'receives' | 'pays'): Promise<Told> => {
  const fake = fakeCln(seams, { may: RUNE[does] })
  return {
    node: fake.node,
    connection: connectionText(fake.connection),
    secret: fake.connection.rune,
    quote() {
      fake.lies.quotes = true
      fake.feel('refuses')
    },
    stop: fake.stop,
  }
}

const nwc = async (does: 'receives' | 'pays'): Promise<Told> => {
  const relay = await openFakeRelay()
  const fake = await fakeNwc(seams, {
    relay: relay.url,
    methods: does === 'pays' ? PAY : RECEIVE,
  })
  return {
    node: fake.node,
    connection: fake.uri,
    secret: fake.secret,
    quote() {
      fake.mischief.changes = () => {
        throw new Error(`${fake.secret} ${fake.uri}`)
      }
    },
    stop: async () => {
      await fake.close()
      await relay.close()
    },
  }
}

describe.each([
  ['a node with a rune, a client with an NWC connection', cln, nwc],
  ['a node with an NWC connection, a client with a rune', nwc, cln],
])('%s', (_, till, purse) => {
  let [here, seller, buyer]: Place[] = []
  let [routing, selling]: Running[] = []
  let server: FakeOpenai
  let [receives, pays]: Told[] = []
  let pinned: string
  let secrets: string[]
  /** All that the processes said that have ended. */
  const said: Ran[] = []

  const start = (at: Place, args: readonly string[], more: object = {}): Running => {
    const it = at.start(args, { env: { FEDAI_NET: 'regtest' }, ...more })
    void it.done.then((ran) => said.push(ran))
    return it
  }

  beforeAll(async () => {
    const fedai = await binary()
    ;[here, seller, buyer] = Array.from({ length: 3 }, () => place(fedai))
    server = fakeOpenai()
    receives = await till('receives')
    pays = await purse('pays')
    pays.node.peers.push(receives.node)
    secrets = [receives, pays].flatMap((it) => [it.secret, it.connection])
    routing = start(here!, ['serve', 'router', '--listen', '127.0.0.1:0', '--json'], CORES)
    await routing.until(/"type":"ready"/)
    ;({ pinned } = JSON.parse(routing.stdout()))
    const file = seller!.file('till', receives.connection)
    chmodSync(file, 0o600)
    const node = ['serve', 'node', '--router', pinned, '--runner', `openai=${server.url}`]
    selling = start(seller!, [...node, '--json', '--wallet-file', file], CORES)
    await selling.until(/"type":"ready"/)
    const connecting = start(buyer!, ['pay', 'connect', '--json'], { stdin: pays.connection })
    expect((await connecting.done).code).toBe(0)
  }, 180_000)

  afterAll(async () => {
    for (const it of [selling, routing]) it?.signal('SIGKILL')
    await Promise.all([selling?.done, routing?.done])
    for (const it of [receives, pays]) await it?.stop()
    await server.stop()
    for (const it of [here, seller, buyer]) it?.[Symbol.dispose]()
  })

  /** Where a secret lies that may not: in the homes, in the list of processes, in what was said, at the router. */
  const hunt = (what: string): string[] => [
    ...search(here!, `router, ${what}`, secrets, /^$/),
    ...search(seller!, `node, ${what}`, secrets, /^till$/),
    ...search(buyer!, `client, ${what}`, secrets, /\.connection$/),
    ...searchProcesses(what, secrets),
    ...[
      ...said,
      ...[routing!, selling!].map((it) => ({ stdout: it.stdout(), stderr: it.stderr() })),
    ]
      .filter((it) => secrets.some((secret) => holds(Buffer.from(it.stdout + it.stderr), secret)))
      .map((it) => `${what}: it was said in ${it.stdout || it.stderr}`),
    ...secrets
      .filter((it) => canReadMemory && findInMemory(routing!.pid, it).length > 0)
      .map(() => `${what}: memory of the router`),
  ]

  test('jobs are paid, and the secrets stand in the file of their wallet alone', async () => {
    const args = ['request', '--router', pinned, '--json', 'hello']
    const paid = Promise.withResolvers<void>()
    const stop = receives!.node.onInvoice((it) => it.state === 'settled' && paid.resolve())
    const running = start(buyer!, args, CORES)
    await paid.promise
    stop()
    expect(hunt('as it is paid')).toEqual([])
    // A rune is sent with each question; the secret of a connection makes a key and is let go.
    if (canReadMemory && till === nwc)
      expect(findInMemory(running.pid, pays!.secret).length).toBeGreaterThan(0)
    const asked = await jsonOf(running.done)
    expect(asked).toMatchObject({ code: 0, said: { net: 'regtest', verified: true } })
    expect(asked.said.events.map((it: { type: string }) => it.type)).toContain('paid')
    for (const look of [['status'], ['tabs'], ['history'], ['resolve']])
      expect((await start(buyer!, ['pay', ...look, '--json']).done).code).toBe(0)
    expect(hunt('after it')).toEqual([])
    // The same searches find what is there.
    expect(search(seller!, 'node', [receives!.secret], /^$/)).toEqual(['node: till'])
    expect(search(buyer!, 'client', [pays!.secret], /^$/)).toEqual([
      'client: .home/keys/wallet-regtest.connection',
    ])
    if (canReadMemory && till === cln)
      expect(findInMemory(selling!.pid, receives!.secret).length).toBeGreaterThan(0)
    if (!canReadMemory)
      process.stderr.write('!! NOT TRIED: memory of processes, which only root may read\n')
  }, 60_000)

  test('a wallet that quotes its secret in errors finds nobody who repeats it', async () => {
    receives!.quote()
    pays!.quote()
    const before = said.length
    const invoice = receives!.node.invoice({
      msat: 3_000n,
      descriptionHash: '00'.repeat(32),
      expirySec: 600,
    })
    for (const args of [
      ['pay', 'status'],
      ['pay', 'status', '--json'],
      ['pay', 'resolve'],
      ['pay', '--yes', invoice.bolt11],
      ['pay', '--yes', '--json', invoice.bolt11],
      ['pay', 'top-up', '--yes', 'nobody'],
      ['request', '--router', pinned, '--tab', 'off', '--deadline', '3s', 'hello'],
      ['config', 'show', '--json'],
    ])
      await start(buyer!, args).done
    const again = start(buyer!, ['pay', 'connect', '--yes'], { stdin: pays!.connection })
    expect((await again.done).code).not.toBe(0)
    const other = ['serve', 'node', '--as', 'other', '--runner', `openai=${server.url}`]
    const file = join(seller!.folder, 'till')
    const refused = await start(seller!, [...other, '--wallet-file', file]).done
    expect(refused.code).not.toBe(0)
    expect(said.slice(before).filter(({ code }) => code !== 0).length).toBeGreaterThan(4)
    expect(hunt('complaints')).toEqual([])
  }, 60_000)

  test('no core file has them: none is written', async () => {
    const writes = await coreOf(here!)
    for (const it of [selling!, routing!]) {
      it.signal('SIGABRT')
      expect((await it.done).code).toBe(134)
    }
    const left = [here!, seller!, buyer!].flatMap((it) => readdirSync(it.folder))
    expect(left.filter((name) => name.startsWith('core'))).toEqual([])
    if (!writes)
      process.stderr.write('!! NOT TRIED: core files, which this system does not write\n')
  }, 60_000)
})
