// An invoice for a job that nobody waits for any more, or in another process of the same user: not paid, and no lie.
import { expect, test } from 'bun:test'
import type { UnixSec } from '../../../src/engine/base/clock.ts'
import { type Msat, msat } from '../../../src/engine/base/money.ts'
import type { InvoiceDraft } from '../../../src/engine/protocol/bolt11/invoice.ts'
import type { Contents } from '../../../src/engine/protocol/messages.ts'
import { type Terms, parseTerms, termsText } from '../../../src/engine/protocol/terms.ts'
import { outcomeOf, wish } from './cast.ts'
import { type MoneyScene, inLetters, moneyScene, paidIn, tabAt, viewAt } from './money-scene.ts'
import { forged } from './parcel.ts'
import { unharmed } from './scene.ts'

type Change = { terms?: Partial<Terms>; amount?: Msat; draft?: Partial<InvoiceDraft> }
const JOB: Partial<Terms> = { for: 'job', ref: 'd'.repeat(64), seq: 1, msat: msat(5_000n) }

/** Before what is asked for comes an invoice for another job; or it comes instead. */
const job = (it: MoneyScene, change: Change = {}, then: 'right' | 'nothing' = 'right') => {
  let n = 0
  inLetters(it, 'client', 'invoice', (said: Contents['invoice'], inner) => {
    const terms = parseTerms(said.terms)
    if (typeof terms === 'string') throw new Error(terms)
    const text = termsText({ ...terms, ...JOB, ...change.terms })
    const bolt11 = it.mint.bolt11(text, change.amount ?? JOB.msat!, change.draft)
    const other = forged(it.node.signer, inner, { terms: text, bolt11, n: String(n++) })
    return then === 'right' ? [other, inner] : other
  })
  const id = wish(it.stage, it.client)
  it.stage.advance(59_000)
  unharmed(it.stage)
  return outcomeOf(it.stage, id)
}

const EXPIRED: Change = { draft: { timestamp: 1_700_000_000 as UnixSec, expirySec: 60 } }

test.each<Change>([{}, EXPIRED])(
  'one that comes late is passed over: what is asked for is paid, once',
  (change) => {
    const it = moneyScene()
    expect(job(it, change).fault).toBeNull()
    expect(it.mint.paid.map(({ ref }) => ref)).toEqual([tabAt(it)!.key])
    expect([viewAt(it).paid, paidIn(it)]).toEqual([tabAt(it)!.paid, 10_000n as Msat])
  },
)

test('where nothing else comes its node is silent, and nothing is paid', () => {
  const it = moneyScene()
  expect(job(it, {}, 'nothing').fault).toMatchObject({ code: 'funding.silent', kind: 'again' })
  expect([it.mint.paid, it.mint.refused]).toEqual([[], []])
})

const LIES: Record<string, [flaw: string, Change]> = {
  'for another payer': ['pay.payer', { terms: { payer: 'c'.repeat(64) as never } }],
  'over its terms': ['pay.purpose', { amount: msat(5_001n) }],
  'that commits to other terms': ['pay.purpose', { draft: { descriptionHash: 'c'.repeat(64) } }],
  'for a route': ['pay.purpose', { terms: { for: 'route', price: '' } }],
  'for a tab that is not ours': ['pay.ref', { terms: { for: 'topup' } }],
}

for (const [what, [flaw, change]] of Object.entries(LIES))
  test(`one ${what} is a lie all the same`, () => {
    const it = moneyScene()
    const { fault } = job(it, change)
    expect(fault).toMatchObject({ kind: 'verification', code: 'invoice.wrong' })
    expect(fault!.message).toContain(flaw)
    expect(it.mint.paid).toEqual([])
  })
