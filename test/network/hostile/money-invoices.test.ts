// What a node, a router or a stranger may say of an invoice. Numbers are those of the attacks (lightning.md, section 5).
import { describe, expect, test } from 'bun:test'
import { unixMs } from '../../../src/engine/base/clock.ts'
import { type Msat, msat } from '../../../src/engine/base/money.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import type { InvoiceDraft } from '../../../src/engine/protocol/bolt11/invoice.ts'
import type { Contents } from '../../../src/engine/protocol/messages.ts'
import { type Terms, parseTerms, termsHash, termsText } from '../../../src/engine/protocol/terms.ts'
import { scriptedChat } from '../../fakes/scripted-runner.ts'
import { outcomeOf, wish } from './cast.ts'
import { letterWith } from './money.ts'
import { contentOf, forged } from './parcel.ts'
import {
  type MoneyScene,
  asksFor,
  inLetters,
  lettersTo,
  moneyScene,
  tabAt,
  viewAt,
} from './money-scene.ts'
import { unharmed } from './scene.ts'

type Lie = Readonly<{
  terms?: Partial<Terms>
  /** What the invoice asks for, where that is not what the terms say. */
  amount?: Msat
  draft?: Partial<InvoiceDraft>
  /** Of the Lightning node, and of the letter’s event. */
  secret?: Uint8Array
  by?: Signer
}>

/** The same payment, as a lie has it. */
const liedInvoice = (it: MoneyScene, said: Contents['invoice'], lie: Lie): Contents['invoice'] => {
  const terms = parseTerms(said.terms)
  if (typeof terms === 'string') throw new Error(terms)
  const text = termsText({ ...terms, ...lie.terms })
  const amount = lie.amount ?? lie.terms?.msat ?? terms.msat
  return { terms: text, bolt11: it.mint.bolt11(text, amount, lie.draft, lie.secret) }
}

const other = 'c'.repeat(64)
const WIDE = { ...scriptedChat(), limits: { inputBytes: 8192, outTokens: 100_000 } }

const LIES: Record<string, [flaw: string, (it: MoneyScene) => Lie]> = {
  'attack 3: of another payee': [
    'pay.signer',
    (it) => ({ terms: { payee: it.router.signer.pubkey } }),
  ],
  'attack 3: of a Lightning node that the sheet does not pin': [
    'pay.not_pinned',
    () => ({ secret: new Uint8Array(32).fill(9) }),
  ],
  'attack 3: that commits to other terms': [
    'pay.unbound',
    () => ({ draft: { descriptionHash: other } }),
  ],
  'attack 3: bound by a memo, where the sheet binds by hash': [
    'pay.unbound',
    () => ({ draft: { descriptionHash: null, description: `fedai-pay/1:${other}` } }),
  ],
  'attack 5: over its terms': ['pay.amount', () => ({ amount: msat(10_001n) })],
  'attack 5: under its terms': ['pay.amount', () => ({ amount: msat(9_999n) })],
  'attack 5: without an amount': ['pay.no_amount', () => ({ draft: { msat: null } })],
  'attack 8: for another payer': ['pay.payer', () => ({ terms: { payer: other as never } })],
  'attack 6: for another tab': ['pay.ref', () => ({ terms: { ref: other } })],
  'attack 23: for a router’s fee': ['pay.purpose', () => ({ terms: { for: 'route', price: '' } })],
  'attack 23: that a router may see': [
    'pay.router',
    (it) => ({ terms: { for: 'after', router: it.router.signer.pubkey } }),
  ],
  'attack 24: of another net, in its terms': ['pay.net', () => ({ terms: { net: 'mainnet' } })],
  'attack 24: of another net, in its prefix': ['pay.net', () => ({ draft: { prefix: 'bc' } })],
  'attack 10: that locks the money for too long': [
    'pay.cltv',
    () => ({ draft: { minFinalCltv: 301 } }),
  ],
}

/** A job whose node asks for money so. */
const asked = (lie: (it: MoneyScene) => Lie, options: { by?: (it: MoneyScene) => Signer } = {}) => {
  const it = moneyScene()
  const by = options.by?.(it) ?? it.node.signer
  inLetters(it, 'client', 'invoice', (said, inner) =>
    forged(by, inner, liedInvoice(it, said, lie(it))),
  )
  const job = wish(it.stage, it.client)
  it.stage.advance(59_000)
  unharmed(it.stage)
  return { it, outcome: outcomeOf(it.stage, job) }
}

