import { describe, expect, test } from 'bun:test'
import { builtinRunner } from '../runners/builtin.ts'
import type { Runner } from '../runners/runner.ts'
import { type VirtualClock, virtualClock } from '../base/virtual-clock.ts'
import { seededRandom } from '../base/random.ts'
import { silentLog } from '../base/log.ts'
import type { Fault } from '../base/fault.ts'
import { eventId } from '../protocol/ids.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import { newSigner } from '../identity/signer.ts'
import { memoryStore } from '../storage/memory.ts'
import type { Link, LinkOwner } from '../transport/link.ts'
import { memoryNetwork } from '../transport/memory.ts'
import type { Network } from '../transport/network.ts'
import { openNode } from './node/node.ts'
import { PLAY_PRICES } from './node/prices.ts'
import { openUp, type Up, type UpOptions } from './up.ts'

const secp = await openSecp256k1()

/** A network in memory that counts its open doors, on a clock that stands. */
const scene = () => {
  const clock = virtualClock()
  const random = seededRandom(5)
  const memory = memoryNetwork({ clock, random })
  let doors = 0
  let owner: LinkOwner | undefined
  const network: Network = {
    ...memory,
    listen: async (door, it) => {
      owner = it
      const listening = await memory.listen(door, it)
      doors++
      return { ...listening, close: () => listening.close().finally(() => doors--) }
    },
  }
  return { clock, random, network, doors: () => doors, owner: () => owner! }
}
type Scene = ReturnType<typeof scene>

/** What became of it, once the clock has moved. */
const begin = (it: Scene, options: Partial<UpOptions>) => {
  const seen: { up?: Up; fault?: Fault } = {}
  const { clock, random, network } = it
  const common = { clock, random, network, secp, port: 7447, log: silentLog, software: 'test' }
  void openUp({ ...common, runners: [builtinRunner()], broken: () => {}, ...options }).then(
    (up) => (seen.up = up),
    (fault: Fault) => (seen.fault = fault),
  )
  return seen
}

const mute = (network: Network): Network => ({
  ...network,
  dial: (address, { onTrouble }) => {
    onTrouble?.({ message: 'nobody answers' } as Fault, 1000)
    return { address, close: () => {} }
  },
})

const settled = (clock: VirtualClock) => clock.advance(50)

describe('up', () => {
  test('stands when its node joined, and closes whole', async () => {
    const it = scene()
    const seen = begin(it, {})
    await settled(it.clock)
    expect(seen.up?.router.address).toBe('ws://127.0.0.1:7447')
    await it.clock.advance(60_000)
    expect(it.doors()).toBe(1)
    const closing = seen.up!.close()
    await it.clock.advance(2_000)
    await closing
    expect(it.doors()).toBe(0)
  })

  test('says so within ten seconds where the node cannot join, and leaves nothing open', async () => {
    const it = scene()
    const seen = begin(it, { network: mute(it.network) })
    await it.clock.advance(9_000)
    expect(seen).toEqual({})
    expect(it.doors()).toBe(1)
    await it.clock.advance(2_000)
    expect(seen.fault).toMatchObject({ code: 'up.not_joined', kind: 'unavailable' })
    expect(seen.fault?.message).toEndWith('10 s: nobody answers')
    expect(seen.fault?.hint).toBeTruthy()
    expect(it.doors()).toBe(0)
  })

  test('does not take another node for its own', async () => {
    const it = scene()
    const router = newSigner(secp, it.random)
    const seen = begin(it, { network: mute(it.network), routerSigner: router })
    await settled(it.clock)
    const stranger = await openNode({
      secp,
      net: 'sim',
      network: it.network,
      clock: it.clock,
      random: it.random,
      signer: newSigner(secp, it.random),
      store: memoryStore(),
      log: silentLog,
      routers: [{ key: router.pubkey, address: 'ws://127.0.0.1:7447' }],
      runners: [builtinRunner()],
      rows: PLAY_PRICES,
      software: 'test',
      broken: () => {},
    })
    await it.clock.advance(5_000)
    expect(seen.up).toBeUndefined()
    await it.clock.advance(6_000)
    expect(seen.fault?.code).toBe('up.not_joined')
    await stranger.close()
  })

  test('leaves no door open where a runner throws', async () => {
    const it = scene()
    const runner: Runner = {
      ...builtinRunner(),
      capabilities: () => Promise.reject(new Error('boom')),
    }
    const seen = begin(it, { runners: [runner] })
    await settled(it.clock)
    expect(seen.fault?.message).toBe('boom')
    expect(it.doors()).toBe(0)
  })

  test('ends by its signal, also while a runner thinks', async () => {
    const it = scene()
    const stop = new AbortController()
    const runner: Runner = { ...builtinRunner(), capabilities: () => new Promise(() => {}) }
    const seen = begin(it, { runners: [runner], signal: stop.signal })
    await settled(it.clock)
    expect(it.doors()).toBe(1)
    stop.abort()
    await settled(it.clock)
    expect(seen.fault?.kind).toBe('interrupted')
    expect(it.doors()).toBe(0)
  })

  test('ends with the fault of a router that breaks meanwhile', async () => {
    const it = scene()
    const told: Fault[] = []
    const broken = (fault: Fault) => void told.push(fault)
    const seen = begin(it, { network: mute(it.network), broken })
    await settled(it.clock)
    const link = {
      id: 77,
      address: '',
      close: () => {},
      send: () => {
        throw new Error('the link tore')
      },
    } as Partial<Link> as Link
    it.owner().authenticated(link, newSigner(secp, it.random).pubkey, eventId('a'.repeat(64)))
    await settled(it.clock)
    expect(seen.fault?.message).toBe('the link tore')
    expect(told).toHaveLength(1)
    expect(it.doors()).toBe(0)
  })
})
