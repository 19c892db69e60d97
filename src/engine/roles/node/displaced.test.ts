import { expect, test } from 'bun:test'
import { type Log, silentLog } from '../../base/log.ts'
import { seededRandom } from '../../base/random.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import { builtinRunner } from '../../runners/builtin.ts'
import { memoryStore } from '../../storage/memory.ts'
import { memoryNetwork } from '../../transport/memory.ts'
import { openRouter } from '../router/router.ts'
import { openNode } from './node.ts'
import { PLAY_PRICES } from './prices.ts'

test('a node whose key registers elsewhere is told once, and does not count itself ready', async () => {
  const clock = virtualClock()
  const random = seededRandom(5)
  const secp = await openSecp256k1()
  const common = {
    clock,
    random,
    secp,
    net: 'sim' as const,
    software: 'test',
    network: memoryNetwork({ clock, random }),
    broken: (fault: Error) => {
      throw fault
    },
  }
  const own = () => ({ signer: newSigner(secp, random), store: memoryStore() })
  const door = { hostname: 'r', port: 1, name: 'r', log: silentLog }
  const router = await openRouter({ ...common, ...own(), ...door })
  const said: string[] = []
  const log: Log = { ...silentLog, warn: (event) => void said.push(event) }
  const signer = newSigner(secp, random)
  const node = () =>
    openNode({
      ...common,
      signer,
      log,
      store: memoryStore(),
      routers: [router],
      runners: [{ ...builtinRunner(), slots: 1 }],
      rows: PLAY_PRICES,
      queue: 0,
    })
  const first = await node()
  await clock.advance(1_000)
  expect(first.figures()).toMatchObject({ routers: 1, tickets: 1 })
  const second = await node()
  // Until its tickets are due for renewal nothing tells it.
  await clock.advance(60_000)
  expect(said).toEqual(['router.displaced'])
  expect(first.figures()).toMatchObject({ routers: 0, tickets: 0 })
  expect(second.figures()).toMatchObject({ routers: 1, tickets: 1 })
  for (const it of [first, second]) await it.close({ now: true })
  await router.close()
})
