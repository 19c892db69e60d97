import { join } from 'node:path'
import * as ldk from 'lightningdevkit'
import { NodeLDKNet } from 'lightningdevkit-node-net/net.mjs'
import type { Chain } from './chain.ts'

/** The wasm is 12 MB and takes 0.4 s, once per process. */
let loaded: Promise<void> | undefined
export const loadLdk = (): Promise<void> => (loaded ??= load())

const load = async (): Promise<void> => {
  const entry = Bun.resolveSync('lightningdevkit', import.meta.dir)
  const wasm = await Bun.file(join(entry, '..', 'liblightningjs.wasm')).bytes()
  // It says its version on stdout.
  const { info, log, warn } = console
  Object.assign(console, { info: () => {}, log: () => {}, warn: () => {} })
  await ldk
    .initializeWasmFromBinary(wasm)
    .finally(() => Object.assign(console, { info, log, warn }))
}

/** What a call of LDK's gave, or an Error that names the call. */
export const must = <R extends { is_ok(): boolean }, T>(
  what: string,
  result: R,
  pick: (result: R) => T | undefined,
): T => {
  const value = result.is_ok() ? pick(result) : undefined
  if (value === undefined) throw new Error(`LDK refuses ${what}`)
  return value
}

const CHANNEL_DUST_MSAT = 1_000_000_000n

/** One real Lightning node (LDK in wasm): it speaks BOLT 8 over TCP. It has no disk and no real chain. */
export class LdkNode {
  readonly id: Uint8Array
  readonly manager: ldk.ChannelManager
  readonly net: NodeLDKNet
  readonly entropy: ldk.EntropySource
  private readonly monitor: ldk.ChainMonitor
  private readonly peers: ldk.PeerManager
  private readonly keys: ldk.KeysManager
  private readonly handlers = new Set<(event: ldk.Event) => void>()
  private forwardable = false
  private readonly handler = ldk.EventHandler.new_impl({
    handle_event: (event) => {
      if (event instanceof ldk.Event_PendingHTLCsForwardable) this.forwardable = true
      else for (const handle of this.handlers) handle(event)
      return ldk.Result_NoneReplayEventZ.constructor_ok()
    },
  })

  /**
   * @param seed the same gives the same node key
   * @param nowSec seconds since 1970
   */
  constructor(seed: number, chain: Chain, nowSec: number) {
    const logger = ldk.Logger.new_impl({ log() {} })
    const fees = ldk.FeeEstimator.new_impl({ get_est_sat_per_1000_weight: () => 253 })
    const broadcaster = ldk.BroadcasterInterface.new_impl({ broadcast_transactions() {} })
    const network = ldk.Network.LDKNetwork_Regtest
    this.monitor = ldk.ChainMonitor.constructor_new(
      ldk.Option_FilterZ.constructor_none(),
      broadcaster,
      logger,
      fees,
      noDisk(),
    )
    this.keys = ldk.KeysManager.constructor_new(seedBytes(seed), BigInt(nowSec), seed)
    this.entropy = this.keys.as_EntropySource()
    const signer = this.keys.as_NodeSigner()
    const graph = ldk.NetworkGraph.constructor_new(network, logger)
    this.manager = ldk.ChannelManager.constructor_new(
      fees,
      this.monitor.as_Watch(),
      broadcaster,
      routerOf(graph, logger, this.entropy),
      ldk.DefaultMessageRouter.constructor_new(graph, this.entropy).as_MessageRouter(),
      logger,
      this.entropy,
      signer,
      this.keys.as_SignerProvider(),
      config(),
      ldk.ChainParameters.constructor_new(network, ldk.BestBlock.constructor_from_network(network)),
      nowSec,
    )
    const ignoring = ldk.IgnoringMessageHandler.constructor_new()
    this.peers = ldk.PeerManager.constructor_new(
      this.manager.as_ChannelMessageHandler(),
      ignoring.as_RoutingMessageHandler(),
      ignoring.as_OnionMessageHandler(),
      ignoring.as_CustomMessageHandler(),
      nowSec,
      this.entropy.get_secure_random_bytes(),
      logger,
      signer,
    )
    this.net = new NodeLDKNet(this.peers)
    this.id = this.manager.get_our_node_id()
    chain.listen({
      block: (header, height, txs) => {
        for (const part of [this.manager.as_Confirm(), this.monitor.as_Confirm()]) {
          if (txs.length > 0) {
            const placed = txs.map(({ bytes }, n) =>
              ldk.TwoTuple_usizeTransactionZ.constructor_new(n + 1, bytes),
            )
            part.transactions_confirmed(header, placed, height)
          }
          part.best_block_updated(header, height)
        }
      },
    })
  }

  /** Everything that LDK says from now on; the function that it returns ends it. */
  on(handle: (event: ldk.Event) => void): () => void {
    this.handlers.add(handle)
    return () => void this.handlers.delete(handle)
  }

  /** Lets LDK do what it has to do. It has no thread of its own. */
  pump(): void {
    this.manager.as_EventsProvider().process_pending_events(this.handler)
    if (this.forwardable) {
      this.forwardable = false
      this.manager.process_pending_htlc_forwards()
    }
    this.peers.process_events()
  }

  /** The keys of those that it is connected to. */
  peerIds(): Uint8Array[] {
    return this.peers.list_peers().map((peer) => peer.get_counterparty_node_id())
  }

  /** Listens on a free port of this machine, and says which. */
  async listen(): Promise<number> {
    await this.net.bind_listener('127.0.0.1', 0)
    const address = this.net['servers'].at(-1)?.address()
    if (typeof address !== 'object' || !address) throw new Error('LDK listens nowhere')
    return address.port
  }

  close(): void {
    this.net.stop()
  }
}

const seedBytes = (seed: number): Uint8Array => new Uint8Array(32).fill(seed)

const noDisk = (): ldk.Persist => {
  const done = ldk.ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed
  return ldk.Persist.new_impl({
    persist_new_channel: () => done,
    update_persisted_channel: () => done,
    archive_persisted_channel() {},
  })
}

const routerOf = (
  graph: ldk.NetworkGraph,
  logger: ldk.Logger,
  entropy: ldk.EntropySource,
): ldk.Router => {
  const decay = ldk.ProbabilisticScoringDecayParameters.constructor_default()
  const scorer = ldk.ProbabilisticScorer.constructor_new(decay, graph, logger)
  return ldk.DefaultRouter.constructor_new(
    graph,
    logger,
    entropy,
    ldk.MultiThreadedLockableScore.constructor_new(scorer.as_Score()).as_LockableScore(),
    ldk.ProbabilisticScoringFeeParameters.constructor_default(),
  ).as_Router()
}

// One block confirms a channel, and unannounced ones are forwarded over: there is no gossip here.
const config = (): ldk.UserConfig => {
  const user = ldk.UserConfig.constructor_default()
  const handshake = user.get_channel_handshake_config()
  handshake.set_minimum_depth(1)
  user.set_channel_handshake_config(handshake)
  user.set_accept_forwards_to_priv_channels(true)
  // Else one payment that is under way makes small ones wait: all that we pay is dust to a chain.
  const channel = user.get_channel_config()
  channel.set_max_dust_htlc_exposure(
    ldk.MaxDustHTLCExposure.constructor_fixed_limit_msat(CHANNEL_DUST_MSAT),
  )
  user.set_channel_config(channel)
  return user
}
