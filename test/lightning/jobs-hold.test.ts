// Jobs by `hold` over real Lightning: the money of the client's LDK node waits on two channels, behind a hop, until
// the node's LDK node claims it with the key of the result or lets it go.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import type { Wish } from '../../src/engine/roles/client/news.ts'
import type { Piece } from '../../src/engine/runners/runner.ts'
import { type Work, scriptedChat, scriptedRunner } from '../fakes/scripted-runner.ts'
import { openLightning } from './ldk.ts'
import { ldkPayer } from './ldk-payer.ts'
import { ldkWallet } from './ldk-wallet.ts'
import { type Asked, type Market, openMarket } from './market.ts'
import { shiftingClock } from './shifting-clock.ts'

/** 5 bytes at 1,000.2 msat each: no whole number of satoshis. */
const PRICE = 5_001n
const HOP_FEE = 1_000n
const ROWS: typeof PLAY_PRICES = PLAY_PRICES.map((row) =>
  row.task === 'text.summarize' ? { ...row, rates: { byte: '1000200000' } } : row,
)
const asking = (input: string): Partial<Wish> => ({
  task: 'text.summarize@1',
  input: { input },
  outTokens: 0,
  timings: ['hold'],
})

/** What the runner does is what it is asked about. */
const scriptFor = ({ input }: Work) => {
  const { input: text } = input as { input: string }
  const pieces: Piece[] = [
    { delta: { text: text.slice(0, 2) }, usage: { byte: 2 } },
    { delta: { text: text.slice(2), spans: [{ start: 0, end: 5 }] }, usage: { byte: 5 } },
  ]
  if (text === 'fails') return { pieces, fail: { after: 1, trouble: 'crashed' } as const }
  return { pieces, pieceMs: 2, endless: text === 'waits' }
}

const clock = shiftingClock()
const lightning = await openLightning(clock)
const wallet = ldkWallet(lightning, lightning.bob, clock)
const payer = ldkPayer(lightning.alice, clock)
const bobs = ldkPayer(lightning.bob, clock)
const balances = () => ({ alice: payer.balance(), bob: bobs.balance() })

let market: Market
beforeAll(async () => {
  const summarizer = { ...scriptedChat('scripted-summary'), task: 'text.summarize@1' as const }
  const runner = scriptedRunner(scriptFor, { clock: systemClock, capabilities: [summarizer] })
  market = await openMarket(wallet, payer, { runner, rows: ROWS })
})
afterAll(async () => {
  await market.close()
  lightning.close()
})

const until = async (what: string, check: () => boolean): Promise<void> => {
  for (let i = 0; i < 5_000; i++) {
    if (check()) return
    await Bun.sleep(1)
  }
  throw new Error(`never: ${what}`)
}

const told = ({ news }: Asked): string =>
  news
    .map(({ type }) => type)
    .filter((it) => ['funding', 'paying', 'held', 'accepted', 'paid', 'ended'].includes(it))
    .join(' ')

/** Nothing is charged, and what was held is back on the channel of whom it came from. */
const expectBack = async (asked: Asked, had: ReturnType<typeof balances>, paid: bigint) => {
  expect(asked.outcome).toMatchObject({ cost: 0n, output: null, receipt: { cost: 0n } })
  expect(asked.news.some(({ type }) => type === 'piece' || type === 'paid')).toBe(false)
  await until('the money that comes back', () => payer.balance() === had.alice)
  await until('the journal', () => market.books().payments[0]!.state === 'failed')
  expect(balances()).toEqual(had)
  expect(market.books().view).toMatchObject({ paid })
  const { hash } = market.books().payments[0]!
  expect((await wallet.lookup(hash)).state).toBe('canceled')
}

describe('hold on LDK nodes', () => {
  test('settled: the money waits on the channel while it runs, and buys the key of the result', async () => {
    const had = balances()
    let waiting = had
    const asked = await market.ask(asking('hello'), ({ type }) => {
      if (type === 'started') waiting = balances()
    })
    expect(asked.outcome.fault).toBeNull()
    expect(told(asked)).toBe('funding paying held accepted paid ended')
    // It has left the one and not come to the other.
    expect(waiting).toEqual({ alice: had.alice - PRICE - HOP_FEE, bob: had.bob })
    expect(asked.outcome).toMatchObject({ cost: PRICE, left: 0n, verified: true, finish: 'stop' })
    expect(asked.outcome.output).toMatchObject({ text: 'hello' })
    expect(asked.outcome.receipt).toMatchObject({ status: 'ok', cost: PRICE, usage: { byte: 5 } })

    await until('the channels', () => bobs.balance() === had.bob + PRICE)
    expect(payer.balance()).toBe(had.alice - PRICE - HOP_FEE)
    await until('the last statement', () => market.books().view.n === 1)
    const { tab, view, payments } = market.books()
    expect(tab).toMatchObject({ paid: PRICE, used: PRICE, reserved: 0n, n: 1 })
    expect(view).toMatchObject({ paid: PRICE, used: PRICE })
    expect(payments).toMatchObject([
      { purpose: 'job', ref: asked.outcome.job, msat: PRICE, fee: HOP_FEE, state: 'settled' },
    ])
    expect((await wallet.lookup(payments[0]!.hash)).state).toBe('settled')
  })

  test('a runner that fails in the middle: the money comes back', async () => {
    const had = balances()
    const asked = await market.ask(asking('fails'))
    expect(asked.outcome.fault!.code).toBe('job.runner_failed')
    expect(told(asked)).toContain('held')
    await expectBack(asked, had, PRICE)
  })

  test('cancelled while it runs: the money comes back', async () => {
    const had = balances()
    let waiting = had
    const asked = await market.ask(asking('waits'), ({ type }, stop) => {
      if (type !== 'started') return
      waiting = balances()
      stop()
    })
    expect(waiting.alice).toBe(had.alice - PRICE - HOP_FEE)
    expect(asked.outcome.fault!.code).toBe('job.cancelled')
    expect(asked.outcome.receipt).toMatchObject({ status: 'client_cancelled' })
    await expectBack(asked, had, PRICE)
  })

  test('a way that would lock the money for longer than is allowed is not taken', async () => {
    const had = balances()
    const wish = { msat: msat(PRICE), terms: 'terms', expirySec: 60 }
    const { bolt11 } = await wallet.createInvoice(wish)
    const limits = { maxFee: msat(HOP_FEE), timeoutMs: 5_000 }
    const refused = { state: 'failed', reason: 'no_route' }
    expect(await payer.pay(bolt11, { ...limits, maxCltv: 50 })).toMatchObject(refused)
    expect(balances()).toEqual(had)
    expect(await payer.pay(bolt11, { ...limits, maxCltv: 300 })).toMatchObject({ state: 'settled' })
  })
})
