// Attack 23 (docs/threat-model.md): what a router may ask for its own work, and what of it is paid.
import { expect, test } from 'bun:test'
import { BOUNDS } from '../../base/bounds.ts'
import { toHex } from '../../base/bytes.ts'
import { toSec, unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { seededRandom } from '../../base/random.ts'
import { sealLetter } from '../../identity/letters.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import type { Signer } from '../../identity/seams.ts'
import { newSigner } from '../../identity/signer.ts'
import { encodeBolt11 } from '../../protocol/bolt11/encode.ts'
import { draftOf } from '../../protocol/draft.ts'
import { type Signed, eventText } from '../../protocol/event.ts'
import { type PubKey, paymentHash } from '../../protocol/ids.ts'
import { admit } from '../../protocol/intake.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Pack } from '../../protocol/pack.ts'
import { ReplayCache } from '../../protocol/replay.ts'
import { type Terms, termsHash, termsText } from '../../protocol/terms.ts'
import { openView, paidInto } from '../../spending/ledger.ts'
import { windowBudget } from '../../transport/flow.ts'
import { newClientMoney } from './money.ts'
import { onRouterMoney } from './pack-buying.ts'
import { type ClientEffect, newClientState } from './state.ts'

const secp = await openSecp256k1()
const random = seededRandom(231)
const NOW = unixMs(1_795_350_000_000)
const [router, session, tab] = Array.from({ length: 3 }, () => newSigner(secp, random)) as [
  Signer,
  Signer,
  Signer,
]
const LIGHTNING = random.bytes(32)
const PACK: Pack = { msat: msat(10_000n), routes: 4, left: 0, payees: [], bind: 'hash' }

type Said = {
  terms?: Partial<Terms>
  amount?: bigint
  by?: Signer
  pack?: Partial<Pack>
  paid?: number
}

/** A client that wants a pack, and hears what the router says in a letter. */
const asking = ({ pack = {}, paid = 0 }: Pick<Said, 'pack' | 'paid'>) => {
  const empty = openView(router.pubkey, tab.pubkey, NOW)
  const view =
    paid > 0 ? paidInto(empty, { ref: tab.pubkey, msat: msat(10_000n), seq: paid }, NOW) : empty
  const caps = { budget: null, exposure: null, maxPrice: msat(1n) }
  const money = newClientMoney({
    tab: () => tab,
    view: () => view,
    off: false,
    shows: () => true,
    caps,
    secp,
  })
  const buying = { pack: { ...PACK, ...pack }, jobs: new Set<never>(), phase: 'asked' } as const
  money.packs.buying = { ...buying, asks: 1, letter: null, hash: null, credited: false }
  const keys = { signer: session, verifier: secp, router: router.pubkey }
  const budget = windowBudget()
  const state = newClientState({ ...keys, net: 'sim', bounds: BOUNDS, budget, money })
  state.link = 1
  const hear = (inner: Signed): ClientEffect[] => {
    const sealed = sealLetter(router, session.pubkey, eventText(inner), random)
    const to = { now: NOW, net: 'sim', to: session.pubkey } as const
    const outer = router.sign(draftOf('money', { sealed }, to))
    const isMe = (key: PubKey) => key === session.pubkey
    const replay = new ReplayCache()
    const rules = {
      verifier: secp,
      net: 'sim',
      isMe,
      replay,
      startedAt: unixMs(0),
      freshnessMs: 60_000,
    } as const
    const message = admit(eventText(outer), rules, NOW) as Message<'money'>
    const effects: ClientEffect[] = []
    onRouterMoney({ state, now: NOW, random, effects }, message)
    return effects
  }
  return { money, hear }
}

/** What it does with this invoice: what it pays, or that it gave up. */
const paying = ({ terms: changed = {}, amount, by = router, ...of }: Said) => {
  const { money, hear } = asking(of)
  const text = termsText({
    net: 'sim',
    payee: router.pubkey,
    payer: tab.pubkey,
    router: router.pubkey,
    for: 'route',
    ref: tab.pubkey,
    seq: 1,
    msat: msat(10_000n),
    price: '',
    cum_used_msat: msat(0n),
    iat: toSec(NOW),
    exp: (toSec(NOW) + 120) as never,
    ...changed,
  })
  const draft = {
    prefix: 'bcrt',
    msat: msat(amount ?? changed.msat ?? 10_000n),
    timestamp: toSec(NOW),
    paymentHash: paymentHash(toHex(random.bytes(32))),
    paymentSecret: 'cd'.repeat(32),
    description: null,
    descriptionHash: termsHash(text),
  } as const
  const bolt11 = encodeBolt11(draft, (hash) => secp.signRecoverable(hash, LIGHTNING))
  const inner = by.sign(
    draftOf('invoice', { terms: text, bolt11 }, { now: NOW, net: 'sim', to: tab.pubkey }),
  )
  const pay = hear(inner).find((it) => it.do === 'pay')
  return { pay: pay?.do === 'pay' ? pay : undefined, gaveUp: money.packs.buying === null }
}

test('exactly what was offered is paid, and --max-price has no part in it', () => {
  const { pay, gaveUp } = paying({})
  expect(pay).toMatchObject({
    node: router.pubkey,
    payment: { payee: router.pubkey, ref: tab.pubkey, purpose: 'route', msat: 10_000n },
    caps: { maxPrice: null },
    price: 0n,
  })
  expect(gaveUp).toBe(false)
})

test.each([
  ['a dearer pack, said in terms and invoice alike', { terms: { msat: msat(10_001n) } }],
  ['a cheaper one', { terms: { msat: msat(9_999n) } }],
  ['an invoice over more than its terms', { amount: 20_000n }],
  ['one that is for a top-up', { terms: { for: 'topup', router: '', price: 'ab'.repeat(32) } }],
  ['one for another payer', { terms: { payer: session.pubkey } }],
  ['one that pays somebody else', { terms: { payee: session.pubkey } }],
  ['one made out to another router', { terms: { router: session.pubkey } }],
  ['one of another Lightning node than it pins', { pack: { payees: ['02'.repeat(33)] } }],
] as [string, Said][])('%s is not', (_what, said) => {
  expect(paying(said)).toEqual({ pay: undefined, gaveUp: true })
})

test('nor what was paid before, nor what another signed; the router is asked again', () => {
  expect(paying({ paid: 1 })).toEqual({ pay: undefined, gaveUp: false })
  expect(paying({ by: session })).toEqual({ pay: undefined, gaveUp: false })
})

test('what it says it has, unasked, is what was paid last: no other payment is a pack that is bought', () => {
  const word = (seq: number, paid: number) => {
    const { money, hear } = asking({ paid })
    const said = { payment_hash: 'ab'.repeat(32), terms: 'cd'.repeat(32), ref: tab.pubkey, seq }
    const content = { ...said, received: '10000' }
    hear(router.sign(draftOf('paid', content, { now: NOW, net: 'sim', to: tab.pubkey })))
    return money.packs.left
  }
  expect([word(3, 3), word(2, 3), word(4, 3), word(1, 0)]).toEqual([4, 0, 0, 0])
})
