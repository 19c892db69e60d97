import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Balances, type Ends, HOP_FEE, atRest, until } from './ends.ts'
import { type Asked, type Market, WORD_MSAT, openMarket } from './market.ts'

const payments = ({ news }: Asked): bigint[] =>
  news.flatMap((it) => (it.type === 'paid' ? [it.msat as bigint] : []))

/** Whole jobs that are paid on a tab: `before`, `stream` and `after`, and what the books say then. */
export const jobCases = (name: string, open: () => Promise<Ends>): void =>
  describe(`jobs on a tab, ${name}`, () => {
    let ends: Ends
    let market: Market
    let had: Balances
    beforeAll(async () => {
      ends = await open()
      had = await atRest(ends)
      market = await openMarket(ends.wallet, ends.payer)
    })
    afterAll(async () => {
      await market.close()
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
        fee: HOP_FEE,
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
      const order = asked.news.map(({ type }) => type)
      expect(order.indexOf('paid')).toBeGreaterThan(order.lastIndexOf('piece'))
      const owed = used + asked.outcome.cost - paid
      const carried = owed % ends.granularity
      expect(owed).toBeGreaterThan(1_000n)
      expect(payments(asked)).toEqual([owed - carried])
      expect(asked.outcome.left).toBe(-carried)
      expect(market.books().view.paid).toBe((paid + owed - carried) as never)
    })

    test('the tab, its statements, the journal and the channels agree to the millisatoshi', async () => {
      const paid = market.books().view.paid
      await until('the node', () => market.books().tab?.paid === paid)
      await until('the last statement', () => market.books().view.n === 4)
      const { tab, view, statements, payments: all } = market.books()
      expect(tab).toMatchObject({ paid, used: view.used, reserved: 0n, n: 4, seq: view.seq })
      expect(statements.map(({ n }) => n)).toEqual([1, 2, 3, 4])
      expect(statements.reduce((sum, it) => sum + it.cost, 0n)).toBe(view.used)
      expect(all.every(({ state }) => state === 'settled')).toBe(true)
      expect(all.reduce((sum, it) => sum + it.msat, 0n)).toBe(paid)
      expect(new Set(all.map(({ seq }) => seq)).size).toBe(all.length)
      const fees = all.reduce((sum, it) => sum + (it.fee ?? 0n), 0n)
      expect(fees).toBe(HOP_FEE * BigInt(all.length))
      expect(await atRest(ends)).toEqual({
        alice: had.alice - paid - fees,
        carol: had.carol + fees,
        bob: had.bob + paid,
      })
    })
  })
