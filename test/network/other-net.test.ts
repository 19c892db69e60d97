// A router of another network says so by its first word; nobody takes it for something that is no router.
import { expect, test } from 'bun:test'
import type { Fault } from '../../src/engine/base/fault.ts'
import { type Log, silentLog } from '../../src/engine/base/log.ts'
import { seededRandom } from '../../src/engine/base/random.ts'
import { virtualClock } from '../../src/engine/base/virtual-clock.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../src/engine/identity/signer.ts'
import type { Net } from '../../src/engine/protocol/event.ts'
import { type Skipped, openSeveral } from '../../src/engine/roles/client/several.ts'
import { openNode } from '../../src/engine/roles/node/node.ts'
import { FREE_PRICES } from '../../src/engine/roles/node/prices.ts'
import { openRouter } from '../../src/engine/roles/router/router.ts'
import { memoryStore } from '../../src/engine/storage/memory.ts'
import { memoryNetwork } from '../../src/engine/transport/memory.ts'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { wishOf } from './world.ts'

const secp = await openSecp256k1()

/** A router, and a node that would serve, of a network each. */
const scene = async (ofRouter: Net, ofNode: Net) => {
  const clock = virtualClock()
  const random = seededRandom(11)
  const network = memoryNetwork({ clock, random })
  const logged: Record<string, unknown>[] = []
  const log: Log = { ...silentLog, warn: (event, fields) => void logged.push({ event, ...fields }) }
  const common = (net: Net) => ({
    secp,
    net,
    network,
    clock,
    random,
    log,
    software: 'test',
    store: memoryStore(),
    signer: newSigner(secp, random),
    broken: () => {},
  })
  const router = await openRouter({
    ...common(ofRouter),
    hostname: 'router.test',
    port: 1,
    name: 'router',
  })
  const runner = scriptedRunner({ pieces: textPieces(['one ']), pieceMs: 5 }, { clock })
  const node = await openNode({
    ...common(ofNode),
    routers: [router],
    runners: [runner],
    rows: FREE_PRICES,
    queue: 0,
  })
  const ask = async (
    net: Net,
    ...others: Parameters<typeof openSeveral>[0]['routers'][number][]
  ) => {
    const skipped: Skipped[] = []
    const routers = [router, ...others].map(({ key, address }) => ({ key, address }))
    const client = openSeveral({
      secp,
      net,
      network,
      clock,
      random,
      routers,
      log: silentLog,
      signer: newSigner(secp, random),
      skipped: (it) => void skipped.push(it),
    })
    let fault: Fault | null | undefined
    const done = (async () => {
      for await (const news of client.request(wishOf()))
        if (news.type === 'ended') fault = news.outcome.fault
    })()
    await clock.advance(1_000)
    return { fault: () => fault, skipped, done, close: () => client.close() }
  }
  const close = async () => {
    await node.close({ now: true })
    await router.close()
  }
  return { clock, logged, router, ask, close }
}

test('a client is told at once of which network it is, and what to do', async () => {
  const it = await scene('sim', 'sim')
  const asked = await it.ask('mainnet')
  expect(asked.fault()).toMatchObject({
    kind: 'unavailable',
    code: 'router.other_net',
    message: 'the router at this address is of sim (play money), not of mainnet',
    hint: 'ask a router of mainnet with --router\nor take part there: --net sim',
  })
  await asked.close()
  const same = await it.ask('sim')
  expect(same.fault()).toBeNull()
  await same.close()
  await it.close()
})

test('a node is told so in its log, and stays away', async () => {
  const it = await scene('mainnet', 'sim')
  await it.clock.advance(1_000)
  expect(it.logged.filter(({ event }) => event === 'router.other_net')[0]).toEqual({
    event: 'router.other_net',
    router: it.router.key,
    theirs: 'mainnet',
    ours: 'sim',
  })
  await it.close()
})
