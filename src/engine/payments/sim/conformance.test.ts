import { msat } from '../../base/money.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import { foreignInvoice } from '../foreign.conformance.ts'
import { type PayerSpecimen, payerConformance } from '../payer.conformance.ts'
import { type World, newPreimage, newTerms, sats } from '../specimen.conformance.ts'
import type { Caps } from '../wallet.ts'
import { type WalletSpecimen, walletConformance } from '../wallet.conformance.ts'
import { openSimPayer } from './payer.ts'
import { type Place, PLACES, type Scene, newScene } from './scene.conformance.ts'
import { openSimWallet } from './wallet.ts'

const CAPS: Caps = {
  hold: true,
  bind: 'hash',
  granularity: msat(1n),
  push: true,
  spend: true,
  preimage: 'always',
  custodial: false,
}

const worldOf = (scene: Scene): World => ({
  now: () => scene.clock.now(),
  pass: scene.pass,
  settleTimeMs: 200,
  secrets: [],
})

const walletSpecimen = async (place: Place): Promise<WalletSpecimen> => {
  const scene = await newScene(place)
  const { path } = scene
  const wallet = await openSimWallet({ path, account: 'payee' }, scene.here)
  const outside = await openSimPayer({ path, account: 'outside' }, scene.there)
  await scene.give('outside', sats(10_000))
  const { nodeKey } = await wallet.info()
  return {
    ...worldOf(scene),
    wallet,
    expected: { kind: 'sim', net: 'sim', nodeKey },
    made: () =>
      Number(scene.ledger.sql<{ n: bigint }, []>('SELECT count(*) AS n FROM invoices').get()!.n),
    payFromOutside: async (bolt11) => {
      const { state } = await outside.pay(bolt11, { maxFee: sats(1), timeoutMs: 600_000 })
      return state === 'settled' ? 'settled' : 'failed'
    },
    stop: async () => {
      await outside.close()
      await scene.stop()
    },
  }
}

const payerSpecimen = async (place: Place): Promise<PayerSpecimen> => {
  const scene = await newScene(place)
  const { path } = scene
  const fee = { base: msat(1_000n), ppm: 100n }
  const payer = await openSimPayer({ path, account: 'payer', fee }, scene.here)
  const outside = await openSimWallet({ path, account: 'outside' }, scene.there)
  await scene.give('payer', sats(10_000))
  const { nodeKey } = await payer.info()
  return {
    ...worldOf(scene),
    payer,
    expected: { kind: 'sim', net: 'sim', nodeKey },
    balance: () => scene.has('payer'),
    invoiceFromOutside: async ({ msat: amount, expirySec, hold }) => {
      const { secret, hash } = newPreimage()
      const wish = { msat: amount, expirySec, terms: newTerms(1), ...(hold && { hold: hash }) }
      const issued = await outside.createInvoice(wish)
      return {
        ...issued,
        received: async () => {
          const { state, received } = await outside.lookup(issued.paymentHash)
          return state === 'settled' ? received! : 0n
        },
        ...(hold && {
          settle: () => outside.hold!.settle(secret),
          cancel: () => outside.hold!.cancel(hash),
        }),
      }
    },
    // Of another ledger, whose network is another one.
    unreachable: async ({ msat: amount, expirySec }) => {
      const bolt11 = await foreignInvoice('sim', { at: scene.clock.now(), msat: amount, expirySec })
      const invoice = decodeBolt11(bolt11)
      if (typeof invoice === 'string') throw new Error(invoice)
      return { bolt11, paymentHash: invoice.paymentHash, received: async () => 0n }
    },
    stop: async () => {
      await outside.close()
      await scene.stop()
    },
  }
}

/** Such lies and stumbles are put around it: test/fakes/faulty-wallet.ts. */
const CANNOT = {
  break: 'it talks to no program',
  lie: 'it is the ledger itself',
  twice: 'it reads what changed',
}

for (const place of PLACES) {
  walletConformance(`sim (${place})`, { caps: CAPS, cannot: CANNOT }, () => walletSpecimen(place))
  payerConformance(`sim (${place})`, { caps: CAPS, cannot: CANNOT }, () => payerSpecimen(place))
}
