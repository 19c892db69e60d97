import { msat } from '../../base/money.ts'
import type { Net } from '../../protocol/event.ts'
import type { Caps, WalletInfo } from '../wallet.ts'
import type { Abilities } from './abilities.ts'

/** No wallet says over NIP-47 whether it counts single msats, and many do not. */
export const GRANULARITY = msat(1_000n)

/** Whether the wallet says that it holds invoices. */
export const holds = ({ methods }: Abilities): boolean =>
  methods !== null && HOLD.every((method) => methods.has(method))

/** Whether it says by itself that an invoice is paid. */
export const pushes = ({ notifications }: Abilities): boolean =>
  notifications.has('payment_received')

/**
 * A wallet as our seams describe it. What NIP-47 leaves out is taken as it may be at worst: somebody else's,
 * which may show a preimage or none.
 * @param known.net where a wallet does not say on which it is: invoices of another one are refused all the same
 */
export const infoOf = (
  abilities: Abilities,
  known: Readonly<{ net: Net } & Pick<Caps, 'bind' | 'hold'>>,
): WalletInfo => ({
  kind: 'nwc',
  net: abilities.net ?? known.net,
  nodeKey: abilities.nodeKey,
  caps: {
    hold: known.hold,
    bind: known.bind,
    granularity: GRANULARITY,
    push: pushes(abilities),
    spend: spends(abilities),
    preimage: 'sometimes',
    custodial: true,
  },
})

const HOLD = ['make_hold_invoice', 'settle_hold_invoice', 'cancel_hold_invoice']
const SPEND = ['pay_invoice', 'pay_keysend', 'multi_pay_invoice', 'multi_pay_keysend']

const spends = ({ methods }: Abilities): boolean | null =>
  methods && SPEND.some((method) => methods.has(method))
