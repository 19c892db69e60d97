import { expect, test } from 'bun:test'
import type { Bounds } from '../../src/engine/base/bounds.ts'
import { systemClock } from '../../src/engine/base/clock.ts'
import { silentLog } from '../../src/engine/base/log.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../src/engine/identity/signer.ts'
import { openClient } from '../../src/engine/roles/client/client.ts'
import type { Outcome } from '../../src/engine/roles/client/news.ts'
import { openNode } from '../../src/engine/roles/node/node.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import { openRouter } from '../../src/engine/roles/router/router.ts'
import { memoryStore } from '../../src/engine/storage/memory.ts'
import { socketNetwork } from '../../src/engine/transport/sockets.ts'
import { proxyTo } from '../fixtures/proxy.ts'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { wishOf } from './world.ts'

// A door that lets through a tenth of what real ones do, so that two dozen jobs are what hundreds are there.
const bounds: Partial<Bounds> = {
  eventsBurst: 24,
  eventsPerSecond: 16,
  syncsBurst: 8,
  syncsPerSecond: 4,
  strayBytesPerSecond: 16_000,
  backPerSecond: 12,
  asksPerSecondUnknown: 1e6,
  openJobsUnknown: 1e6,
  heldTicketsUnknown: 1e6,
}
const [JOBS, CLIENTS] = [24, 6]

test('a node whose link is cut under more jobs than its door takes at once comes back with all of them', async () => {
  const seams = { clock: systemClock, random: systemRandom }
  const secp = await openSecp256k1()
  const network = socketNetwork(seams)
  const joins: string[] = []
  const log = { ...silentLog, info: (event: string) => void joins.push(event) }
  const common = { secp, net: 'sim' as const, network, software: 'test', bounds, ...seams }
  const faults: unknown[] = []
  const broken = (fault: unknown) => void faults.push(fault)
  const signer = newSigner(secp, systemRandom)
  const target = { port: 0 }
  const proxy = await proxyTo(target)
  const doors = [`ws://127.0.0.1:${proxy.port}`]
  const at = { hostname: '127.0.0.1', port: 0, name: 'router', doors }
  const router = await openRouter({ ...common, ...at, signer, log, broken, store: memoryStore() })
  target.port = Number(new URL(router.address).port)
  const words = Array.from({ length: 18 }, (_, i) => `word${i} `)
  const script = { pieces: textPieces(words), pieceMs: 100 }
  const node = await openNode({
    ...common,
    signer: newSigner(secp, systemRandom),
    store: memoryStore(),
    log: silentLog,
    broken,
    runners: [scriptedRunner(script, { clock: systemClock, slots: JOBS })],
    rows: PLAY_PRICES.map((row) => ({ ...row, rates: {}, minimum: '0', timings: ['free'] })),
    queue: 0,
    routers: [{ key: signer.pubkey, address: doors[0]! }],
  })
  while (router.figures().tickets < JOBS) await pause(5)
  const clients = await Promise.all(
    Array.from({ length: CLIENTS }, () =>
      openClient({
        ...seams,
        secp,
        network,
        net: 'sim',
        bounds,
        router: { key: signer.pubkey, address: router.address },
      }),
    ),
  )
  let begun = 0
  const one = async (n: number): Promise<Outcome | undefined> => {
    let outcome: Outcome | undefined
    for await (const it of clients[n % CLIENTS]!.request(wishOf({ outTokens: 100 })))
      if (it.type === 'ended') outcome = it.outcome
      else if (it.type === 'accepted' && ++begun === JOBS) proxy.cut()
    return outcome
  }
  const outcomes = await Promise.all(Array.from({ length: JOBS }, (_, n) => one(n)))
  const ends = outcomes.map((it) => it?.fault?.code ?? it?.receipt?.status)
  expect(ends).toEqual(Array.from({ length: JOBS }, () => 'ok'))
  expect(outcomes.every((it) => it?.verified)).toBe(true)
  expect(faults).toEqual([])
  expect(joins.filter((it) => it === 'node.joined')).toHaveLength(2)
  for (const client of clients) await client.close()
  await node.close({ now: true })
  await router.close()
  proxy.close()
}, 30_000)

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
