import type { Lightning, LndAccess, LndNode } from '../../scripts/live/lightning.ts'
import { PERMISSIONS } from '../../scripts/live/lightning.ts'
import { balanceOf, countInvoices, isQuiet } from '../../scripts/live/lnd/deeds.ts'
import { openLndPayer } from '../../src/engine/payments/lnd/payer.ts'
import { openLndWallet } from '../../src/engine/payments/lnd/wallet.ts'
import type { PaymentSeams } from '../../src/engine/payments/wallet.ts'
import type { Ends } from '../lightning/ends.ts'

/** How an adapter is told of an lnd. @param macaroon in hex */
export const connect = ({ url, certificate }: LndAccess, macaroon: string) =>
  ({ kind: 'lnd', url, certificate, macaroon }) as const

/** Three real lnds, each asked with the least macaroon that the adapter needs. */
export const lndEnds = async (
  { alice, carol, bob }: Lightning,
  seams: PaymentSeams,
): Promise<Ends> => {
  const receives = async (node: LndNode) =>
    openLndWallet(connect(node, await node.bake(PERMISSIONS.receive)), seams)
  const payer = await openLndPayer(connect(alice, await alice.bake(PERMISSIONS.pay)), seams)
  const [wallet, router] = [await receives(bob), await receives(carol)]
  return {
    payer,
    wallet,
    router,
    granularity: 1n,
    async balances() {
      const [ofAlice, ofCarol, ofBob] = await Promise.all([alice, carol, bob].map(balanceOf))
      return { alice: ofAlice!, carol: ofCarol!, bob: ofBob! }
    },
    isStill: async () => (await Promise.all([alice, carol, bob].map(isQuiet))).every(Boolean),
    made: async () => ({ carol: await countInvoices(carol), bob: await countInvoices(bob) }),
    async close() {
      for (const it of [payer, wallet, router]) await it.close()
    },
  }
}
