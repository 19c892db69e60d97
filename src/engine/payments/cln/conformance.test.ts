import type { FakeInvoice } from '../../../../test/fakes/lnd-node.ts'
import { paymentHash } from '../../protocol/ids.ts'
import { termsHash } from '../../protocol/terms.ts'
import { foreignInvoice } from '../foreign.conformance.ts'
import { type OutsideInvoice, payerConformance } from '../payer.conformance.ts'
import { newPreimage } from '../specimen.conformance.ts'
import { walletConformance } from '../wallet.conformance.ts'
import { clnCaps } from './info.ts'
import { openClnPayer } from './payer.ts'
import { clnScene, type Scene } from './scene.conformance.ts'
import { openClnWallet } from './wallet.ts'

const RECEIVE = ['invoice', 'listinvoices', 'waitanyinvoice', 'getinfo']
const HOLD = ['sign', 'injecthold', 'listhold', 'settlehold', 'cancelhold'].map(
  (it) => `${it}invoice${it === 'listhold' ? 's' : ''}`,
)

const ONCE = { twice: 'it is asked for the next payment, by a number' }

for (const [name, options, caps] of [
  ['cln with a rune for everything', {}, clnCaps(true, true)],
  ['cln with a rune that only receives', { may: RECEIVE }, clnCaps(false, false)],
  ['cln with a rune that receives and holds', { may: [...RECEIVE, ...HOLD] }, clnCaps(false, true)],
  ['cln without the plugin hold', { plugin: false }, clnCaps(true, false)],
] as const)
  walletConformance(name, { caps, cannot: ONCE }, async () => {
    const { fake, outside, seams, world } = clnScene(options)
    return {
      ...world,
      wallet: await openClnWallet(fake.connection, seams),
      expected: { kind: 'cln', net: 'regtest', nodeKey: fake.node.key },
      payFromOutside: async (bolt11) => {
        const { state } = await outside.pay(bolt11, 1_000_000n)
        return state === 'settled' ? 'settled' : 'failed'
      },
      made: () => fake.node.invoices.size,
      break: (how) => fake.feel(how),
    }
  })

for (const [name, options] of [
  ['cln with a rune for everything', {}],
  ['cln with a rune that only pays', { may: ['xpay', 'listpays', 'getinfo'] }],
] as const)
  payerConformance(name, { caps: clnCaps(true, false) }, async () => {
    const scene = clnScene(options)
    const { fake, outside, seams, world } = scene
    return {
      ...world,
      payer: await openClnPayer(fake.connection, seams),
      expected: { kind: 'cln', net: 'regtest', nodeKey: fake.node.key },
      balance: async () => fake.node.balance,
      invoiceFromOutside: async ({ msat, expirySec, hold }) => {
        const { secret, hash } = newPreimage()
        const order = { msat, descriptionHash: termsHash('theirs'), expirySec }
        const it = outside.invoice({ ...order, ...(hold && { hash }) })
        return {
          ...outsideInvoice(scene, it),
          settle: async () => outside.settle(it, secret),
          cancel: async () => outside.cancel(it),
        }
      },
      unreachable: async ({ expirySec, msat }) => {
        const bolt11 = await foreignInvoice('regtest', { at: world.now(), expirySec, msat })
        return { bolt11, paymentHash: newPreimage().hash, received: async () => 0n }
      },
      break: (how) => fake.feel(how),
      lie: (failed) => void (fake.lies.failed = failed),
    }
  })

const outsideInvoice = ({ outside }: Scene, it: FakeInvoice): OutsideInvoice => ({
  bolt11: it.bolt11,
  paymentHash: paymentHash(it.hash),
  received: async () => (outside.find(it.hash)?.state === 'settled' ? it.received : 0n),
})
