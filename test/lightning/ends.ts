import { openNwcPayer } from '../../src/engine/payments/nwc/payer.ts'
import { openNwcWallet } from '../../src/engine/payments/nwc/wallet.ts'
import type { Payer } from '../../src/engine/payments/payer.ts'
import type { Wallet } from '../../src/engine/payments/wallet.ts'
import { openFakeRelay } from '../fakes/relay.ts'
import type { Lightning } from './ldk.ts'
import type { LdkNode } from './ldk-node.ts'
import { ldkPayer } from './ldk-payer.ts'
import { type LdkWallet, ldkWallet } from './ldk-wallet.ts'
import { HOLD, PAY, RECEIVE, openNwcService } from './nwc-service.ts'
import { nwcSeams } from './nwc-specimens.ts'
import type { ShiftingClock } from './shifting-clock.ts'

/** What carol takes of each payment of less than a thousand sat that goes over her, msat. */
export const HOP_FEE = 1_000n

export type Balances = Readonly<{ alice: bigint; carol: bigint; bob: bigint }>

/** Who pays and who is paid in whole jobs: alice, and bob behind carol; carol is also where a router is paid. */
export type Ends = Readonly<{
  payer: Payer
  wallet: Wallet
  router: Wallet
  /** Of what the wallets count, msat. */
  granularity: bigint
  /** What each has in its channels now, msat: what is on its way has left the one, and not come to the other. */
  balances(): Promise<Balances>
  /** Whether no channel of the three has an HTLC. */
  isStill(): Promise<boolean>
  /** How many invoices were made. */
  made(): Promise<Readonly<{ carol: number; bob: number }>>
  close(): Promise<void>
}>

/** What each has once nothing is on its way any more, msat. */
export const atRest = async (ends: Ends): Promise<Balances> => {
  await until('no channel has an HTLC', () => ends.isStill())
  return ends.balances()
}

/** Waits for real. */
export const until = async (
  what: string,
  check: () => boolean | Promise<boolean>,
): Promise<void> => {
  const end = performance.now() + PATIENCE_MS
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`not within ${PATIENCE_MS} ms: ${what}`)
    await Bun.sleep(1)
  }
}

const PATIENCE_MS = 10_000

type LdkEnds = Ends & Readonly<{ wallet: LdkWallet; router: LdkWallet }>

/** LDK nodes that are asked directly. */
export const ldkEnds = (lightning: Lightning, clock: ShiftingClock): LdkEnds => {
  const { alice, carol, bob } = lightning
  const [wallet, router] = [ldkWallet(lightning, bob, clock), ldkWallet(lightning, carol, clock)]
  const payers = [alice, carol, bob].map((node) => ldkPayer(node, clock))
  return {
    payer: payers[0]!,
    wallet,
    router,
    granularity: 1n,
    async balances() {
      const [ofAlice, ofCarol, ofBob] = payers.map((it) => it.balance())
      return { alice: ofAlice!, carol: ofCarol!, bob: ofBob! }
    },
    isStill: async () => [alice, carol, bob].every(hasNoHtlc),
    made: async () => ({ carol: router.made(), bob: wallet.made() }),
    async close() {
      for (const it of [...payers, wallet, router]) await it.close()
    },
  }
}

const hasNoHtlc = ({ manager }: LdkNode): boolean =>
  manager
    .list_channels()
    .every(
      (it) => it.get_pending_inbound_htlcs().length + it.get_pending_outbound_htlcs().length === 0,
    )

/**
 * A wallet service before each of the three nodes, and a relay that all are reached over. A router's door forwards
 * the kinds of fedai and no others, so the requests to a wallet never go there (nwc-door.test.ts).
 * @param service.holds whether the services say that they hold payments. Default: yes
 */
export const nwcEnds = async (
  lightning: Lightning,
  clock: ShiftingClock,
  service: Readonly<{ holds?: boolean }> = {},
): Promise<Ends> => {
  const relay = await openFakeRelay()
  const relays = [relay.url]
  const methods = service.holds === false ? RECEIVE : [...RECEIVE, ...HOLD]
  const behind = ldkEnds(lightning, clock)
  const own = ldkWallet(lightning, lightning.alice, clock)
  const open = (wallet: LdkWallet, payer?: Payer) =>
    openNwcService({
      wallet,
      clock,
      relays,
      methods: payer ? PAY : methods,
      ...(payer && { payer }),
    })
  const [buyer, seller, router] = [
    await open(own, behind.payer),
    await open(behind.wallet),
    await open(behind.router),
  ]
  const seams = await nwcSeams(clock)
  const ends = {
    payer: await openNwcPayer({ kind: 'nwc', uri: buyer.uri }, seams),
    wallet: await openNwcWallet({ kind: 'nwc', uri: seller.uri }, seams),
    router: await openNwcWallet({ kind: 'nwc', uri: router.uri }, seams),
  }
  return {
    ...behind,
    ...ends,
    granularity: 1_000n,
    async close() {
      for (const it of [...Object.values(ends), buyer, seller, router, own]) await it.close()
      await relay.close()
      await behind.close()
    },
  }
}
