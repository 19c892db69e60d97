// Whole jobs that are paid over real Lightning: the node's wallet is an LDK node, and so is the client's, with a hop
// between them that takes a fee. Once asked directly and once over NIP-47. A router's door forwards the kinds of fedai
// and no others, so the requests to a wallet never go there: they go over a relay.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { openNwcPayer } from '../../src/engine/payments/nwc/payer.ts'
import { openNwcWallet } from '../../src/engine/payments/nwc/wallet.ts'
import type { Payer } from '../../src/engine/payments/payer.ts'
import type { Wallet } from '../../src/engine/payments/wallet.ts'
import { openFakeRelay } from '../fakes/relay.ts'
import { openLightning } from './ldk.ts'
import { ldkPayer } from './ldk-payer.ts'
import { ldkWallet } from './ldk-wallet.ts'
import { type Asked, type Market, WORD_MSAT, openMarket } from './market.ts'
import { openNwcService, PAY, RECEIVE } from './nwc-service.ts'
import { nwcSeams } from './nwc-specimens.ts'
import { shiftingClock } from './shifting-clock.ts'

const clock = shiftingClock()
const lightning = await openLightning(clock)
const [alice, bob] = [ldkPayer(lightning.alice, clock), ldkPayer(lightning.bob, clock)]
afterAll(() => lightning.close())

type Ends = Readonly<{ wallet: Wallet; payer: Payer; granularity: bigint; close(): Promise<void> }>

const direct = async () => ({
  wallet: ldkWallet(lightning, lightning.bob, clock),
  payer: ldkPayer(lightning.alice, clock),
  granularity: 1n,
  close: async () => {},
})

/** A wallet service before each of the two nodes, and a relay that both are reached over. */
const overNwc = async (): Promise<Ends> => {
  const relay = await openFakeRelay()
  const relays = [relay.url]
  const behind = await direct()
  const own = ldkWallet(lightning, lightning.alice, clock)
  const seller = await openNwcService({ wallet: behind.wallet, clock, relays, methods: RECEIVE })
  const buyer = await openNwcService({
    wallet: own,
    payer: behind.payer,
    clock,
    relays,
    methods: PAY,
  })
  const seams = await nwcSeams(clock)
  return {
    wallet: await openNwcWallet({ kind: 'nwc', uri: seller.uri }, seams),
    payer: await openNwcPayer({ kind: 'nwc', uri: buyer.uri }, seams),
    granularity: 1_000n,
    close: async () => {
      await seller.close()
      await buyer.close()
      await behind.wallet.close()
      await own.close()
      await relay.close()
    },
  }
}

const until = async (what: string, check: () => boolean): Promise<void> => {
  for (let i = 0; i < 5_000; i++) {
    if (check()) return
    await Bun.sleep(1)
  }
  throw new Error(`never: ${what}`)
}

const payments = ({ news }: Asked): bigint[] =>
  news.flatMap((it) => (it.type === 'paid' ? [it.msat as bigint] : []))

const jobsOver = (name: string, open: () => Promise<Ends>): void =>
  describe(name, () => {
    let ends: Ends
    let market: Market
    let had: Readonly<{ alice: bigint; bob: bigint }>
    beforeAll(async () => {
      had = { alice: alice.balance(), bob: bob.balance() }
      ends = await open()
      market = await openMarket(ends.wallet, ends.payer)
    })
    afterAll(async () => {
      await market.close()
      await ends.payer.close()
      await ends.close()
    })

    test('before: the first one pays a top-up, the second draws on what is left', async () => {
      const first = await market.ask({ outTokens: 1, timings: ['before'] })
      expect(first.outcome.fault).toBeNull()
      const told = first.news.map(({ type }) => type)
      const money = told.filter((it) => ['funding', 'paying', 'paid', 'accepted'].includes(it))
      expect(money).toEqual(['funding', 'paying', 'paid', 'accepted'])
      expect(first.news.find(({ type }) => type === 'paid')).toMatchObject({
        msat: 10_000n,
        fee: 1_000n,
      })
      const { cost, left } = first.outcome
      expect(cost).toBeGreaterThan(WORD_MSAT)
      expect(left).toBe(10_000n - cost)

      const second = await market.ask({ outTokens: 1, timings: ['before'] })
      expect(second.outcome.fault).toBeNull()
      expect(payments(second)).toEqual([])
      expect(second.outcome.left).toBe(10_000n - 2n * cost)
    })

    test('stream: more than may lie at a node is paid while it runs, top-up by top-up', async () => {
      const asked = await market.ask({ outTokens: 200 })
      expect(asked.outcome.fault).toBeNull()
      expect(asked.outcome.ceiling).toBeGreaterThan(200_000n)
      expect(asked.outcome.cost).toBeGreaterThan(400_000n)
      const paid = payments(asked)
      expect(paid.length).toBeGreaterThan(1)
      for (const it of paid) expect(it >= 100_000n && it <= 200_000n).toBe(true)
      const order = asked.news.map(({ type }) => type)
      expect(order.indexOf('piece')).toBeLessThan(order.indexOf('paid'))
      expect(order.lastIndexOf('piece')).toBeGreaterThan(order.lastIndexOf('paid'))
      // Where it left the tab low the next top-up is paid in the background.
      const next = asked.outcome.left! < 10_000n ? 100_000n : 0n
      const sum = paid.reduce((all, it) => all + it, 10_000n + next)
      await until('the top-up after it', () => market.books().view.paid === sum)
    })

    test('after: whoever paid before is served on credit, and pays what it owes', async () => {
      const { paid, used } = market.books().view
      const words = (paid - used) / WORD_MSAT + 2n
      const asked = await market.ask({ outTokens: Number(words), timings: ['after'] })
      expect(asked.outcome.fault).toBeNull()
      expect(payments(asked)).toEqual([])
      const { left } = asked.outcome
      expect(left).toBeLessThan(-1_000n)
      const carried = -left! % ends.granularity
      await until('what was owed', () => market.books().view.paid === paid - left! - carried)
    })

    test('the tab, its statements, the journal and the channels agree to the millisatoshi', async () => {
      const paid = market.books().view.paid
      await until('the node', () => market.books().tab?.paid === paid)
      const { tab, view, statements, payments: all } = market.books()
      expect(tab).toMatchObject({ paid, used: view.used, reserved: 0n, n: 4, seq: view.seq })
      await until('the last statement', () => market.books().view.n === 4)
      expect(statements.map(({ n }) => n)).toEqual([1, 2, 3, 4])
      expect(statements.reduce((sum, it) => sum + it.cost, 0n)).toBe(view.used)
      expect(all.every(({ state }) => state === 'settled')).toBe(true)
      expect(all.reduce((sum, it) => sum + it.msat, 0n)).toBe(paid)
      expect(new Set(all.map(({ seq }) => seq)).size).toBe(all.length)
      const fees = all.reduce((sum, it) => sum + (it.fee ?? 0n), 0n)
      expect(fees).toBe(1_000n * BigInt(all.length))
      await until('the channels', () => bob.balance() - had.bob === paid)
      expect(had.alice - alice.balance()).toBe(paid + fees)
    })
  })

jobsOver('LDK nodes that are asked directly', direct)
jobsOver('LDK nodes that are asked over NWC', overNwc)
