// `after`, `hold` and a router's fee by processes of the compiled binary over real lnd: what a job costs goes from
// alice's over carol's to bob's, and the router's fee to carol's, which is its own.
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Lightning, type LndNode, PERMISSIONS } from '../../scripts/live/lightning.ts'
import { startLightning, until } from '../../scripts/live/lightning.ts'
import { balanceOf } from '../../scripts/live/lnd/deeds.ts'
import { ensureLnd } from '../../scripts/live/lnd.ts'
import type { Place, Running } from '../cli/cli.ts'
import { type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { HOP_FEE } from '../lightning/ends.ts'
import { loudly } from './llama.ts'
import { type Places, channelsOf, openPlaces, paidIn } from './lnd-places.ts'

setDefaultTimeout(300_000)

const programs = await ensureLnd()
if ('missing' in programs) {
  if (process.env.FEDAI_LIVE === 'required') throw new Error(programs.missing)
  loudly('after, hold and a router’s fee over a real lnd', programs.missing)
}
const isThere = !('missing' in programs)

/** Said whole they cost nearly all of a first top-up. */
const WORDS = Array.from({ length: 3_900 }, (_, i) => `w${i % 10} `)
const TOP_UP = 10_000n
const PACK = 10_000n
const ROUTE = 100n
/** What Lightning carries at least: a job that costs less leaves the rest on the tab. */
const LEAST = 1_000n

let net: Lightning
let places: Places
let [seller, buyer]: Place[] = []
let [routing, selling]: Running[] = []
let [chat, embed]: FakeOpenai[] = []
let pinned: string

const balances = async () => ({
  alice: await channelsOf(net.alice),
  carol: await channelsOf(net.carol),
  bob: await channelsOf(net.bob),
})

beforeAll(async () => {
  if (!isThere) return
  net = await startLightning(programs)
  places = await openPlaces(net)
  const router = places.newPlace()
  ;[seller, buyer] = [places.newPlace(), await places.newBuyer()]
  ;[chat, embed] = [fakeOpenai({ words: WORDS }), fakeOpenai({ kind: 'embed', model: 'vectors' })]
  const receives = async (at: Place, node: LndNode) =>
    places.connection(at, 'receive', node, await node.bake(PERMISSIONS.receive))
  const fee = ['--fee', '10sat', '--wallet-file', await receives(router, net.carol)]
  routing = places.start(router, ['serve', 'router', '--listen', '127.0.0.1:0', '--json', ...fee])
  await routing.until(/"type":"ready"/)
  ;({ pinned } = JSON.parse(routing.stdout()))
  const runners = [chat!, embed!].flatMap(({ url }) => ['--runner', `openai=${url}`])
  const wallet = ['--wallet-file', await receives(seller, net.bob)]
  selling = places.start(seller, [
    'serve',
    'node',
    '--router',
    pinned,
    '--json',
    ...runners,
    ...wallet,
  ])
  await selling.until(/"type":"ready"/)
})

afterAll(async () => {
  for (const it of [selling, routing]) {
    it?.signal('SIGTERM')
    await it?.done
  }
  await chat?.stop()
  await embed?.stop()
  await net?.stop()
  places?.remove()
})

const asking = (...args: string[]) => ['request', '--router', pinned, '--deadline', '60s', ...args]
const request = (at: Place, ...args: string[]) => places.json(at, ...asking(...args))
const HOLD = ['--task', 'text.embed', '--model', 'vectors', '--timing', 'hold', 'all or nothing']

describe.skipIf(!isThere)('over a real lnd', () => {
  test('a router’s fee goes to its own lnd, beside what goes to the node’s', async () => {
    const had = await balances()
    const args = ['Count.', '--timing', 'before', '--max-tokens', '9']
    const { code, said } = await request(buyer!, ...args)
    expect([code, said.verified, said.router_fee_msat]).toEqual([0, true, String(ROUTE)])
    expect(paidIn(said.events)).toMatchObject([
      { msat: String(PACK), fee_msat: '0' },
      { msat: String(TOP_UP), fee_msat: String(HOP_FEE) },
    ])
    expect(await balances()).toEqual({
      alice: had.alice - PACK - TOP_UP - HOP_FEE,
      carol: had.carol + PACK + HOP_FEE,
      bob: had.bob + TOP_UP,
    })
  })

  test('after: what was lent is paid before the process ends, to the millisatoshi', async () => {
    const lent = await places.newBuyer()
    const { npub } = JSON.parse(selling!.stdout())
    const topUp = ['pay', 'top-up', npub, '30sat', '--yes', '--router', pinned]
    expect(await places.json(lent, ...topUp)).toMatchObject({ code: 0 })
    // A tenth of what was bought and paid is lent.
    const ask = async (tokens: number) => {
      const args = ['Count.', '--timing', 'after', '--max-tokens', String(tokens)]
      const asked = await request(lent, ...args)
      expect(asked).toMatchObject({ code: 0, said: { verified: true } })
      return asked.said
    }
    const whole = await ask(WORDS.length)
    for (let i = 0; i < 2; i++) expect((await ask(WORDS.length)).cost_msat).toBe(whole.cost_msat)
    const had = await balances()
    const last = await ask(1_000)
    const owed = 3n * BigInt(whole.cost_msat) + BigInt(last.cost_msat) - 30_000n
    expect(owed).toBeGreaterThan(1_000n)
    expect(paidIn(last.events)).toMatchObject([{ msat: String(owed), fee_msat: String(HOP_FEE) }])
    expect(last.left_msat).toBe('0')
    expect(await balances()).toEqual({
      alice: had.alice - owed - HOP_FEE,
      carol: had.carol + HOP_FEE,
      bob: had.bob + owed,
    })
  })

  test('hold, settled: the money goes with the key of the result', async () => {
    const had = await balances()
    const { code, said } = await request(buyer!, ...HOLD)
    expect([code, said.verified]).toEqual([0, true])
    expect(said.output.data).toHaveLength(1)
    expect(paidIn(said.events)).toMatchObject([{ msat: String(LEAST), fee_msat: String(HOP_FEE) }])
    expect(await balances()).toEqual({
      alice: had.alice - LEAST - HOP_FEE,
      carol: had.carol + HOP_FEE,
      bob: had.bob + LEAST,
    })
  })

  test('hold, interrupted while it runs: the money is locked until then, and then back', async () => {
    const had = await balances()
    embed!.misbehave('never answers')
    const seen = embed!.requests.length
    const running = places.start(buyer!, [...asking(...HOLD), '--json'])
    await until('it is worked on', 20_000, async () => embed!.requests.length > seen)
    expect(await balanceOf(net.alice)).toBe(had.alice - LEAST - HOP_FEE)
    running.signal('SIGINT')
    const { code, stdout } = await running.done
    const { output, cost_msat } = JSON.parse(stdout)
    expect([code, output, cost_msat]).toEqual([130, null, '0'])
    // Only once no channel has an HTLC any more.
    expect(await balances()).toEqual(had)
    const { said } = await places.json(buyer!, 'pay', 'history')
    expect(said.payments[0]).toMatchObject({ amount_msat: String(LEAST), state: 'failed' })
  })

  test('no secret was said', () => places.expectNoSecret())
})
