// Where the secrets of money are while a job is paid: router, node and client as processes, each with a home of its
// own; node and client with a wallet that is a program and shows its preimages early, as phoenixd does.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, readdirSync } from 'node:fs'
import { systemClock } from '../../src/engine/base/clock.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { FakeNode } from '../fakes/lnd-node.ts'
import { LIMITED, fakePhoenixd } from '../fakes/phoenixd.ts'
import { type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { type Place, type Ran, type Running, binary, place } from './cli.ts'
import { CORES, coreOf, holds, search as searchFor, searchProcesses } from './hunt.ts'
import { canReadMemory, findInMemory } from './memory.ts'
import { CANARY as FULL, jsonOf, phoenixd } from './pay.ts'

const NET = { FEDAI_NET: 'regtest' }
const seams = { clock: systemClock, random: systemRandom, secp: await openSecp256k1() }

const till = new FakeNode(seams)
let [here, seller, buyer, other]: Place[] = []
let [routing, selling]: Running[] = []
let server: FakeOpenai
let tillDoor: ReturnType<typeof fakePhoenixd>
let wallet: ReturnType<typeof phoenixd>
let pinned: string
/** All that every process said, by what it did. */
const said: (Ran & { what: string })[] = []
/** What was found where it may not be. */
const leaks: string[] = []

const start = (at: Place, what: string, args: readonly string[], more: object = {}): Running => {
  const running = at.start(args, { env: NET, ...more })
  void running.done.then((ran) => said.push({ what, ...ran }))
  return running
}

const search = (...[at, what, secrets, allowed]: Parameters<typeof searchFor>): void =>
  void leaks.push(...searchFor(at, what, secrets, allowed))

const preimages = (): string[] => [...till.invoices.values()].map(({ preimage }) => preimage!)

beforeAll(async () => {
  const fedai = await binary()
  ;[here, seller, buyer, other] = Array.from({ length: 4 }, () => place(fedai))
  server = fakeOpenai()
  tillDoor = fakePhoenixd(till, seams)
  wallet = phoenixd()
  wallet.ours.peers.push(till)
  routing = start(here!, 'router', ['serve', 'router', '--listen', '127.0.0.1:0', '--json'], CORES)
  await routing.until(/"type":"ready"/)
  ;({ pinned } = JSON.parse(routing.stdout()))
  const connection = tillDoor.url.replace('http://', `phoenixd+http://:${LIMITED}@`)
  const file = seller!.file('till', connection)
  chmodSync(file, 0o600)
  const node = ['serve', 'node', '--router', pinned, '--runner', `openai=${server.url}`, '--json']
  selling = start(seller!, 'node', [...node, '--wallet-file', file], CORES)
  await selling.until(/"type":"ready"/)
  for (const at of [buyer!, other!]) {
    const stdin = wallet.connection
    const connect = start(at, 'connect', ['pay', 'connect', '--json'], { stdin })
    expect((await connect.done).code).toBe(0)
  }
}, 180_000)

afterAll(async () => {
  for (const it of [selling, routing]) it?.signal('SIGKILL')
  await Promise.all([selling?.done, routing?.done])
  await wallet.stop()
  await tillDoor.stop()
  await server.stop()
  for (const it of [here, seller, buyer, other]) it?.[Symbol.dispose]()
})

/** Everywhere: `secrets` may lie in none of the places. */
const searchAll = (what: string, secrets: readonly string[]): void => {
  search(here!, `router, ${what}`, secrets, /^$/)
  search(seller!, `node, ${what}`, secrets, /^till$/)
  for (const at of [buyer!, other!]) search(at, `client, ${what}`, secrets, /\.connection$/)
  leaks.push(...searchProcesses(what, secrets))
  const alive = [routing!, selling!].map((it) => it.stdout() + it.stderr())
  for (const text of [...alive, ...said.map((it) => it.stdout + it.stderr)])
    for (const secret of secrets)
      if (holds(Buffer.from(text), secret)) leaks.push(`${what}: it was said`)
  if (!canReadMemory) return
  for (const secret of secrets)
    if (findInMemory(routing!.pid, secret).length > 0) leaks.push(`${what}: memory of the router`)
}

describe('the secrets of money', () => {
  test('while a payment is on its way: passwords and preimages are nowhere', async () => {
    const reached = wallet.holdUp('question', /payinvoice .*invoice=lnbcrt/)
    const args = ['request', '--router', pinned, '--json', '--stream', 'hello']
    const running = start(other!, 'request', args, CORES)
    await reached
    expect(preimages()).toHaveLength(1)
    searchAll('on its way', [FULL, LIMITED, ...preimages()])
    expect(leaks).toEqual([])
    // The same searches find what is there.
    search(seller!, 'control', [LIMITED], /^$/)
    expect(leaks.splice(0)).toEqual(['control: till'])
    if (canReadMemory) {
      expect(findInMemory(selling!.pid, LIMITED).length).toBeGreaterThan(0)
      expect(findInMemory(running.pid, FULL).length).toBeGreaterThan(0)
    } else process.stderr.write('!! NOT TRIED: memory of processes, which only root may read\n')
    wallet.release()
    running.signal('SIGABRT')
    expect((await running.done).code).toBe(134)
  }, 60_000)

  test('after it: the preimage is in the journal of whoever paid, and nowhere else', async () => {
    const asked = start(buyer!, 'request', ['request', '--router', pinned, '--json', 'hello'])
    expect(await jsonOf(asked.done)).toMatchObject({
      code: 0,
      said: {
        net: 'regtest',
        verified: true,
        events: [
          { type: 'paying', msat: '10000', for: 'tab' },
          { type: 'paid', msat: '10000' },
        ],
      },
    })
    const invoice = wallet.invoice(5)
    const paid = await jsonOf(start(buyer!, 'pay', ['pay', '--yes', '--json', invoice]).done)
    expect(paid).toMatchObject({ code: 0, said: { status: 'settled' } })
    searchAll('passwords after it', [FULL, LIMITED])
    search(here!, 'router, preimage after it', preimages(), /^$/)
    search(seller!, 'node, preimage after it', preimages(), /^till$/)
    expect(leaks).toEqual([])
  }, 60_000)

  test('in every complaint: a wallet that says its password finds nobody who repeats it', async () => {
    wallet.misbehave('gossip')
    tillDoor.misbehave('gossip')
    const each = [
      ['pay', 'status'],
      ['pay', 'resolve'],
      ['pay', '--yes', wallet.invoice(3)],
      ['pay', 'history', '--csv'],
      ['request', '--router', pinned, '--deadline', '3s', 'hello'],
    ]
    for (const args of each) await start(buyer!, args.join(' '), args).done
    await start(seller!, 'status', ['pay', 'connect'], { stdin: `phoenixd+http://:${FULL}@x:y` })
      .done
    expect(said.filter(({ code }) => code !== 0).length).toBeGreaterThan(2)
    searchAll('complaints', [FULL, LIMITED])
    expect(leaks).toEqual([])
  }, 60_000)

  test('in a core file: none is written', async () => {
    const writes = await coreOf(here!)
    for (const it of [selling, routing]) {
      it!.signal('SIGABRT')
      expect((await it!.done).code).toBe(134)
    }
    const left = [here!, seller!, buyer!, other!].flatMap((it) => readdirSync(it.folder))
    expect(left.filter((name) => name.startsWith('core'))).toEqual([])
    if (!writes)
      process.stderr.write('!! NOT TRIED: core files, which this system does not write\n')
  }, 60_000)
})
