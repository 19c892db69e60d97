import * as ldk from 'lightningdevkit'
import type { Clock } from '../../src/engine/base/clock.ts'
import { doubleSha256, newChain } from './chain.ts'
import { LdkNode, loadLdk, must } from './ldk-node.ts'

const CHANNEL_SAT = 1_000_000n
/** What of it the other side has from the start, msat. */
const PUSHED = 400_000_000n
/** How long anything here may take, ms. */
const PATIENCE_MS = 8_000

/** Real Lightning nodes on a chain that nobody mined for real: alice — carol — bob, and dave, whom no channel leads to. */
export type Lightning = Readonly<{
  alice: LdkNode
  carol: LdkNode
  bob: LdkNode
  dave: LdkNode
  /** Gives the nodes the clock's present time: they take it from the chain. */
  retime(): void
  close(): void
}>

/**
 * Opens the nodes, connects them over TCP of this machine, and opens two channels of 1,000,000 sat, each with
 * 400,000 of them on the far side. All in about a second; payments go over a hop that takes a fee.
 */
export const openLightning = async (clock: Clock): Promise<Lightning> => {
  await loadLdk()
  const now = () => Math.floor(clock.now() / 1000)
  const chain = newChain(now)
  const [alice, carol, bob, dave] = [1, 2, 3, 4].map((seed) => new LdkNode(seed, chain, now())) as [
    LdkNode,
    LdkNode,
    LdkNode,
    LdkNode,
  ]
  const nodes = [alice, carol, bob, dave]
  const timer = setInterval(() => nodes.forEach((node) => node.pump()), 1)
  for (let i = 0; i < 10; i++) chain.mine()

  const open = async (from: LdkNode, to: LdkNode): Promise<void> => {
    await from.net.connect_peer('127.0.0.1', await to.listen(), to.id)
    await until('a handshake', () => isPeer(from, to))
    const ready = event(from, ldk.Event_FundingGenerationReady)
    const created = from.manager.create_channel(to.id, CHANNEL_SAT, PUSHED, 7n, null, null)
    if (!created.is_ok()) throw new Error('LDK opens no channel')
    const pending = [from, to].map((it) => event(it, ldk.Event_ChannelPending))
    const { temporary_channel_id, counterparty_node_id, ...output } = await ready
    const tx = fundingTx(output.output_script, output.channel_value_satoshis)
    must(
      'a funding transaction',
      from.manager.funding_transaction_generated(
        temporary_channel_id,
        counterparty_node_id,
        tx.bytes,
      ),
      () => true,
    )
    await Promise.all(pending)
    chain.mine(tx)
    for (let i = 0; i < 5; i++) chain.mine()
  }

  await open(alice, carol)
  await open(carol, bob)
  const usable = (node: LdkNode) => node.manager.list_usable_channels()
  await until('usable channels', () => usable(carol).length === 2 && usable(bob).length === 1)
  // The hop's terms come a moment after its channel; an invoice made before them has no hint of the way.
  await until('the terms of the hop', () =>
    [alice, bob].every((node) => feeOf(usable(node)[0]) > 0),
  )
  return {
    alice,
    carol,
    bob,
    dave,
    retime: () => chain.retime(),
    close() {
      clearInterval(timer)
      for (const node of nodes) node.close()
    },
  }
}

const isPeer = (from: LdkNode, to: LdkNode): boolean =>
  from.peerIds().some((id) => Buffer.compare(id, to.id) === 0)

const feeOf = (channel: ldk.ChannelDetails | undefined): number =>
  channel?.get_counterparty().get_forwarding_info()?.get_fee_base_msat() ?? 0

/** Waits for real: the other side of a socket has no clock of ours. */
const until = async (what: string, check: () => unknown): Promise<void> => {
  const end = performance.now() + PATIENCE_MS
  while (!check()) {
    if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`)
    await Bun.sleep(1)
  }
}

/** The next event of a class that a node has. LDK's constructors are protected, so a class is no `new` here. */
const event = <E extends ldk.Event>(
  node: LdkNode,
  kind: Function & { prototype: E },
): Promise<E> => {
  const { promise, resolve } = Promise.withResolvers<E>()
  const end = node.on((it) => {
    if (!(it instanceof kind)) return
    end()
    resolve(it as E)
  })
  return promise
}

let made = 0
/** One input that spends nothing that exists, one output: the channel. */
const fundingTx = (script: Uint8Array, sat: bigint): { bytes: Uint8Array; id: Uint8Array } => {
  const spent = Buffer.alloc(36, ++made)
  const value = Buffer.alloc(8)
  value.writeBigUInt64LE(sat)
  const body = Buffer.concat([
    Buffer.from([1]),
    spent,
    Buffer.from('00ffffffff01', 'hex'),
    value,
    Buffer.from([script.length]),
    script,
  ])
  const version = Buffer.from('02000000', 'hex')
  const lock = Buffer.alloc(4)
  return {
    bytes: new Uint8Array(
      Buffer.concat([
        version,
        Buffer.from('0001', 'hex'),
        body,
        Buffer.from('0101ff', 'hex'),
        lock,
      ]),
    ),
    id: doubleSha256(Buffer.concat([version, body, lock])),
  }
}
