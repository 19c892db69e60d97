import { expect, test } from 'bun:test'
import { systemClock } from '../../src/engine/base/clock.ts'
import { silentLog } from '../../src/engine/base/log.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../src/engine/identity/signer.ts'
import { openClient } from '../../src/engine/roles/client/client.ts'
import type { News } from '../../src/engine/roles/client/news.ts'
import { openNode } from '../../src/engine/roles/node/node.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import { openRouter } from '../../src/engine/roles/router/router.ts'
import { memoryStore } from '../../src/engine/storage/memory.ts'
import { socketNetwork } from '../../src/engine/transport/sockets.ts'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { proxyTo } from '../fixtures/proxy.ts'
import { wishOf } from './world.ts'

// Real sockets, since only they can be cut in the middle of a message.

test('a stream over real sockets survives cut connections and a router that restarts', async () => {
  const seams = { clock: systemClock, random: systemRandom }
  const secp = await openSecp256k1()
  const network = socketNetwork(seams)
  const common = { secp, net: 'sim' as const, network, software: 'test', log: silentLog, ...seams }
  const faults: unknown[] = []
  const broken = (fault: unknown) => void faults.push(fault)
  const routerSigner = newSigner(secp, systemRandom)
  const store = memoryStore()
  const target = { port: 0 }
  const proxies = [await proxyTo(target), await proxyTo(target)]
  const doors = proxies.map(({ port }) => `ws://127.0.0.1:${port}`)
  const startRouter = async () => {
    const router = await openRouter({
      ...common,
      signer: routerSigner,
      store,
      broken,
      doors,
      name: 'router',
      hostname: '127.0.0.1',
      port: 0,
    })
    target.port = Number(new URL(router.address).port)
    return router
  }
  let router = await startRouter()
  const words = Array.from({ length: 100 }, (_, i) => `word${i} `)
  const runner = scriptedRunner({ pieces: textPieces(words), pieceMs: 10 }, { clock: systemClock })
  const at = { work: 0 }
  const counted: typeof runner = {
    ...runner,
    run: (...args) => {
      at.work++
      return runner.run(...args).finally(() => at.work--)
    },
  }
  const node = await openNode({
    ...common,
    signer: newSigner(secp, systemRandom),
    store: memoryStore(),
    broken,
    runners: [counted],
    rows: PLAY_PRICES,
    routers: [{ key: routerSigner.pubkey, address: doors[0]! }],
  })
  const client = await openClient({
    ...seams,
    secp,
    network,
    net: 'sim',
    router: { key: routerSigner.pubkey, address: doors[1]! },
  })
  while (node.figures().routers === 0 || router.figures().tickets === 0) await pause(5)

  const news: News[] = []
  const pieces = () => news.filter((it) => it.type === 'piece').length
  const cuts: [number, () => unknown][] = [
    [10, () => proxies[1]!.cut()],
    [30, () => proxies[0]!.cut()],
    [
      50,
      async () => {
        await router.close()
        router = await startRouter()
      },
    ],
  ]
  for await (const it of client.request(wishOf({ outTokens: 200 }))) {
    news.push(it)
    if (cuts[0] && pieces() >= cuts[0][0]) void cuts.shift()![1]()
  }
  expect(faults).toEqual([])
  const last = news.at(-1)
  const outcome = last?.type === 'ended' ? last.outcome : undefined
  expect([outcome?.fault?.code, outcome?.verified, outcome?.receipt?.status]).toEqual([
    undefined,
    true,
    'ok',
  ])
  expect(outcome?.output).toMatchObject({ message: { content: words.join('') } })
  expect([cuts.length, runner.seen.length]).toEqual([0, 1])
  expect(news.filter((it) => it.type === 'link').map((it) => it.state)).toContain('back')

  // Who leaves on purpose says so before the socket is closed: a node waits ten seconds for others.
  for await (const it of client.request(wishOf({ outTokens: 200 }))) if (it.type === 'piece') break
  expect(at.work).toBe(1)
  await client.close()
  for (const end = Date.now() + 500; at.work > 0 && Date.now() < end;) await pause(5)
  expect(at.work).toBe(0)
  await node.close({ now: true })
  await router.close()
  for (const it of proxies) it.close()
}, 30_000)

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
