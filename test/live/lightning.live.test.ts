// Whole jobs that are paid over real lnd: client, node and router are processes of the compiled binary, and what is
// paid goes from alice's lnd over carol's to bob's on regtest (scripts/live/lightning.ts).
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync } from 'node:fs'
import { type Lightning, PERMISSIONS, startLightning, until } from '../../scripts/live/lightning.ts'
import type { LndAccess } from '../../scripts/live/lightning.ts'
import { balanceOf, isQuiet, makeInvoice } from '../../scripts/live/lnd/deeds.ts'
import { ensureLnd } from '../../scripts/live/lnd.ts'
import { type Place, type Running, binary, place } from '../cli/cli.ts'
import { jsonOf } from '../cli/pay.ts'
import { readNode, readUser } from '../cli/books.ts'
import { type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { loudly } from './llama.ts'

// The first run builds lnd.
setDefaultTimeout(300_000)

const programs = await ensureLnd()
if ('missing' in programs) {
  if (process.env.FEDAI_LIVE === 'required') throw new Error(programs.missing)
  loudly('whole jobs that are paid over a real lnd', programs.missing)
}
const isThere = !('missing' in programs)

let net: Lightning
let [router, seller, buyer]: Place[] = []
let [routing, selling]: Running[] = []
let server: FakeOpenai
let pinned: string
let had: Readonly<{ alice: bigint; bob: bigint }>
const NET = { FEDAI_NET: 'regtest' }
/** What was in a connection, and may stand nowhere else. */
const secrets: string[] = []
/** All that any process printed. */
let printed = ''

/** With what was said before more than 10 sat pay for. */
const WORDS = Array.from({ length: 3_950 }, (_, i) => `w${i % 10} `)

const channelsOf = async (node: LndAccess): Promise<bigint> => {
  await until('no payment is on its way', 20_000, () => isQuiet(node))
  return balanceOf(node)
}

/** A file that names an lnd and a macaroon for it, as `lndconnect` writes it. */
const connection = (at: Place, name: string, { url, certificate }: LndAccess, macaroon: string) => {
  const der = Buffer.from(certificate.replace(/-----[A-Z ]+-----|\s/g, ''), 'base64')
  const key = Buffer.from(macaroon, 'hex')
  const text = `lndconnect://${new URL(url).host}?cert=${der.toString('base64url')}&macaroon=${key.toString('base64url')}`
  secrets.push(key.toString('base64url'), macaroon)
  const file = at.file(name, text)
  chmodSync(file, 0o600)
  return file
}

const start = (at: Place, args: readonly string[]): Running => {
  const running = at.start(args, { env: NET })
  void running.done.then(({ stdout, stderr }) => (printed += stdout + stderr))
  return running
}
const json = (at: Place, ...args: string[]) => jsonOf(start(at, [...args, '--json']).done)
const request = (at: Place, ...args: string[]) =>
  json(at, 'request', '--router', pinned, 'Count, please.', '--deadline', '60s', ...args)
const paidIn = (events: { type: string; msat: string; fee_msat: string }[]) =>
  events.filter(({ type }) => type === 'paid')

const newBuyer = async (): Promise<Place> => {
  const at = place(await binary())
  const file = connection(at, 'pay', net.alice, await net.alice.bake(PERMISSIONS.pay))
  expect(await json(at, 'pay', 'connect', '--file', file)).toMatchObject({
    code: 0,
    said: { status: 'stored', net: 'regtest', wallet: { kind: 'lnd', pays: true } },
  })
  return at
}

beforeAll(async () => {
  if (!isThere) return
  net = await startLightning(programs)
  const fedai = await binary()
  ;[router, seller] = [place(fedai), place(fedai)]
  server = fakeOpenai({ words: WORDS })
  had = { alice: await channelsOf(net.alice), bob: await channelsOf(net.bob) }
  routing = start(router, ['serve', 'router', '--listen', '127.0.0.1:0', '--json'])
  await routing.until(/"type":"ready"/)
  ;({ pinned } = JSON.parse(routing.stdout()))
})

afterAll(async () => {
  for (const it of [selling, routing]) {
    it?.signal('SIGTERM')
    await it?.done
  }
  await server?.stop()
  await net?.stop()
  for (const it of [router, seller, buyer]) it?.[Symbol.dispose]()
})

describe.skipIf(!isThere)('jobs that are paid over a real lnd', () => {
  const sell = (...args: string[]) =>
    start(seller!, [
      'serve',
      'node',
      '--runner',
      `openai=${server.url}`,
      '--router',
      pinned,
      '--json',
      ...args,
    ])

  test('a node takes no macaroon that spends, unless it is told so', async () => {
    const spends = connection(seller!, 'admin', net.bob, net.bob.macaroon)
    const refused = await sell('--wallet', 'lnd', '--wallet-file', spends).done
    expect(refused).toMatchObject({ code: 77, stdout: '' })
    expect(refused.stderr).toMatch(/can spend[^\n]*bakemacaroon[^\n]*--allow-spending-credential/)
    const all = sell('--wallet-file', spends, '--allow-spending-credential')
    await all.until(/"type":"ready"/)
    all.signal('SIGTERM')
    expect((await all.done).code).toBe(0)
    const receives = connection(
      seller!,
      'receive',
      net.bob,
      await net.bob.bake(PERMISSIONS.receive),
    )
    selling = sell('--wallet', 'lnd', '--wallet-file', receives)
    await selling.until(/"type":"ready"/)
  })

  test('before: one top-up over the hop, and the next job draws on what is left', async () => {
    buyer = await newBuyer()
    const first = await request(buyer, '--timing', 'before', '--max-tokens', '100')
    expect(first).toMatchObject({
      code: 0,
      said: { net: 'regtest', verified: true, finish: 'length' },
    })
    const [paid, ...more] = paidIn(first.said.events)
    expect([paid?.msat, more]).toEqual(['10000', []])
    expect(BigInt(paid!.fee_msat)).toBeGreaterThanOrEqual(1_000n)
    expect(first.said.left_msat).toBe(String(10_000n - BigInt(first.said.cost_msat)))
    const second = await request(buyer, '--timing', 'before', '--max-tokens', '100')
    expect(second).toMatchObject({ code: 0, said: { verified: true } })
    expect(paidIn(second.said.events)).toEqual([])
  })

  test('stream: what is left is used up, a top-up comes, and not a word is lost', async () => {
    const args = ['--timing', 'stream', '--max-tokens', String(WORDS.length)]
    const asked = await request(buyer!, ...args)
    expect(asked).toMatchObject({ code: 0, said: { verified: true, finish: 'stop' } })
    expect(paidIn(asked.said.events).length).toBeGreaterThan(0)
    expect(asked.said.output.message.content).toBe(WORDS.join(''))
    expect(BigInt(asked.said.cost_msat)).toBeGreaterThan(9_875n)
  })

  test('pay INVOICE: of anybody’s, once', async () => {
    const { bolt11: invoice } = await makeInvoice(net.bob, { msat: 21_000n, expirySec: 600 })
    const paid = await json(buyer!, 'pay', '--yes', invoice)
    expect(paid).toMatchObject({
      code: 0,
      said: { status: 'settled', amount_msat: '21000' },
    })
    expect(paid.said.preimage).toMatch(/^[0-9a-f]{64}$/)
    const again = await json(buyer!, 'pay', '--yes', invoice)
    expect(again).toMatchObject({ code: 0, said: { status: 'paid_before' } })
  })

  test('kill -9 of the client while its top-up is on the way: resolve finds it, and it is not paid again', async () => {
    const own = await newBuyer()
    process.kill(net.carol.pid(), 'SIGSTOP')
    try {
      const running = start(own, ['request', '--router', pinned, 'Count.', '--max-tokens', '10'])
      await until('the payment is in the journal', 30_000, async () => {
        const { said } = await json(own, 'pay', 'status')
        return said.open.length === 1
      })
      await Bun.sleep(300)
      running.signal('SIGKILL')
      expect((await running.done).code).toBe(137)
      const still = await json(own, 'pay', 'resolve')
      expect(still).toMatchObject({ code: 80, said: { open: 1 } })
    } finally {
      process.kill(net.carol.pid(), 'SIGCONT')
    }
    const resolved = await until('its end is known', 60_000, async () => {
      const asked = await json(own, 'pay', 'resolve')
      return asked.code === 0 && asked
    })
    expect(resolved).toMatchObject({
      said: { payments: [{ state: 'settled', amount_msat: '10000' }] },
    })
    const next = await request(own, '--max-tokens', '10')
    expect(next).toMatchObject({ code: 0, said: { verified: true } })
    expect(paidIn(next.said.events)).toEqual([])
    const { payments } = await readUser(own, 'regtest')
    expect(payments.map(({ state }) => state)).toEqual(['settled'])
    others.push(own)
  })

  test('tabs, journals and channels agree to the millisatoshi, and no secret was said', async () => {
    selling!.signal('SIGTERM')
    expect((await selling!.done).code).toBe(0)
    const books = await readNode(seller!)
    const users = await Promise.all([buyer!, ...others].map((it) => readUser(it, 'regtest')))
    const payments = users.flatMap((it) => it.payments)
    const sum = (of: readonly bigint[]) => of.reduce((all, it) => all + it, 0n)
    const tabs = payments.filter(({ purpose }) => purpose !== 'other')
    expect(sum(books.tabs.map((it) => it.paid))).toBe(sum(tabs.map((it) => it.msat)))
    expect(books.tabs.every(({ reserved }) => reserved === 0n)).toBe(true)
    for (const view of users.flatMap((it) => it.views))
      expect(books.tabs.find(({ key }) => key === view.ref)).toMatchObject({
        paid: view.paid,
        used: view.used,
      })
    const moved = sum(payments.map((it) => it.msat))
    expect((await channelsOf(net.bob)) - had.bob).toBe(moved)
    const fees = sum(payments.map((it) => it.fee ?? 0n))
    expect(had.alice - (await channelsOf(net.alice))).toBe(moved + fees)
    expect(printed.length).toBeGreaterThan(1_000)
    for (const secret of secrets) expect(printed).not.toContain(secret)
    for (const it of others) it[Symbol.dispose]()
  })

  const others: Place[] = []
})
