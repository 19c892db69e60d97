// Jobs by `hold` over real Lightning, and what is said where a wallet that is asked over NWC cannot take part.
import { afterAll, describe, expect, test } from 'bun:test'
import { atRest, type Ends, ldkEnds, nwcEnds } from './ends.ts'
import { holdCases, holdWish, openHoldMarket } from './hold-cases.ts'
import { openLightning } from './ldk.ts'
import { shiftingClock } from './shifting-clock.ts'

const clock = shiftingClock()
const lightning = await openLightning(clock)
afterAll(() => lightning.close())

/** The node's wallet is asked over NWC, the client's directly. */
const sellerOverNwc = async (service?: { holds: boolean }): Promise<Ends> => {
  const [ends, { payer }] = [await nwcEnds(lightning, clock, service), ldkEnds(lightning, clock)]
  return {
    ...ends,
    payer,
    async close() {
      await ends.payer.close()
      await ends.close()
    },
  }
}

holdCases('LDK nodes that are asked directly', async () => ldkEnds(lightning, clock))
holdCases('a node’s wallet that is asked over NWC', () => sellerOverNwc())

describe('where a wallet that is asked over NWC cannot take part in a hold', () => {
  /** What is said to a job by `hold`: no invoice is made for it, and nothing moves. */
  const refusalOf = async (ends: Ends) => {
    const had = await atRest(ends)
    const market = await openHoldMarket(ends)
    const { outcome, news } = await market.ask(holdWish('hello'))
    expect(news.map(({ type }) => type)).toEqual(['offers', 'ended'])
    expect(market.books()).toMatchObject({ payments: [], statements: [] })
    expect(await ends.made()).toEqual({ carol: 0, bob: 0 })
    expect(await atRest(ends)).toEqual(had)
    await market.close()
    await ends.close()
    return outcome.fault
  }

  test('a client’s: it may not show what opens the result', async () => {
    expect(await refusalOf(await nwcEnds(lightning, clock))).toMatchObject({
      kind: 'refused',
      code: 'hold.wallet',
      message: 'your wallet does not always show what opens a result that is paid by hold',
      hint: 'pay another way: --timing before',
    })
  })

  test('a node’s that holds no payments: its node does not offer it', async () => {
    const ends = await sellerOverNwc({ holds: false })
    expect(await refusalOf(ends)).toMatchObject({
      kind: 'refused',
      code: 'timing.none',
      message: 'the node takes this job only paid by: before, stream, after',
      hint: 'allow it with --timing before',
    })
  })
})
