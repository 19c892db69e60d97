// What the tests of top-ups with no job behind them stand on.
import type { Msat } from '../../src/engine/base/money.ts'
import type { PubKey } from '../../src/engine/protocol/ids.ts'
import type { Client, News, ToppedUp } from '../../src/engine/roles/client/news.ts'
import type { World } from './world.ts'

type Topping = { news: News[]; end: ToppedUp | undefined }

/** A top-up is asked for; what is told of it gathers in `news`. */
export const topUp = (
  client: Client,
  node: PubKey,
  amount: Msat | null = null,
  more: { maxFee?: Msat; dryRun?: boolean; signal?: AbortSignal } = {},
): Topping => {
  const it: Topping = { news: [], end: undefined }
  const { maxFee = null, dryRun = false, signal } = more
  void (async () => {
    for await (const news of client.topUp({ node, amount, maxFee, dryRun }, signal)) {
      it.news.push(news)
      if (news.type === 'topped_up') it.end = news
    }
  })()
  return it
}

/** Lets time pass until a top-up has ended, at most so many ms. */
export const over = async (it: World, topping: Topping, ms = 60_000): Promise<ToppedUp> => {
  for (let waited = 0; waited < ms && !topping.end; waited += 100) await it.clock.advance(100)
  return topping.end!
}

export const told = ({ news }: Topping): string[] => news.map(({ type }) => type)
export const keyOf = (it: World): PubKey => it.nodes[0]!.signer.pubkey
