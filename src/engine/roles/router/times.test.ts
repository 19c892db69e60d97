import { expect, test } from 'bun:test'
import { BOUNDS } from '../../base/bounds.ts'
import { unixMs } from '../../base/clock.ts'
import { seededRandom } from '../../base/random.ts'
import { newSigner } from '../../identity/signer.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { admitHold } from '../../routing/admit.ts'
import { newRouterState } from './state.ts'
import { shiftTimes } from './times.ts'

const secp = await openSecp256k1()
const DAY = 86_400_000

test('a hold lapses in its three seconds, also where the clock is set back by a day meanwhile', () => {
  const signer = newSigner(secp, seededRandom(3))
  const state = newRouterState({
    signer,
    verifier: secp,
    net: 'sim',
    bounds: BOUNDS,
  })
  // Two keys of one address: what they hold is counted for each, and for both.
  const [mine, other] = ['a', 'b'].map((digit) => digit.repeat(64) as PubKey) as [PubKey, PubKey]
  const now = 1_800_000_000_000
  const hold = (key: PubKey, at: number) => {
    const who = { key, place: 'home', places: state.placeHolds }
    return admitHold(state.limits, who, unixMs(at), BOUNDS)
  }
  expect([hold(mine, now), hold(mine, now), hold(other, now)]).toEqual([true, true, false])
  shiftTimes(state, -DAY)
  const later = now - DAY + BOUNDS.holdMs
  expect([hold(mine, later - 1), hold(other, later - 1)]).toEqual([false, false])
  expect([hold(mine, later + 1), hold(other, later + 1)]).toEqual([true, true])
})
