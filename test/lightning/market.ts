import { systemClock } from '../../src/engine/base/clock.ts'
import { silentLog } from '../../src/engine/base/log.ts'
import { msat } from '../../src/engine/base/money.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../src/engine/identity/signer.ts'
import type { Payer } from '../../src/engine/payments/payer.ts'
import type { Wallet } from '../../src/engine/payments/wallet.ts'
import { openClient } from '../../src/engine/roles/client/client.ts'
import type { News, Outcome, Wish } from '../../src/engine/roles/client/news.ts'
import { openPurse } from '../../src/engine/roles/client/purse.ts'
import { openNode } from '../../src/engine/roles/node/node.ts'
import type { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import { openRouter } from '../../src/engine/roles/router/router.ts'
import type { Runner } from '../../src/engine/runners/runner.ts'
import { memoryStore } from '../../src/engine/storage/memory.ts'
import { memoryNetwork } from '../../src/engine/transport/memory.ts'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { wishOf } from '../network/world.ts'

/** What a word costs at the node of `openMarket`, msat: many times what it would, so that a job needs several top-ups. */
export const WORD_MSAT = 2_000n
const CREDIT = { each: msat(50_000n), all: msat(50_000n) }

export type Asked = Readonly<{ outcome: Outcome; news: readonly News[] }>

/** What is unlike the usual: a node that does other work at other prices, a router that takes a fee. */
export type Unlike = Readonly<{
  runner?: Runner
  rows?: typeof PLAY_PRICES
  fee?: Readonly<{ wallet: Wallet; pack: bigint; routes: number }>
}>

/**
 * Router, node and client on links within this process, on the machine's clock and the net `regtest`. The node says as
 * many words as it is let, one each 2 ms; what it is paid goes from one wallet to the other and over nothing of ours.
 */
export const openMarket = async (wallet: Wallet, payer: Payer, unlike: Unlike = {}) => {
  const clock = systemClock
  const secp = await openSecp256k1()
  const random = systemRandom
  const network = memoryNetwork({ clock, random })
  const address = { hostname: 'router.test', port: 7447 }
  const broken = (fault: Error) => {
    throw fault
  }
  const common = () => ({
    secp,
    random,
    network,
    clock,
    broken,
    net: 'regtest' as const,
    signer: newSigner(secp, random),
    store: memoryStore(),
    log: silentLog,
    software: 'test',
  })
  const house = common()
  const { fee } = unlike
  const router = await openRouter({
    ...house,
    ...address,
    name: 'router',
    ...(fee && { fee: { ...fee, pack: msat(fee.pack), store: house.store.money } }),
  })
  const at = { key: router.key, address: router.address }
  const seller = common()
  const node = await openNode({
    ...seller,
    routers: [at],
    runners: [unlike.runner ?? talker()],
    rows: unlike.rows ?? ROWS,
    money: { wallet, store: seller.store.money, credit: CREDIT },
  })
  const buyer = common()
  const purse = openPurse({ ...buyer, store: buyer.store.money, payer, wallet: 'the only one' })
  const caps = { budget: msat(2_000_000n), exposure: msat(200_000n) }
  const client = await openClient({ ...common(), router: at, money: { purse, caps } })
  return {
    /** The tab as its node and as its client count it, and what the client paid. */
    books: () => ({
      tab: seller.store.money.tabs(node.key)[0],
      statements: seller.store.money.statements(node.key, purse.tab(node.key).pubkey, 1, 1_000),
      view: purse.view(node.key),
      payments: buyer.store.money.payments(1_000),
    }),
    /** The packs of routes as the router and as the client count them. */
    packs: () => ({
      tab: house.store.money.tabs(router.key)[0],
      view: purse.view(router.key),
    }),
    /** One job of so many words, to its end; all that is told of it is heard as it comes. */
    async ask(
      wish: Partial<Wish>,
      heard: (news: News, stop: () => void) => void | Promise<void> = () => {},
    ): Promise<Asked> {
      const stop = new AbortController()
      const news: News[] = []
      for await (const it of client.request(
        wishOf({ deadlineMs: 10_000, waitMs: 5_000, ...wish }),
        stop.signal,
      )) {
        news.push(it)
        await heard(it, () => stop.abort())
        if (it.type === 'ended') return { outcome: it.outcome, news }
      }
      throw new Error('a job without an end')
    },
    async close() {
      await client.close()
      await purse.close()
      await node.close()
      await router.close()
    },
  }
}

export type Market = Awaited<ReturnType<typeof openMarket>>

/** Says as many words as it is let. */
const talker = (): Runner => {
  const words = (n: number) => Array.from({ length: n }, (_, i) => `word${i} `)
  return scriptedRunner((work) => ({ pieces: textPieces(words(work.outTokens)), pieceMs: 2 }), {
    clock: systemClock,
  })
}

const ROWS: typeof PLAY_PRICES = [
  {
    row: 0,
    task: 'text.chat',
    model: '*',
    rates: { in_token: '1000000', out_token: `${WORD_MSAT}000000` },
    minimum: '0',
    cold_surcharge: '0',
    timings: [],
  },
]
