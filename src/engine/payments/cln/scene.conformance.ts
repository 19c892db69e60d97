import { fakeCln } from '../../../../test/fakes/cln.ts'
import { FakeNode } from '../../../../test/fakes/lnd-node.ts'
import { seededRandom, systemRandom } from '../../base/random.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { worldOf } from '../lnd/scene.conformance.ts'
import type { PaymentSeams } from '../wallet.ts'

const secp = await openSecp256k1()

export type Scene = ReturnType<typeof clnScene>

/** A Core Lightning node, and somebody else: each can pay the other. */
export const clnScene = (options?: Parameters<typeof fakeCln>[1]) => {
  const clock = virtualClock()
  const seams: PaymentSeams = { clock, random: systemRandom, secp, net: 'regtest' }
  const drawn = { ...seams, random: seededRandom(systemRandom.below(1_000_000)) }
  const fake = fakeCln(drawn, options)
  const outside = new FakeNode(drawn)
  outside.peers.push(fake.node)
  fake.node.peers.push(outside)
  const world = worldOf(clock, fake, [fake.connection.rune])
  return { clock, seams, fake, outside, world }
}
