// A router's fee over real Lightning: the client's LDK node pays the node of the job behind a hop, and the router's
// wallet on the hop itself, each for its own.
import { afterAll, expect, test } from 'bun:test'
import { openLightning } from './ldk.ts'
import { ldkPayer } from './ldk-payer.ts'
import { ldkWallet } from './ldk-wallet.ts'
import { type Asked, openMarket } from './market.ts'
import { shiftingClock } from './shifting-clock.ts'

/** No whole number of satoshis. */
const FEE = { pack: 10_002n, routes: 2 }
const ROUTE = FEE.pack / BigInt(FEE.routes)
const HOP_FEE = 1_000n
/** A session that asks a router for an invoice twice within a second is not answered, and asks again in 5 s. */
const ANSWERED_EVERY_MS = 1_000

const clock = shiftingClock()
const lightning = await openLightning(clock)
const wallet = ldkWallet(lightning, lightning.bob, clock)
const routers = ldkWallet(lightning, lightning.carol, clock)
const payer = ldkPayer(lightning.alice, clock)
const [carols, bobs] = [ldkPayer(lightning.carol, clock), ldkPayer(lightning.bob, clock)]
const market = await openMarket(wallet, payer, { fee: { wallet: routers, ...FEE } })
afterAll(async () => {
  await market.close()
  lightning.close()
})

const balances = () => ({ alice: payer.balance(), carol: carols.balance(), bob: bobs.balance() })
const had = balances()

const until = async (what: string, check: () => boolean): Promise<void> => {
  for (let i = 0; i < 5_000; i++) {
    if (check()) return
    await Bun.sleep(1)
  }
  throw new Error(`never: ${what}`)
}

const serve = async (): Promise<Asked> => {
  const asked = await market.ask({ outTokens: 1, timings: ['before'] })
  expect(asked.outcome.fault).toBeNull()
  expect(asked.outcome.fee).toBe(ROUTE as never)
  return asked
}
const packs = (asked: Asked): number => asked.news.filter(({ type }) => type === 'fee').length
/** What was paid in a job, and to whom. */
const paid = ({ news }: Asked) =>
  news.flatMap((it) => (it.type === 'paid' ? [{ msat: it.msat, fee: it.fee }] : []))

const expectPacks = async (bought: bigint, used: bigint): Promise<void> => {
  const sums = { paid: bought * FEE.pack, used: used * ROUTE }
  await until('the route that is used up', () => market.packs().view.used === sums.used)
  expect(market.packs().tab).toMatchObject(sums)
  expect(market.packs().view).toMatchObject(sums)
}

/** All that came to the router and to the node, and what the hop took of it, left the client. */
const expectChannels = async (router: bigint, node: bigint, hops: bigint): Promise<void> => {
  await until('the channels', () => bobs.balance() === had.bob + node)
  await until('the hop', () => carols.balance() === had.carol + router + hops)
  expect(payer.balance()).toBe(had.alice - router - node - hops)
}

test('a pack is bought for the first job, the second uses a route of it, the third buys the next', async () => {
  const first = await serve()
  expect(packs(first)).toBe(1)
  expect(paid(first)).toEqual([
    { msat: FEE.pack, fee: 0n },
    { msat: 10_000n, fee: HOP_FEE },
  ] as never)
  await expectPacks(1n, 1n)
  await expectChannels(FEE.pack, 10_000n, HOP_FEE)

  const second = await serve()
  expect([packs(second), paid(second)]).toEqual([0, []])
  await expectPacks(1n, 2n)
  await expectChannels(FEE.pack, 10_000n, HOP_FEE)
  expect([routers.made(), wallet.made()]).toEqual([1, 1])

  await Bun.sleep(ANSWERED_EVERY_MS)
  const third = await serve()
  expect(paid(third)).toContainEqual({ msat: FEE.pack, fee: 0n } as never)
  await expectPacks(2n, 3n)
  await expectChannels(2n * FEE.pack, 10_000n, HOP_FEE)
  expect(routers.made()).toBe(2)
  for (const { state } of market.books().payments) expect(state).toBe('settled')
})
