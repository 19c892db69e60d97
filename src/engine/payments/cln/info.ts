import { msat } from '../../base/money.ts'
import type { Net } from '../../protocol/event.ts'
import { type Backend, nonsense } from '../http.ts'
import type { Caps } from '../wallet.ts'
import { bodyOf } from './rest.ts'

export const clnCaps = (spend: boolean | null, hold: boolean) =>
  ({
    hold,
    bind: 'description',
    granularity: msat(1n),
    push: true,
    spend,
    preimage: 'always',
    custodial: false,
  }) as const satisfies Caps

export type Place = Readonly<{ net: Net; nodeKey: string }>

/**
 * The network and the key of the node.
 * @throws Fault those of `Wallet`; `config` `wallet.credential` where the rune may not ask
 */
export const placeOf = async (to: Backend): Promise<Place> => {
  const { id, network } = await bodyOf(to, 'getinfo')
  const net = NETS[String(network)]
  if (!net || typeof id !== 'string' || !/^0[23][0-9a-f]{64}$/.test(id))
    throw nonsense(to, 'without a network that fedai knows, or the key of its node')
  return { net, nodeKey: id }
}

const NETS: Readonly<Record<string, Net>> = {
  bitcoin: 'mainnet',
  testnet: 'testnet',
  testnet4: 'testnet',
  signet: 'testnet',
  regtest: 'regtest',
}
