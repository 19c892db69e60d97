import { z } from 'zod'
import type { Net } from '../../protocol/event.ts'
import type { NwcClient } from './client.ts'
import { faultOf, forbidden, onlyNip04 } from './faults.ts'

/** What the wallet lets this connection do. */
export type Abilities = Readonly<{
  /** null where nobody says. */
  methods: ReadonlySet<string> | null
  notifications: ReadonlySet<string>
  net: Net | null
  /** Of its Lightning node. */
  nodeKey: string | null
}>

/**
 * Asks the wallet. What it answers itself counts before its info event, which may be old and is the same for all
 * connections of some wallets.
 * @throws Fault `unavailable` `wallet.unreachable` | `wallet.answer` | `wallet.refused`, `config` `wallet.credential`
 */
export const abilitiesOf = async (client: NwcClient): Promise<Abilities> => {
  await client.ready()
  const info = client.info()
  if (info && !info.nip44) throw onlyNip04(client)
  const said: Abilities = {
    methods: info?.methods ?? null,
    notifications: info?.notifications ?? NONE,
    net: null,
    nodeKey: null,
  }
  if (info && !info.methods.has('get_info')) return said
  const outcome = await client.call('get_info', {})
  if (outcome.state === 'error' && MAY_NOT_ASK.has(outcome.code)) return said
  if (outcome.state !== 'done') throw faultOf(client, 'get_info', outcome)
  const { methods, notifications, network, pubkey } = GET_INFO.parse(outcome.result)
  return {
    methods: methods ? new Set(methods) : said.methods,
    notifications: notifications ? new Set(notifications) : said.notifications,
    net: NETWORKS[network ?? ''] ?? null,
    nodeKey: pubkey,
  }
}

/**
 * Without these the connection is of no use, and it is better to know at once.
 * @throws Fault `config` `wallet.credential`
 */
export const needMethods = (
  client: NwcClient,
  { methods }: Abilities,
  needed: readonly string[],
): void => {
  const missing = methods ? needed.filter((method) => !methods.has(method)) : []
  if (missing.length > 0) throw forbidden(client, missing)
}

const NONE: ReadonlySet<string> = new Set()
const MAY_NOT_ASK: ReadonlySet<string> = new Set(['RESTRICTED', 'NOT_IMPLEMENTED'])

// Of what is not needed the wrong is as good as nothing.
const words = z.array(z.string()).nullable().catch(null)
const GET_INFO = z.object({
  methods: words,
  notifications: words,
  network: z.string().nullable().catch(null),
  pubkey: z
    .string()
    .regex(/^0[23][0-9a-f]{64}$/)
    .nullable()
    .catch(null),
})

const NETWORKS: Readonly<Record<string, Net>> = {
  mainnet: 'mainnet',
  bitcoin: 'mainnet',
  testnet: 'testnet',
  testnet4: 'testnet',
  signet: 'testnet',
  regtest: 'regtest',
}
