import { Fault } from '../base/fault.ts'
import type { Net } from '../protocol/event.ts'
import type { WalletInfo, WalletKind } from './wallet.ts'

/**
 * Play money and money never meet: net sim takes the sim wallet and no other, the sim wallet takes no other net.
 * Nothing is dialled before this was asked, and no flag changes it.
 * @throws Fault `config` `wallet.net`
 */
export const checkKind = (kind: WalletKind, net: Net): void => {
  if ((kind === 'sim') === (net === 'sim')) return
  throw new Fault(
    'config',
    'wallet.net',
    kind === 'sim'
      ? `the sim wallet holds play money, and the network is ${net}`
      : `the network is sim, play money, and a ${kind} wallet holds money`,
    {
      hint:
        kind === 'sim'
          ? 'connect a wallet of that network, or set the network to sim'
          : 'use the sim wallet, or set the network to that of the wallet',
    },
  )
}

/**
 * What the wallet says it is on must be the configured network.
 * @throws Fault `config` `wallet.net`
 */
export const checkNet = ({ kind, net }: WalletInfo, configured: Net): void => {
  if (net === configured) return
  throw new Fault(
    'config',
    'wallet.net',
    `the ${kind} wallet is on ${net}, and the network is ${configured}`,
    { hint: `connect a wallet on ${configured}, or name its own network: --net ${net}` },
  )
}
