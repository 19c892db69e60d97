import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Balances, type Ends, HOP_FEE, atRest, until } from './ends.ts'
import { type Asked, type Market, openMarket } from './market.ts'

/** No whole number of satoshis; and one for a wallet that counts these. */
const ROUTES = 2
const MSATS = { pack: 10_002n, route: 5_001n }
const SATS = { pack: 11_000n, route: 5_500n }
/** A session that asks a router for an invoice twice within a second is not answered, and asks again in 5 s. */
const ANSWERED_EVERY_MS = 1_000

/** What was paid in a job, and to whom. */
const paid = ({ news }: Asked) =>
  news.flatMap((it) => (it.type === 'paid' ? [{ msat: it.msat, fee: it.fee }] : []))
const packs = (asked: Asked): number => asked.news.filter(({ type }) => type === 'fee').length

/** A router's fee: alice pays the node of the job behind a hop, and the router's wallet on the hop itself, each for its own. */
export const feeCases = (name: string, open: () => Promise<Ends>): void =>
  describe(`a router's fee, ${name}`, () => {
    let ends: Ends
    let market: Market
    let had: Balances
    let invoices: Readonly<{ carol: number; bob: number }>
    let fee: typeof MSATS
    beforeAll(async () => {
      ends = await open()
      fee = ends.granularity === 1n ? MSATS : SATS
      had = await atRest(ends)
      market = await openMarket(ends.wallet, ends.payer, {
        fee: { wallet: ends.router, pack: fee.pack, routes: ROUTES },
      })
      invoices = await ends.made()
    })
    afterAll(async () => {
      await market.close()
      await ends.close()
    })

    const serve = async (): Promise<Asked> => {
      const asked = await market.ask({ outTokens: 1, timings: ['before'] })
      expect(asked.outcome.fault).toBeNull()
      expect(asked.outcome.fee).toBe(fee.route as never)
      return asked
    }

    /** So many packs were bought and routes used, by both counts; to the channels came that and what the node got. */
    const expectBooks = async (bought: bigint, used: bigint): Promise<void> => {
      const sums = { paid: bought * fee.pack, used: used * fee.route }
      await until('the route that is used up', () => market.packs().view.used === sums.used)
      expect(market.packs().tab).toMatchObject(sums)
      expect(market.packs().view).toMatchObject(sums)
      const node = 10_000n
      expect(await atRest(ends)).toEqual({
        alice: had.alice - sums.paid - node - HOP_FEE,
        carol: had.carol + sums.paid + HOP_FEE,
        bob: had.bob + node,
      })
      const { carol, bob } = await ends.made()
      expect([carol - invoices.carol, bob - invoices.bob]).toEqual([Number(bought), 1])
    }

    test('a pack is bought for the first job, the second uses a route of it, the third buys the next', async () => {
      const first = await serve()
      expect(packs(first)).toBe(1)
      expect(paid(first)).toEqual([
        { msat: fee.pack, fee: 0n },
        { msat: 10_000n, fee: HOP_FEE },
      ] as never)
      await expectBooks(1n, 1n)

      const second = await serve()
      expect([packs(second), paid(second)]).toEqual([0, []])
      await expectBooks(1n, 2n)

      await Bun.sleep(ANSWERED_EVERY_MS)
      const third = await serve()
      expect(paid(third)).toContainEqual({ msat: fee.pack, fee: 0n } as never)
      await expectBooks(2n, 3n)
      const { payments } = market.books()
      expect(payments.map(({ purpose, msat }) => [purpose, msat]).toSorted()).toEqual([
        ['route', fee.pack],
        ['route', fee.pack],
        ['topup', 10_000n],
      ] as never)
      for (const { state } of payments) expect(state).toBe('settled')
    })
  })