const nothingPaid = ({ mint, client }: MoneyScene): void => {
  expect(mint.paid).toEqual([])
  expect(mint.stores.get(client)!.money.payments(10)).toEqual([])
}

describe('an invoice is not paid', () => {
  for (const [what, [flaw, lie]] of Object.entries(LIES))
    test(what, () => {
      const { it, outcome } = asked(lie)
      nothingPaid(it)
      expect(outcome.fault).toMatchObject({ kind: 'verification', code: 'invoice.wrong' })
      expect(outcome.fault!.message).toContain(flaw)
      expect(it.node.runs).toEqual([])
    })

  test('attack 5: over what is needed and usual', () => {
    const { it, outcome } = asked(() => ({ terms: { msat: msat(10_001n) } }))
    nothingPaid(it)
    // It may have been asked for by a top-up that was not paid.
    expect(outcome.fault).toMatchObject({ kind: 'again', code: 'invoice.other' })
    expect(it.node.runs).toEqual([])
  })

  test('attack 14: that has 15 s to live or less', () => {
    const { it, outcome } = asked(({ stage }) => ({
      terms: { exp: (Math.floor(stage.now / 1000) + 15) as never },
    }))
    nothingPaid(it)
    expect(outcome.fault).toMatchObject({ code: 'funding.uncredited' })
  })

  test('attack 18: dated ahead of our clock', () => {
    const { it, outcome } = asked(({ stage }) => {
      const iat = (Math.floor(stage.now / 1000) + 61) as never
      return { terms: { iat, exp: (iat + 120) as never } }
    })
    nothingPaid(it)
    expect(outcome.fault?.message).toContain('pay.from_future')
  })

  test.each(['the router', 'a stranger'])('attack 3: signed by %s', (who) => {
    const { it, outcome } = asked(() => ({}), {
      by: ({ router, stage }) => (who === 'the router' ? router.signer : stage.newSigner()),
    })
    nothingPaid(it)
    expect(outcome.fault).toMatchObject({ code: 'funding.silent' })
  })

  test('attack 25: terms that are none, or an invoice that is none', () => {
    for (const lie of [
      { terms: '{}', bolt11: 'lnbcrt1' },
      { terms: 'x'.repeat(3_000), bolt11: 'lnbcrt1' },
      { bolt11: `lnbcrt1${'q'.repeat(4_000)}` },
      { bolt11: 'lnbcrt1qqqqqqqqqq' },
    ]) {
      const it = moneyScene()
      inLetters(it, 'client', 'invoice', (_said, inner) => forged(it.node.signer, inner, lie))
      const job = wish(it.stage, it.client)
      it.stage.advance(59_000)
      unharmed(it.stage)
      nothingPaid(it)
      expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'funding.silent' })
    }
  })
})

