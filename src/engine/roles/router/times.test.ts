import { expect, test } from 'bun:test'
import { BOUNDS } from '../../base/bounds.ts'
import { unixMs } from '../../base/clock.ts'
import { seededRandom } from '../../base/random.ts'
import { newSigner } from '../../identity/signer.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { msat } from '../../base/money.ts'
import { type EventId, type PubKey, paymentHash } from '../../protocol/ids.ts'
import { admitHold } from '../../routing/admit.ts'
import * as shown from '../../spending/invoice-check.case.ts'
import { openProofs, takeProof, useProof } from '../../spending/proofs.ts'
import { lookAtOffers } from './market.ts'
import { newRouterState } from './state.ts'
import { shiftTimes } from './times.ts'

const secp = await openSecp256k1()
const DAY = 86_400_000

const routerWith = (proofs: ReturnType<typeof openProofs> | null = null) =>
  newRouterState({
    signer: newSigner(secp, seededRandom(3)),
    verifier: secp,
    net: 'sim',
    bounds: BOUNDS,
    proofs: proofs && { ...proofs, secp },
  })

test('a hold lapses in its three seconds, also where the clock is set back by a day meanwhile', () => {
  const state = routerWith()
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

test('offers are forgotten when they would have been, also where the clock is set back by a day meanwhile', () => {
  const state = routerWith()
  const now = 1_800_000_000_000
  const client = 'a'.repeat(64) as PubKey
  const expires = unixMs(now + 60_000)
  state.offers.set('b'.repeat(64) as EventId, { client, tickets: [], expires })
  shiftTimes(state, -DAY)
  lookAtOffers({ state, now: unixMs(now - DAY + 59_999) })
  expect(state.offers.size).toBe(1)
  lookAtOffers({ state, now: unixMs(now - DAY + 60_000) })
  expect(state.offers.size).toBe(0)
})

const { CLIENT, JOB, NODE, ROUTER, RULES, clock, proof, sec, signedInvoice } = shown
const pay = { payees: [...RULES.pinnedKeys], bind: 'hash' as const, granularity: msat(1n) }
const rules = {
  net: 'sim',
  router: ROUTER,
  secp,
  payOf: () => ({ ...pay, keeps_days: 90 }),
} as const

/** A router that was shown one payment, which is used up; its clock said then how many seconds more than the invoice. */
const shownBy = (seconds: number) => {
  const { proofs, ...state } = routerWith(openProofs())
  const takes = (at: number, of = proof()) => takeProof(proofs!, of, rules, clock(at))
  expect(takes(seconds)).toHaveLength(1)
  useProof(proofs!, { job: JOB, node: NODE, client: CLIENT })
  return {
    takes,
    set: (by: number) => shiftTimes({ proofs, ...state }, by * 1000),
    /** Another one comes: those that are past their time are forgotten. */
    another: (at: number) => {
      const hash = paymentHash('5b'.repeat(32))
      const terms = { ref: 'ab'.repeat(32), iat: sec(at), exp: sec(at + 120) }
      const invoice = signedInvoice({ terms, invoice: { paymentHash: hash } })
      const evidence = { paid: { signer: NODE, paymentHash: hash } }
      expect(takes(at, proof({ invoice, evidence }))).toHaveLength(1)
    },
  }
}

test('a proof that is used up counts no second time after a clock that was ahead for a moment', () => {
  const it = shownBy(30)
  it.set(2 * 86_400)
  it.another(2 * 86_400)
  it.set(-2 * 86_400)
  expect(it.takes(30)).toBe('pay.repeated')
})

test('nor one that was taken by a clock half a day ahead, once that is set right', () => {
  const it = shownBy(43_200)
  it.set(-43_200)
  it.another(46_800)
  expect(it.takes(46_800)).toBe('pay.repeated')
})
