import { expect, test } from 'bun:test'
import { BOUNDS } from '../../base/bounds.ts'
import { unixMs } from '../../base/clock.ts'
import { seededRandom } from '../../base/random.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import { KINDS, type KindName } from '../../protocol/kinds.ts'
import { awaitKey, isAddressee, mayBeAbsent } from './away.ts'
import { joinLink } from './links.ts'
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

test('one end of a job may speak to the other, which is not here; nobody else may, and of nothing else', () => {
  const state = newRouterState({ signer: router!, verifier: secp, net: 'sim', bounds: BOUNDS })
  joinLink(state, 1, both!.pubkey)
  const said = (by: typeof both, kind: KindName) => ({ kind: KINDS[kind], pubkey: by!.pubkey })
  for (const kind of [
    'sync',
    'receipt',
    'acknowledgement',
    'cancel',
    'progress',
    'money',
  ] as const) {
    expect(mayBeAbsent(state, said(both, kind))).toBe(true)
    // It was signed by a key that is on no link: somebody passes on what is another's.
    expect(mayBeAbsent(state, said(stranger, kind))).toBe(false)
  }
  for (const kind of ['ask', 'job', 'offers', 'register', 'ticket', 'quota'] as const)
    expect(mayBeAbsent(state, said(both, kind))).toBe(false)
})
