// One client of several routers: the next one is asked only while nothing was sent.
import { expect, test } from 'bun:test'
import { type Clock, unixMs } from '../../src/engine/base/clock.ts'
import type { Fault } from '../../src/engine/base/fault.ts'
import { silentLog } from '../../src/engine/base/log.ts'
import { msat } from '../../src/engine/base/money.ts'
import { seededRandom } from '../../src/engine/base/random.ts'
import { virtualClock } from '../../src/engine/base/virtual-clock.ts'
import type { Pinned } from '../../src/engine/identity/keys.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../src/engine/identity/signer.ts'
import { ANYWHERE } from '../../src/engine/protocol/where.ts'
import { type Several, type Skipped, openSeveral } from '../../src/engine/roles/client/several.ts'
import type { News, Outcome, Wish } from '../../src/engine/roles/client/news.ts'
import { openNode } from '../../src/engine/roles/node/node.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import { openRouter } from '../../src/engine/roles/router/router.ts'
import { memoryStore } from '../../src/engine/storage/memory.ts'
import { memoryNetwork } from '../../src/engine/transport/memory.ts'
import type { Network } from '../../src/engine/transport/network.ts'
import { scriptedChat, scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { wishOf } from './world.ts'

const secp = await openSecp256k1()

/** Routers at addresses of their own, each with a node or none, and what the client heard. */
const scene = async () => {
  const clock = virtualClock()
  const random = seededRandom(5)
  const memory = memoryNetwork({ clock, random })
  const deaf = new Set<string>()
  // An address where packets vanish: nothing is ever heard of it.
  const network: Network = {
    ...memory,
    dial: (address, options, owner) =>
      deaf.has(address) ? { address, close: () => {} } : memory.dial(address, options, owner),
  }
  const faults: Fault[] = []
  const common = () => ({
    secp,
    net: 'sim' as const,
    network,
    clock,
    random,
    log: silentLog,
    software: 'test',
    signer: newSigner(secp, random),
    store: memoryStore(),
    broken: (fault: Fault) => void faults.push(fault),
  })
  const pinned = (name: string): Pinned => ({
    key: newSigner(secp, random).pubkey,
    address: `ws://${name}.test:1`,
  })
  const open: { close(): Promise<void> }[] = []
  const router = async (name: string, models?: readonly string[], pieceMs = 5): Promise<Pinned> => {
    const it = await openRouter({ ...common(), hostname: `${name}.test`, port: 1, name })
    open.push(it)
    if (models) {
      const script = { pieces: textPieces(['one ']), pieceMs }
      const runner = scriptedRunner(script, { clock, capabilities: models.map(scriptedChat) })
      const node = await openNode({
        ...common(),
        routers: [it],
        runners: [runner],
        rows: PLAY_PRICES,
        queue: 0,
      })
      open.unshift({ close: () => node.close({ now: true }) })
    }
    return { key: it.key, address: it.address }
  }
  const skipped: Skipped[] = []
  const clientOf = (...routers: Pinned[]): Several => clientBy(clock, ...routers)
  const clientBy = (clientsClock: Clock, ...routers: Pinned[]): Several => {
    const it = openSeveral({
      secp,
      net: 'sim',
      network,
      clock: clientsClock,
      random,
      routers,
      skipped: (s) => skipped.push(s),
    })
    open.unshift(it)
    return it
  }
  /** Sends a wish; how it ended, and after how many ms of the virtual clock. */
  const ask = async (client: Several, wish: Partial<Wish> = {}, signal?: AbortSignal) => {
    const began = clock.now()
    let outcome: Outcome | undefined
    let tookMs = 0
    const news: News[] = []
    void (async () => {
      for await (const it of client.request(wishOf(wish), signal)) {
        news.push(it)
        if (it.type === 'ended') outcome = it.outcome
        if (it.type === 'offers') tookMs = clock.now() - began
      }
    })()
    await clock.advance(30_000)
    if (!outcome) throw new Error('the job has not ended')
    return { outcome, news, tookMs }
  }
  await clock.advance(0)
  return {
    clock,
    pinned,
    router,
    clientOf,
    clientBy,
    ask,
    skipped,
    deaf,
    // A router that has just begun keeps an ask for what nobody offers for two seconds.
    settle: () => clock.advance(2_500),
    close: async () => {
      for (const it of open) await it.close()
      expect(faults).toEqual([])
    },
  }
}

const codes = (skipped: readonly Skipped[]) => skipped.map((it) => it.fault.code)

test('the first in order serves, and no other is asked', async () => {
  const it = await scene()
  const [a, b] = [await it.router('a', ['m']), await it.router('b', ['m'])]
  await it.settle()
  const { outcome } = await it.ask(it.clientOf(b, a))
  expect(outcome).toMatchObject({ fault: null, router: b.key, verified: true })
  expect(it.skipped).toEqual([])
  await it.close()
})

test('one that is down, one where packets vanish, one with another key, one without an offer: the next', async () => {
  const it = await scene()
  const served = await it.router('served', ['m'])
  const empty = await it.router('empty')
  const other = { ...(await it.router('other', ['m'])), key: it.pinned('x').key }
  const silent = it.pinned('silent')
  it.deaf.add(silent.address)
  await it.settle()
  const { outcome, tookMs } = await it.ask(
    it.clientOf(it.pinned('down'), silent, other, empty, served),
  )
  expect(outcome).toMatchObject({ fault: null, router: served.key, verified: true })
  expect(codes(it.skipped)).toEqual([
    'router.unreachable',
    'router.unreachable',
    'router.wrong_key',
    'task.none',
  ])
  // The refused connection is tried twice; the silent one costs two seconds; the others a round trip.
  expect(tookMs).toBeLessThan(3_000)
  await it.close()
})

test('the vanished first router costs two seconds', async () => {
  const it = await scene()
  const served = await it.router('served', ['m'])
  const silent = it.pinned('silent')
  it.deaf.add(silent.address)
  await it.settle()
  const { outcome, tookMs } = await it.ask(it.clientOf(silent, served))
  expect(outcome.fault).toBeNull()
  expect(tookMs).toBeGreaterThanOrEqual(2_000)
  expect(tookMs).toBeLessThan(2_100)
  await it.close()
})

test('none can: each router with its reason, called after who came nearest', async () => {
  const it = await scene()
  const dear = await it.router('dear', ['m'])
  const down = it.pinned('down')
  await it.settle()
  const { outcome } = await it.ask(it.clientOf(down, dear), { cap: msat(1n) })
  expect(outcome.fault).toMatchObject({ kind: 'refused', code: 'routers.none' })
  const lines = outcome.fault!.hint!.split('\n')
  expect(lines).toHaveLength(3)
  expect(lines[0]).toMatch(/at ws:\/\/down.test:1: no router answers/)
  expect(lines[1]).toMatch(/at ws:\/\/dear.test:1: the cheapest offer may cost up to/)
  expect(lines[2]).toMatch(/allow it with --max-price/)
  // The last one is no longer passed over for another: it is told by the end.
  expect(codes(it.skipped)).toEqual(['router.unreachable'])
  await it.close()
})

test('a single router is told as it always was', async () => {
  const it = await scene()
  const { outcome } = await it.ask(it.clientOf(it.pinned('down')))
  expect(outcome.fault).toMatchObject({ kind: 'unavailable', code: 'router.unreachable' })
  await it.close()
})

test('one that has another model is passed over, also for offers alone', async () => {
  const it = await scene()
  const [a, b] = [await it.router('a', ['small']), await it.router('b', ['large'])]
  await it.settle()
  const asked = it.clientOf(a, b).offers(wishOf({ models: ['large'] }))
  await it.clock.advance(1_000)
  const { router, lines } = await asked
  expect(router).toBe(b.key)
  expect([...new Set(lines.map((line) => line.model))]).toEqual(['large'])
  expect(codes(it.skipped)).toEqual(['model.none'])
  const none = it.clientOf(a, b).offers(wishOf({ models: ['huge'] }))
  none.catch(() => {})
  await it.clock.advance(1_000)
  await expect(none).rejects.toMatchObject({ code: 'routers.none', kind: 'unavailable' })
  await it.close()
})

test('busy at all of them: all were asked before it waits, and are asked again', async () => {
  const it = await scene()
  const both = [await it.router('a', ['m'], 4_000), await it.router('b', ['m'], 4_000)]
  await it.settle()
  // Each of these takes the one slot of its router for four seconds.
  for (const router of both)
    void it.clientOf(router).request(wishOf())[Symbol.asyncIterator]().next()
  await it.clock.advance(500)
  const hasty = await it.ask(it.clientOf(...both), { waitMs: 0 })
  expect(hasty.outcome.fault).toMatchObject({ kind: 'again', code: 'routers.none' })
  for (const router of both)
    void it.clientOf(router).request(wishOf())[Symbol.asyncIterator]().next()
  await it.clock.advance(500)
  it.skipped.length = 0
  const { outcome, news } = await it.ask(it.clientOf(...both), { waitMs: 10_000 })
  expect(outcome.fault).toBeNull()
  expect(codes(it.skipped)).toEqual(['offers.busy'])
  expect(news.filter(({ type }) => type === 'waiting')).toMatchObject([{ why: 'busy' }])
  await it.close()
})

test('each router knows the client under a key of its own', async () => {
  const it = await scene()
  const [a, b] = [await it.router('a', ['small']), await it.router('b', ['large'])]
  await it.settle()
  const client = it.clientOf(a, b)
  const first = await it.ask(client, { models: ['small'] })
  const second = await it.ask(client, { models: ['large'] })
  const keys = [first, second].map(({ outcome }) => outcome.bundle.job!.pubkey)
  expect(new Set(keys).size).toBe(2)
  await it.close()
})

test('what was stopped, or has no time left, is asked of nobody else', async () => {
  const it = await scene()
  const silent = it.pinned('silent')
  it.deaf.add(silent.address)
  const served = await it.router('served', ['m'])
  await it.settle()
  const late = await it.ask(it.clientOf(silent, served), { deadlineMs: 1_500 })
  expect(late.outcome.fault).toMatchObject({ code: 'job.timeout' })
  const stopped = await it.ask(it.clientOf(silent, served), {}, AbortSignal.abort())
  expect(stopped.outcome.fault).toMatchObject({ kind: 'interrupted' })
  expect(it.skipped).toEqual([])
  await it.close()
})

test('a clock that is set ahead between two routers takes no time from the job', async () => {
  const it = await scene()
  const served = await it.router('served', ['m'])
  const silent = it.pinned('silent')
  it.deaf.add(silent.address)
  await it.settle()
  let set = 0
  const client = it.clientBy(
    { ...it.clock, now: () => unixMs(it.clock.now() + set) },
    silent,
    served,
  )
  it.clock.after(1_000, () => (set = 20_000))
  const { outcome } = await it.ask(client, { deadlineMs: 15_000 })
  expect(outcome.fault).toBeNull()
  await it.close()
})

test('somewhere else than asked for is asked of nobody', async () => {
  const it = await scene()
  const served = await it.router('served', ['m'])
  await it.settle()
  const where = { ...ANYWHERE, local: true }
  const { outcome } = await it.ask(it.clientOf(served), { where })
  expect(outcome.fault).toMatchObject({ kind: 'refused', code: 'where.not_local' })
  await it.close()
})
