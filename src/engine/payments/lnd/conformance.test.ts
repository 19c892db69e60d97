import type { FakeInvoice } from '../../../../test/fakes/lnd-node.ts'
import type { Permission } from '../../../../test/fakes/lnd-macaroon.ts'
import { paymentHash } from '../../protocol/ids.ts'
import { termsHash } from '../../protocol/terms.ts'
import { foreignInvoice } from '../foreign.conformance.ts'
import { type OutsideInvoice, payerConformance } from '../payer.conformance.ts'
import { newPreimage } from '../specimen.conformance.ts'
import { walletConformance } from '../wallet.conformance.ts'
import { lndCaps } from './info.ts'
import { openLndPayer } from './payer.ts'
import { lndScene, type Scene } from './scene.conformance.ts'
import { openLndWallet } from './wallet.ts'

const RECEIVE: readonly Permission[] = [
  'lnrpc.Lightning/AddInvoice',
  'lnrpc.Lightning/LookupInvoice',
  'lnrpc.Lightning/SubscribeInvoices',
  'invoicesrpc.Invoices/AddHoldInvoice',
  'invoicesrpc.Invoices/SettleInvoice',
  'invoicesrpc.Invoices/CancelInvoice',
  'invoicesrpc.Invoices/SubscribeSingleInvoice',
].map((it) => ['uri', `/${it}`])

const PAY: readonly Permission[] = [
  'routerrpc.Router/SendPaymentV2',
  'routerrpc.Router/TrackPaymentV2',
  'lnrpc.Lightning/DecodePayReq',
  'lnrpc.Lightning/ListChannels',
  'lnrpc.Lightning/PendingChannels',
].map((it) => ['uri', `/${it}`])

for (const [may, name, spend] of [
  [undefined, 'lnd with its admin macaroon', true],
  [RECEIVE, 'lnd with a macaroon that only receives', false],
] as const)
  walletConformance(name, { caps: lndCaps(spend) }, async () => {
    const scene = lndScene(may)
    const { fake, outside, seams, world } = scene
    return {
      ...world,
      wallet: await openLndWallet(fake.connection, seams),
      expected: { kind: 'lnd', net: 'regtest', nodeKey: fake.node.key },
      payFromOutside: async (bolt11) => {
        const { state } = await outside.pay(bolt11, 1_000_000n)
        return state === 'settled' ? 'settled' : 'failed'
      },
      made: () => fake.node.invoices.size,
      break: (how) => fake.feel(how),
      twice: () => void (fake.lies.twice = true),
    }
  })

for (const [may, name] of [
  [undefined, 'lnd with its admin macaroon'],
  [PAY, 'lnd with a macaroon that only pays'],
] as const)
  payerConformance(name, { caps: lndCaps(true) }, async () => {
    const scene = lndScene(may)
    const { fake, outside, seams, world } = scene
    return {
      ...world,
      payer: await openLndPayer(fake.connection, seams),
      expected: { kind: 'lnd', net: 'regtest', nodeKey: may ? null : fake.node.key },
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
