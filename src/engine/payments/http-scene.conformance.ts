import { FakeNode } from '../../../test/fakes/lnd-node.ts'
import { shiftingClock } from '../../../test/lightning/shifting-clock.ts'
import { toHex } from '../base/bytes.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { Msat } from '../base/money.ts'
import { seededRandom } from '../base/random.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import { paymentHash } from '../protocol/ids.ts'
import type { OutsideInvoice } from './payer.conformance.ts'
import { type World, newPreimage } from './specimen.conformance.ts'
import type { PaymentSeams } from './wallet.ts'

/** What the tests of phoenixd, lnbits and address stand on: a node of their own, one outside, and somebody unknown. */
export type Scene = Readonly<{
  seams: PaymentSeams
  clock: Clock
  /** Time passes at once, but a deadline of an HTTP call is real: the calls are. */
  pass: World['pass']
  ours: FakeNode
  outside: FakeNode
  nobody: FakeNode
}>

export const openScene = async (net: PaymentSeams['net'] = 'regtest'): Promise<Scene> => {
  const shifting = shiftingClock()
  const clock: Clock = {
    ...shifting,
    after: (ms, call) => (ms > DEADLINE_MS ? systemClock : shifting).after(ms, call),
  }
  const seams = { clock, random: seededRandom(11), secp: await openSecp256k1(), net }
  const [ours, outside, nobody] = [new FakeNode(seams), new FakeNode(seams), new FakeNode(seams)]
  ours.peers.push(outside)
  outside.peers.push(ours)
  const pass = async (ms: number) => {
    shifting.shift(ms)
    await Bun.sleep(4)
  }
  return { seams, clock, pass, ours, outside, nobody }
}

/** A retry may be waited for by shifting time, the answer of a call may not. */
const DEADLINE_MS = 9_000

export const worldOf = ({ clock, pass }: Scene, secrets: readonly string[]): World => ({
  now: () => clock.now(),
  pass,
  settleTimeMs: 24_000,
  secrets,
})

/** An invoice of one of the nodes that a payer under test may pay. */
export const outsideInvoice = (
  payee: FakeNode,
  wish: Readonly<{ msat: Msat; expirySec: number; hold?: boolean }>,
): OutsideInvoice => {
  const { secret, hash } = newPreimage()
  const it = payee.invoice({
    msat: wish.msat,
    expirySec: wish.expirySec,
    descriptionHash: toHex(new Uint8Array(32)),
    ...(wish.hold && { hash }),
  })
  return {
    bolt11: it.bolt11,
    paymentHash: paymentHash(it.hash),
    received: async () => (it.state === 'settled' ? it.received : 0n),
    settle: async () => payee.settle(it, secret),
    cancel: async () => payee.cancel(it),
  }
}

/** Somebody outside pays an invoice of ours. */
export const payFromOutside = async (
  { outside }: Scene,
  bolt11: string,
): Promise<'settled' | 'failed'> => {
  const { state } = await outside.pay(bolt11, 10n ** 18n)
  return state === 'settled' ? 'settled' : 'failed'
}