describe('attack 15, 16: paid once', () => {
  test('an invoice that is said again and again, also in other letters', () => {
    const it = moneyScene()
    const said: ReturnType<typeof forged>[] = []
    inLetters(it, 'client', 'invoice', (_, inner) => {
      said.push(inner)
      // Another event with the same words, so that no replay cache knows it.
      const again = forged(
        it.node.signer,
        { ...inner, created_at: (inner.created_at + 1) as never },
        {},
      )
      return [inner, again, inner]
    })
    const job = wish(it.stage, it.client)
    it.stage.advance(5_000)
    expect(outcomeOf(it.stage, job).fault).toBeNull()
    expect(it.mint.paid).toHaveLength(1)
    expect(said.length).toBeGreaterThan(0)
  })

  test('another invoice in the place of one whose end is not known', () => {
    const it = moneyScene()
    it.mint.pays = () => 'unknown'
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({
      kind: 'uncertain',
      code: 'payment.unknown',
    })
    it.mint.pays = () => 'settled'
    inLetters(it, 'client', 'invoice', (content, inner) =>
      forged(it.node.signer, inner, liedInvoice(it, content, {})),
    )
    const next = wish(it.stage, it.client)
    it.stage.advance(59_000)
    expect(outcomeOf(it.stage, next).fault).toMatchObject({ code: 'payment.open' })
    expect(it.mint.paid).toEqual([])
    expect(it.mint.stores.get(it.client)!.money.payments(10)).toHaveLength(1)
  })

  test('a seq that was paid before', () => {
    const it = moneyScene({ capabilities: [WIDE] })
    wish(it.stage, it.client)
    it.stage.advance(5_000)
    const [first] = it.mint.paid
    // The next job is too dear for what is left, and the node asks for number 1 again.
    inLetters(it, 'client', 'invoice', (content, inner) =>
      forged(it.node.signer, inner, liedInvoice(it, content, { terms: { seq: 1 } })),
    )
    const job = wish(it.stage, it.client, { outTokens: 10_000 })
    it.stage.advance(59_000)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'funding.uncredited' })
    expect(it.mint.paid).toEqual([first!])
    // It is not even wanted of the purse.
    expect(it.mint.refused).toEqual([])
    unharmed(it.stage)
  })

  test('a hash that was paid before, bound to what is asked for now', () => {
    const it = moneyScene()
    it.client.state.money!.off = true
    wish(it.stage, it.client)
    it.stage.advance(5_000)
    const [first] = it.mint.paid
    const draft = { paymentHash: first!.hash }
    inLetters(it, 'client', 'invoice', (content, inner) =>
      forged(it.node.signer, inner, liedInvoice(it, content, { draft })),
    )
    const job = wish(it.stage, it.client, { outTokens: 2_000 })
    it.stage.advance(59_000)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({
      kind: 'verification',
      code: 'payment.reused',
    })
    expect(it.mint.paid).toEqual([first!])
    expect(it.mint.stores.get(it.client)!.money.payments(10)).toHaveLength(1)
    unharmed(it.stage)
  })
})

test('attack 5: what nobody waits for is paid only after a job that left the tab low, and once', () => {
  const it = moneyScene()
  wish(it.stage, it.client)
  it.stage.advance(5_000)
  const paid = it.mint.paid.length
  expect(paid).toBe(1)
  // The node asks for the next, as it would at low water; the tab has 10 sat less a few msat.
  const [invoice] = lettersTo(it.client, 'invoice')
  const terms = parseTerms((JSON.parse(invoice!.content) as Contents['invoice']).terms) as Terms
  for (const seq of [2, 3, 4]) {
    const text = termsText({ ...terms, seq, msat: msat(100_000n) })
    const content = { terms: text, bolt11: it.mint.bolt11(text, msat(100_000n)) }
    const said = forged(it.node.signer, invoice!, content)
    const sealed = { terms: text, hash: termsHash(text) }
    expect(sealed.hash).toHaveLength(64)
    it.stage.say(it.node, letterTo(it, said))
  }
  it.stage.advance(5_000)
  expect(it.mint.paid).toHaveLength(paid)
  expect(viewAt(it).paid).toBe(tabAt(it)!.paid)
})

test('what is paid in the background counts from what was paid before: it is taken for no payment of another process', () => {
  const it = moneyScene()
  wish(it.stage, it.client)
  it.stage.advance(5_000)
  it.mint.pays = () => 'inflight'
  const { funding, low } = it.client.state.money!
  low.set(it.node.signer.pubkey, unixMs(it.stage.now + 10_000))
  asksFor(it, 'topup', 100_000n)
  expect([...funding.values()]).toMatchObject([{ phase: 'paying', seq: 2, before: 1 }])
})

const letterTo = (it: MoneyScene, inner: Parameters<typeof letterWith>[3]) =>
  letterWith(it.stage, it.node.signer, it.client.signer.pubkey, inner)

test('what waits together is asked for together: the second counts on nothing that the first will take', () => {
  const it = moneyScene({ capabilities: [WIDE] })
  wish(it.stage, it.client, { outTokens: 10_000 })
  it.stage.advance(5_000)
  const { paid, used } = viewAt(it)
  // The letter that asks for the second is lost: a third comes until it is said again.
  inLetters(it, 'node', 'fund', () => null)
  const jobs = [1, 2].map(() => wish(it.stage, it.client, { outTokens: 60_000 }))
  it.stage.tampers.length = 0
  const [ceiling] = jobs.map((job) => it.client.state.jobs.get(job)!.funding!.offered.ceiling)
  expect(ceiling! > paid - used && paid > used).toBe(true)
  it.stage.advance(6_000)
  expect(contentOf(lettersTo(it.node, 'fund').at(-1)!)).toMatchObject({ msat: String(ceiling) })
})
