import { fakeLnd } from '../../../../test/fakes/lnd.ts'
import type { FakeServer } from '../../../../test/fakes/lnd-http.ts'
import type { Permission } from '../../../../test/fakes/lnd-macaroon.ts'
import { FakeNode } from '../../../../test/fakes/lnd-node.ts'
import { seededRandom, systemRandom } from '../../base/random.ts'
import { type VirtualClock, virtualClock } from '../../base/virtual-clock.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import type { World } from '../specimen.conformance.ts'
import type { PaymentSeams } from '../wallet.ts'

const secp = await openSecp256k1()

export type Scene = ReturnType<typeof lndScene>

/** An lnd, and somebody else: each can pay the other. */
export const lndScene = (may?: readonly Permission[]) => {
  const clock = virtualClock()
  const seams: PaymentSeams = { clock, random: systemRandom, secp, net: 'regtest' }
  const drawn = { ...seams, random: seededRandom(systemRandom.below(1_000_000)) }
  const fake = fakeLnd(drawn, may)
  const outside = new FakeNode(drawn)
  outside.peers.push(fake.node)
  fake.node.peers.push(outside)
  return {
    clock,
    seams,
    fake,
    outside,
    world: worldOf(clock, fake, [fake.connection.macaroon]),
  }
}

/** A world whose clock stands still, while what is asked of a server takes a real moment. */
export const worldOf = (
  clock: VirtualClock,
  server: FakeServer,
  secrets: readonly string[],
): World => ({
  now: () => clock.now(),
  pass: async (ms) => {
    await Promise.race([server.answered(), Bun.sleep(8)])
    await Bun.sleep(1)
    await clock.advance(ms)
  },
  settleTimeMs: 1_000,
  secrets,
  stop: () => server.stop(),
})
