import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import type { Wish } from '../../src/engine/roles/client/news.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import type { Piece, Runner } from '../../src/engine/runners/runner.ts'
import { type Work, scriptedChat, scriptedRunner } from '../fakes/scripted-runner.ts'
import { type Balances, type Ends, HOP_FEE, atRest, until } from './ends.ts'
import { type Asked, type Market, openMarket } from './market.ts'

/** 5 bytes at 1,000.2 msat each: no whole number of satoshis. */
const PRICE = 5_001n
const ROWS: typeof PLAY_PRICES = PLAY_PRICES.map((row) =>
  row.task === 'text.summarize' ? { ...row, rates: { byte: '1000200000' } } : row,
)

/** A job by `hold` for a node that `openHoldMarket` opened; what the runner does is what it is asked about. */
export const holdWish = (input: 'hello' | 'fails' | 'waits'): Partial<Wish> => ({
  task: 'text.summarize@1',
  input: { input },
  outTokens: 0,
  timings: ['hold'],
})

/** A market whose node sells a task whose price is fixed. @param runner what does the work, around what is scripted */
export const openHoldMarket = (
  ends: Ends,
  runner = (it: Runner): Runner => it,
): Promise<Market> => {
  const summarizer = { ...scriptedChat('scripted-summary'), task: 'text.summarize@1' as const }
  const scripted = scriptedRunner(scriptFor, { clock: systemClock, capabilities: [summarizer] })
  return openMarket(ends.wallet, ends.payer, { runner: runner(scripted), rows: ROWS })
}

const scriptFor = ({ input }: Work) => {
  const { input: text } = input as { input: string }
  const pieces: Piece[] = [
    { delta: { text: text.slice(0, 2) }, usage: { byte: 2 } },
    { delta: { text: text.slice(2), spans: [{ start: 0, end: 5 }] }, usage: { byte: 5 } },
  ]
  if (text === 'fails') return { pieces, fail: { after: 1, trouble: 'crashed' } as const }
  return { pieces, pieceMs: 2, endless: text === 'waits' }
}

const told = ({ news }: Asked): string =>
  news
    .map(({ type }) => type)
    .filter((it) => ['funding', 'paying', 'held', 'accepted', 'paid', 'ended'].includes(it))
    .join(' ')

/**
 * Jobs by `hold`: the money waits on two channels, behind a hop, until the wallet claims it with the key of the result
 * or lets it go.
 */
export const holdCases = (name: string, open: () => Promise<Ends>): void =>
  describe(`jobs by hold, ${name}`, () => {
    let ends: Ends
    let market: Market
    /** The price, as the node's wallet counts. */
    let invoiced: bigint
    /** Until when the runner does nothing. */
    let gate: Promise<void> = Promise.resolve()
    beforeAll(async () => {
      ends = await open()
      const { granularity } = ends
      invoiced = ((PRICE + granularity - 1n) / granularity) * granularity
      market = await openHoldMarket(ends, (scripted) => ({
        ...scripted,
        run: (work, sink, signal) => gate.then(() => scripted.run(work, sink, signal)),
      }))
    })
    afterAll(async () => {
      await market.close()
      await ends.close()
    })

    /** It has left the one and not come to the other, and the one between has what she had. */
    const expectWaiting = async (had: Balances): Promise<void> => {
      expect(await ends.isStill()).toBe(false)
      const { alice, bob } = await ends.balances()
      expect({ alice, bob }).toEqual({ alice: had.alice - invoiced - HOP_FEE, bob: had.bob })
    }

    /** Nothing is charged, no channel has an HTLC, and what was held is with whom it came from. */
    const expectBack = async (asked: Asked, had: Balances): Promise<void> => {
      expect(asked.outcome).toMatchObject({ cost: 0n, output: null, receipt: { cost: 0n } })
      expect(asked.news.some(({ type }) => type === 'piece' || type === 'paid')).toBe(false)
      // Whoever asked may leave now: the journal has no open end.
      const { hash, msat: sum, state } = market.books().payments[0]!
      expect([sum as bigint, state]).toEqual([invoiced, 'failed'])
      expect(await atRest(ends)).toEqual(had)
      expect(market.books().view).toMatchObject({ paid: invoiced, used: PRICE })
      expect((await ends.wallet.lookup(hash)).state).toBe('canceled')
    }

    test('settled: the money waits on the channel while it runs, and buys the key of the result', async () => {
      const had = await atRest(ends)
      const { promise, resolve } = Promise.withResolvers<void>()
      gate = promise
      const asked = await market.ask(holdWish('hello'), async ({ type }) => {
        if (type !== 'accepted') return
        await expectWaiting(had).finally(resolve)
      })
      expect(asked.outcome.fault).toBeNull()
      expect(told(asked)).toBe('funding paying held accepted paid ended')
      const left = invoiced - PRICE
      expect(asked.outcome).toMatchObject({ cost: PRICE, left, verified: true, finish: 'stop' })
      expect(asked.outcome.output).toMatchObject({ text: 'hello' })
      expect(asked.outcome.receipt).toMatchObject({ status: 'ok', cost: PRICE, usage: { byte: 5 } })

      expect(await atRest(ends)).toEqual({
        alice: had.alice - invoiced - HOP_FEE,
        carol: had.carol + HOP_FEE,
        bob: had.bob + invoiced,
      })
      await until('the last statement', () => market.books().view.n === 1)
      const { tab, view, payments } = market.books()
      expect(tab).toMatchObject({ paid: invoiced, used: PRICE, reserved: 0n, n: 1 })
      expect(view).toMatchObject({ paid: invoiced, used: PRICE })
      expect(payments).toMatchObject([
        { purpose: 'job', ref: asked.outcome.job, msat: invoiced, fee: HOP_FEE, state: 'settled' },
      ])
      expect((await ends.wallet.lookup(payments[0]!.hash)).state).toBe('settled')
    })

    test('a runner that fails in the middle: the money comes back', async () => {
      const had = await atRest(ends)
      const asked = await market.ask(holdWish('fails'))
      expect(asked.outcome.fault!.code).toBe('job.runner_failed')
      expect(told(asked)).toContain('held')
      await expectBack(asked, had)
    })

    test('cancelled while it runs: the money comes back', async () => {
      const had = await atRest(ends)
      const asked = await market.ask(holdWish('waits'), async ({ type }, stop) => {
        if (type === 'started') await expectWaiting(had).finally(stop)
      })
      expect(asked.outcome.fault!.code).toBe('job.cancelled')
      expect(told(asked)).toContain('held')
      expect(asked.outcome.receipt).toMatchObject({ status: 'client_cancelled' })
      await expectBack(asked, had)
    })

    test('a way that would lock the money for longer than is allowed is not taken', async () => {
      const had = await atRest(ends)
      const wish = { msat: msat(invoiced), terms: 'terms', expirySec: 60 }
      const { bolt11 } = await ends.wallet.createInvoice(wish)
      const limits = { maxFee: msat(HOP_FEE), timeoutMs: 5_000 }
      const refused = { state: 'failed', reason: 'no_route' }
      expect(await ends.payer.pay(bolt11, { ...limits, maxCltv: 50 })).toMatchObject(refused)
      expect(await atRest(ends)).toEqual(had)
      expect(await ends.payer.pay(bolt11, { ...limits, maxCltv: 300 })).toMatchObject({
        state: 'settled',
      })
    })
  })
