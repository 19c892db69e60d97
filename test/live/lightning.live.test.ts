// Whole jobs that are paid over real lnd: client, node and router are processes of the compiled binary, and what is
// paid goes from alice's lnd over carol's to bob's on regtest (scripts/live/lightning.ts).
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Lightning, PERMISSIONS, startLightning, until } from '../../scripts/live/lightning.ts'
import { makeInvoice } from '../../scripts/live/lnd/deeds.ts'
import { ensureLnd } from '../../scripts/live/lnd.ts'
import type { Place, Running } from '../cli/cli.ts'
import { readNode, readUser } from '../cli/books.ts'
import { type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { loudly } from './llama.ts'
import { type Places, channelsOf, openPlaces, paidIn } from './lnd-places.ts'

// The first run builds lnd.
setDefaultTimeout(300_000)

const programs = await ensureLnd()
if ('missing' in programs) {
  if (process.env.FEDAI_LIVE === 'required') throw new Error(programs.missing)
  loudly('whole jobs that are paid over a real lnd', programs.missing)
}
const isThere = !('missing' in programs)

let net: Lightning
let places: Places
let [seller, buyer]: Place[] = []
let [routing, selling]: Running[] = []
let server: FakeOpenai
let pinned: string
let had: Readonly<{ alice: bigint; bob: bigint }>
/** With what was said before more than 10 sat pay for. */
const WORDS = Array.from({ length: 3_950 }, (_, i) => `w${i % 10} `)

const request = (at: Place, ...args: string[]) =>
  places.json(at, 'request', '--router', pinned, 'Count, please.', '--deadline', '60s', ...args)

beforeAll(async () => {
  if (!isThere) return
  net = await startLightning(programs)
  places = await openPlaces(net)
  seller = places.newPlace()
  server = fakeOpenai({ words: WORDS })
  had = { alice: await channelsOf(net.alice), bob: await channelsOf(net.bob) }
  routing = places.start(places.newPlace(), [
    'serve',
    'router',
    '--listen',
    '127.0.0.1:0',
    '--json',
  ])
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
  places?.remove()
})

describe.skipIf(!isThere)('jobs that are paid over a real lnd', () => {
  const sell = (...args: string[]) =>
    places.start(seller!, [
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
    const spends = places.connection(seller!, 'admin', net.bob, net.bob.macaroon)
    const refused = await sell('--wallet', 'lnd', '--wallet-file', spends).done
    expect(refused).toMatchObject({ code: 77, stdout: '' })
    expect(refused.stderr).toMatch(/can spend[^\n]*bakemacaroon[^\n]*--allow-spending-credential/)
    const all = sell('--wallet-file', spends, '--allow-spending-credential')
    await all.until(/"type":"ready"/)
    all.signal('SIGTERM')
    expect((await all.done).code).toBe(0)
    const receives = places.connection(
      seller!,
      'receive',
      net.bob,
      await net.bob.bake(PERMISSIONS.receive),
    )
    selling = sell('--wallet', 'lnd', '--wallet-file', receives)
    await selling.until(/"type":"ready"/)
  })

  test('before: one top-up over the hop, and the next job draws on what is left', async () => {
    buyer = await places.newBuyer()
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
    const paid = await places.json(buyer!, 'pay', '--yes', invoice)
    expect(paid).toMatchObject({
      code: 0,
      said: { status: 'settled', amount_msat: '21000' },
    })
    expect(paid.said.preimage).toMatch(/^[0-9a-f]{64}$/)
    const again = await places.json(buyer!, 'pay', '--yes', invoice)
    expect(again).toMatchObject({ code: 0, said: { status: 'paid_before' } })
  })

  test('kill -9 of the client while its top-up is on the way: resolve finds it, and it is not paid again', async () => {
    const own = await places.newBuyer()
    process.kill(net.carol.pid(), 'SIGSTOP')
    try {
      const running = places.start(own, [
        'request',
        '--router',
        pinned,
        'Count.',
        '--max-tokens',
        '10',
      ])
      await until('the payment is in the journal', 30_000, async () => {
        const { said } = await places.json(own, 'pay', 'status')
        return said.open.length === 1
      })
      await Bun.sleep(300)
      running.signal('SIGKILL')
      expect((await running.done).code).toBe(137)
      const still = await places.json(own, 'pay', 'resolve')
      expect(still).toMatchObject({ code: 80, said: { open: 1 } })
    } finally {
      process.kill(net.carol.pid(), 'SIGCONT')
    }
    const resolved = await until('its end is known', 60_000, async () => {
      const asked = await places.json(own, 'pay', 'resolve')
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
    places.expectNoSecret()
  })

  const others: Place[] = []
})
