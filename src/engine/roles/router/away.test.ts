import { expect, test } from 'bun:test'
import { BOUNDS } from '../../base/bounds.ts'
import { unixMs } from '../../base/clock.ts'
import { seededRandom } from '../../base/random.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import { KINDS } from '../../protocol/kinds.ts'
import { awaitKey, isAddressee } from './away.ts'
import { newRouterState } from './state.ts'

const secp = await openSecp256k1()
const random = seededRandom(26_435)
const [router, both, stranger] = [1, 2, 3].map(() => newSigner(secp, random))

test('a key that is awaited as a client and as a node is heard of as a node, whichever was first and lasts longer', () => {
  for (const order of [
    ['client', 'node'],
    ['node', 'client'],
  ] as const) {
    const keys = { signer: router!, verifier: secp, net: 'sim', bounds: BOUNDS } as const
    const state = newRouterState(keys)
    const turn = { state, now: unixMs(1_000), random, effects: [] }
    const hears = () =>
      isAddressee(state, both!.pubkey, { kind: KINDS.cancel, pubkey: stranger!.pubkey })
    awaitKey(turn, both!.pubkey, unixMs(9_000), order[0])
    expect(hears()).toBe(order[0] === 'node')
    awaitKey(turn, both!.pubkey, unixMs(5_000), order[1])
    expect(hears()).toBe(true)
    expect(state.deadlines.dueAt(`awaited:${both!.pubkey}`)).toBe(unixMs(9_000))
  }
})
