import type { Clock } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import type { Net } from '../../protocol/event.ts'
import type { Connection } from '../connection.ts'
import { type Answer, type Backend, ask, nonsense, objectIn, secureBase } from '../http.ts'
import type { Caps, WalletInfo } from '../wallet.ts'

/** phoenixd's HTTP interface, as the sources of 0.8 and 0.9.1 have it (docs/wallets/phoenixd.md). */

export type PhoenixdConnection = Extract<Connection, { kind: 'phoenixd' }>

/** @throws Fault `config` `wallet.plain_http` for an address on the internet without TLS */
export const phoenixdBackend = ({ url, password }: PhoenixdConnection, clock: Clock): Backend => {
  const basic = Buffer.from(`:${password}`).toString('base64')
  return {
    name: 'phoenixd',
    base: secureBase('phoenixd', url),
    headers: { authorization: `Basic ${basic}` },
    secrets: [password, basic],
    clock,
  }
}

export const CAPS: Omit<Caps, 'spend'> = {
  hold: false,
  bind: 'hash',
  granularity: msat(1_000n),
  // It has a WebSocket for it; asking is enough for one wallet on the same machine.
  push: false,
  preimage: 'always',
  custodial: false,
}

const NETS: Readonly<Record<string, Net>> = {
  mainnet: 'mainnet',
  testnet: 'testnet',
  testnet3: 'testnet',
  regtest: 'regtest',
}

/** @throws Fault those of `objectIn` and `ask` */
export const describePhoenixd = async (to: Backend): Promise<WalletInfo> => {
  const { nodeId, chain } = objectIn(to, await ask(to, { path: '/getinfo' }))
  const net = NETS[String(chain)]
  if (!net) throw nonsense(to, 'without a network that fedai knows')
  if (typeof nodeId !== 'string' || !/^0[23][0-9a-f]{64}$/.test(nodeId))
    throw nonsense(to, 'without the key of its node')
  return { kind: 'phoenixd', net, nodeKey: nodeId, caps: { ...CAPS, spend: await canSpend(to) } }
}

/** A payment of nothing: refused for its password (401) with the limited one, for its emptiness (400) with the full one. */
const canSpend = async (to: Backend): Promise<boolean | null> => {
  const { status } = await ask(to, { method: 'POST', path: '/payinvoice', form: { invoice: '' } })
  if (status === 401) return false
  return status === 400 ? true : null
}

/**
 * Whether it says that it has no such payment: 204, which it turns into 404 itself. It says 404 with other words of
 * an endpoint that it does not have, and a proxy says it in its own.
 */
export const hasNone = ({ status, text }: Answer): boolean =>
  status === 204 || (status === 404 && text.trim() === 'Not found')
