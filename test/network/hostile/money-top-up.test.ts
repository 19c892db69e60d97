// What a node may answer to who types an amount: it is paid that, or nothing.
import { expect, test } from 'bun:test'
import { type Msat, msat } from '../../../src/engine/base/money.ts'
import { type Terms, parseTerms, termsText } from '../../../src/engine/protocol/terms.ts'
import { wish } from './cast.ts'
import { inLetters, lettersTo, moneyScene, paidIn, topUp } from './money-scene.ts'
import { forged } from './parcel.ts'
import { unharmed } from './scene.ts'

/** Its node asks for another sum than was typed, in an invoice that is sound and ends so many seconds from now. */
const answered = (amount: Msat, seconds: number) => {
  const it = moneyScene()
  wish(it.stage, it.client)
  it.stage.advance(5_000)
  const before = paidIn(it)
  inLetters(it, 'client', 'invoice', (said, inner) => {
    const terms = parseTerms(said.terms) as Terms
    const exp = (Math.floor(it.stage.now / 1000) + seconds) as Terms['exp']
    const text = termsText({ ...terms, msat: amount, exp })
    const bolt11 = it.mint.bolt11(text, amount, { expirySec: seconds })
    return forged(it.node.signer, inner, { terms: text, bolt11 })
  })
  const asks = lettersTo(it.node, 'fund').length
  const end = topUp(it, 150_000n)
  unharmed(it.stage)
  expect(paidIn(it)).toBe(before)
  return { it, end, asks: lettersTo(it.node, 'fund').length - asks }
}

const OTHER = [
  ['more', msat(150_001n)],
  ['less', msat(149_999n)],
] as const

test.each(OTHER)(
  '%s, by an msat: it may have been asked for before, and is waited for',
  (_, amount) => {
    const { end, asks } = answered(amount, 120)
    expect(end).toBeUndefined()
    // Whoever it is for may pay it before: it is asked again after 1, 2, 4, 8 and 16 s.
    expect(asks).toBe(6)
  },
)

test.each(OTHER)(
  '%s, until a time that nobody waits for: said at once, with the time',
  (_, amount) => {
    const { end } = answered(amount, 600)
    expect(end).toMatchObject({
      paid: false,
      fault: { kind: 'again', code: 'top_up.other_invoice' },
    })
    expect(end?.type === 'topped_up' && end.fault?.message).toContain('10 min')
  },
)

test('one after another, none of them to end soon: that is said, and in time; the router is not blamed', () => {
  const { it } = answered(msat(150_001n), 120)
  it.stage.advance(180_000)
  unharmed(it.stage)
  const told = [...it.stage.news.values()].flat()
  expect(told.findLast(({ type }) => type === 'topped_up')).toMatchObject({
    type: 'topped_up',
    paid: false,
    fault: { kind: 'again', code: 'top_up.other_invoice' },
  })
})
