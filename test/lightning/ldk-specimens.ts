import { toHex } from '../../src/engine/base/bytes.ts'
import type { PayerSpecimen } from '../../src/engine/payments/payer.conformance.ts'
import {
  type World,
  newPreimage,
  newTerms,
  sats,
} from '../../src/engine/payments/specimen.conformance.ts'
import type { WalletSpecimen } from '../../src/engine/payments/wallet.conformance.ts'
import type { Lightning } from './ldk.ts'
import type { LdkNode } from './ldk-node.ts'
import { type LdkPayer, ldkPayer } from './ldk-payer.ts'
import { type LdkWallet, ldkWallet } from './ldk-wallet.ts'
import type { ShiftingClock } from './shifting-clock.ts'

/** From here on time is put forward instead of waited for. */
const LONG_MS = 500

/** Everybody's time is real, but long waits are not waited. */
export const worldOf = (clock: ShiftingClock): World => ({
  now: () => clock.now(),
  async pass(ms) {
    if (ms >= LONG_MS) clock.shift(ms)
    await Bun.sleep(ms >= LONG_MS ? 1 : ms)
  },
  settleTimeMs: 400,
  secrets: [],
})

/** Alice sells, bob pays her, over carol. */
export const walletSpecimen = (
  lightning: Lightning,
  clock: ShiftingClock,
): WalletSpecimen & { wallet: LdkWallet; payer: LdkPayer } => {
  const wallet = ldkWallet(lightning, lightning.alice, clock)
  const payer = ldkPayer(lightning.bob, clock)
  return {
    ...worldOf(clock),
    wallet,
    payer,
    expected: expectedOf(lightning.alice),
    async payFromOutside(bolt11) {
      const { state } = await payer.pay(bolt11, { maxFee: sats(20), timeoutMs: 30_000 })
      return state === 'settled' ? 'settled' : 'failed'
    },
    made: () => wallet.made(),
    stop: () => payer.close(),
  }
}

/** Alice pays bob over carol; to dave no channel leads. */
export const payerSpecimen = (
  lightning: Lightning,
  clock: ShiftingClock,
): PayerSpecimen & { payer: LdkPayer } => {
  const payer = ldkPayer(lightning.alice, clock)
  const payees = [lightning.bob, lightning.dave].map((node) => ldkWallet(lightning, node, clock))
  const invoiceOf =
    (payee: LdkWallet): PayerSpecimen['invoiceFromOutside'] =>
    async ({ hold = false, ...wish }) => {
      const { secret, hash } = newPreimage()
      const issued = await payee.createInvoice({
        ...wish,
        terms: newTerms(1),
        ...(hold && { hold: hash }),
      })
      return {
        ...issued,
        async received() {
          const { state, received } = await payee.lookup(issued.paymentHash)
          return state === 'settled' ? (received ?? 0n) : 0n
        },
        settle: () => payee.hold!.settle(secret),
        cancel: () => payee.hold!.cancel(issued.paymentHash),
      }
    }
  const [bob, dave] = payees as [LdkWallet, LdkWallet]
  return {
    ...worldOf(clock),
    payer,
    expected: expectedOf(lightning.alice),
    balance: async () => payer.balance(),
    invoiceFromOutside: invoiceOf(bob),
    unreachable: invoiceOf(dave),
    async stop() {
      for (const payee of payees) await payee.close()
    },
  }
}

const expectedOf = (node: LdkNode): PayerSpecimen['expected'] => ({
  kind: 'lnd',
  net: 'regtest',
  nodeKey: toHex(node.id),
})
