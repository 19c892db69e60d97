import { access, constants, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LndPrograms } from './lnd.ts'
import { type Btcd, startBtcd } from './lnd/btcd.ts'
import { freePorts } from './lnd/daemon.ts'
import { allActive, type LndNode, startNode } from './lnd/node.ts'
import { lndAsk, until } from './lnd/rest.ts'
import type { Say } from './cache.ts'

export { type LndNode } from './lnd/node.ts'
export { type LndAccess, lndCall, until } from './lnd/rest.ts'

/** Real Lightning on regtest: what alice pays to bob goes by carol, who takes a fee of 1 sat and more. */
export type Lightning = Readonly<{
  alice: LndNode
  carol: LndNode
  bob: LndNode
  /** Adds blocks to the chain. */
  mine(blocks: number): Promise<void>
  /** Ends all processes and removes all that they wrote. */
  stop(): Promise<void>
}>

const uris = (...methods: string[]) => methods.map((it) => ['uri', `/${it}`] as const)

/** What macaroons may do: the least that the adapters need, and what docs tell people to bake. */
export const PERMISSIONS = {
  /** A node's and a router's: makes invoices and hears of them, spends nothing. */
  receive: uris(
    'lnrpc.Lightning/AddInvoice',
    'lnrpc.Lightning/LookupInvoice',
    'lnrpc.Lightning/SubscribeInvoices',
    'invoicesrpc.Invoices/AddHoldInvoice',
    'invoicesrpc.Invoices/SettleInvoice',
    'invoicesrpc.Invoices/CancelInvoice',
    'invoicesrpc.Invoices/SubscribeSingleInvoice',
  ),
  /** A client's: pays, and sees its channels, by which a payment that hangs is told from one that is on its way. */
  pay: uris(
    'routerrpc.Router/SendPaymentV2',
    'routerrpc.Router/TrackPaymentV2',
    'lnrpc.Lightning/DecodePayReq',
    'lnrpc.Lightning/ListChannels',
    'lnrpc.Lightning/PendingChannels',
  ),
} as const

/**
 * Starts btcd and three lnds on free ports, in a folder of their own, and waits until alice can pay bob.
 * @param say told of each step. Default: nobody.
 * @throws Error that says which step was not done in time; nothing is left behind
 */
export const startLightning = async (
  programs: LndPrograms,
  say: Say = () => {},
): Promise<Lightning> => {
  const folder = await mkdtemp(join(await fastFolder(), 'fedai-lightning-'))
  const ends: (() => Promise<void>)[] = []
  // lnd hangs for ten seconds at its end when its chain is gone before it.
  const stop = async () => {
    const [btcd, ...nodes] = ends.splice(0)
    await Promise.all(nodes.map((end) => end()))
    await btcd?.()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const [chain, ...ports] = freePorts(10)
    const btcd = await startBtcd(programs, join(folder, 'btcd'), chain!)
    ends.push(btcd.stop)
    say('btcd answers')
    const nodes = await Promise.all(
      (['alice', 'carol', 'bob'] as const).map(async (name, i) => {
        const [peer, grpc, rest] = ports.slice(3 * i, 3 * i + 3)
        const own = { peer: peer!, grpc: grpc!, rest: rest! }
        const node = await startNode(programs, btcd, name, join(folder, name), own)
        ends.push(node.stop)
        return node
      }),
    )
    const [alice, carol, bob] = nodes as [LndNode, LndNode, LndNode]
    say('three lnds answer')
    const miner = await fund(btcd, nodes)
    say('each has coins')
    await connect(alice, carol)
    await connect(carol, bob)
    await btcd.mine(6, miner)
    for (const it of nodes) await until(`${it.name}'s channels`, 60_000, () => allActive(it))
    await until('alice knows the way to bob', 60_000, () => knowsTheWay(alice))
    say('alice can pay bob')
    return { alice, carol, bob, mine: (blocks) => btcd.mine(blocks, miner), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Memory where there is some for files: lnd writes to disk at each step of a payment. */
const fastFolder = (): Promise<string> =>
  access('/dev/shm', constants.W_OK).then(
    () => '/dev/shm',
    () => tmpdir(),
  )

// btcd's regtest has segwit and taproot from block 432 on, and coins of a block can be spent 100 later.
const fund = async (btcd: Btcd, nodes: readonly LndNode[]): Promise<string> => {
  const addresses = await Promise.all(nodes.map((it) => it.address()))
  const miner = addresses[0]!
  await btcd.mine(nodes.length, ...addresses)
  await btcd.mine(437, miner)
  for (const it of nodes) {
    await until(`${it.name} serves`, 60_000, async () => (await it.state()) === 'SERVER_ACTIVE')
    await until(`${it.name} has coins`, 60_000, async () => {
      const { synced_to_chain } = await lndAsk<{ synced_to_chain: boolean }>(it, '/v1/getinfo')
      type Balance = { confirmed_balance: string }
      const { confirmed_balance } = await lndAsk<Balance>(it, '/v1/balance/blockchain')
      return synced_to_chain && BigInt(confirmed_balance) > 0n
    })
  }
  return miner
}

/** A public channel of 2,000,000 sat, a quarter of it on the other side. */
const connect = async (from: LndNode, to: LndNode): Promise<void> => {
  const key = await to.key()
  await lndAsk(from, '/v1/peers', { addr: { pubkey: key, host: to.peer }, perm: true })
  await until(`a channel from ${from.name} to ${to.name}`, 20_000, () =>
    lndAsk(from, '/v1/channels', {
      node_pubkey: Uint8Array.fromHex(key).toBase64(),
      local_funding_amount: '2000000',
      push_sat: '500000',
      sat_per_vbyte: '2',
    }),
  )
}

// Before it knows both directions of both channels a first payment finds no route.
const knowsTheWay = async (node: LndNode): Promise<boolean> => {
  type Graph = { edges: { node1_policy: unknown; node2_policy: unknown }[] }
  const { edges } = await lndAsk<Graph>(node, '/v1/graph')
  return edges.flatMap((it) => [it.node1_policy, it.node2_policy]).filter(Boolean).length >= 4
}
