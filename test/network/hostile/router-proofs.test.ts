// A router that wants to see each payment, and clients that have not paid, or show what they paid for something else.
import { describe, expect, test } from 'bun:test'
import { decodeBolt11 } from '../../../src/engine/protocol/bolt11/decode.ts'
import { termsHash, termsText, parseTerms, type Terms } from '../../../src/engine/protocol/terms.ts'
import { msat } from '../../../src/engine/base/money.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import type { Contents } from '../../../src/engine/protocol/messages.ts'
import { openProofs } from '../../../src/engine/spending/proofs.ts'
import { addClient, outcomeOf, wish } from './cast.ts'
import { letterOf, letterWith } from './money.ts'
import { type MoneyScene, inLetters, lettersTo, moneyScene } from './money-scene.ts'
import { type Content, contentOf, forged } from './parcel.ts'
import { declinedTo, eventsTo, unharmed } from './scene.ts'

const NOT_PROVEN = 'restricted: no proof of payment'

/** What the client shows is changed before the router has it; then a job is tried. */
const shown = (
  change: (proof: Contents['proof'], it: MoneyScene, inner: Signed) => Content | Signed | null,
) => {
  const it = moneyScene({ proven: true })
  inLetters(it, 'router', 'proof', (proof, inner) => {
    const said = change(proof, it, inner)
    if (said === null || 'sig' in said) return said as Signed | null
    return forged(it.client.signer, inner, said)
  })
  return tried(it)
}

const tried = (it: MoneyScene) => {
  const job = wish(it.stage, it.client, { outTokens: 2_000 })
  it.stage.advance(90_000)
  unharmed(it.stage)
  const { fault } = outcomeOf(it.stage, job)
  return { code: fault?.code ?? null, placed: eventsTo(it.node, 'job').length }
}

/** Refused, and no node was bothered. */
const REFUSED = { code: 'router.declined', placed: 0 }

/** The node's invoice as it would have signed it for other terms; and its word that this one is paid. */
const reissued = (
  it: MoneyScene,
  proof: Contents['proof'],
  change: Partial<Terms>,
  by?: Signer,
) => {
  const { mint, node } = it
  const before = proof.invoice as Signed
  const terms = { ...(parseTerms(contentOf(before)['terms'] as string) as Terms), ...change }
  const text = termsText(terms)
  const bolt11 = mint.bolt11(text, terms.msat)
  const signer = by ?? node.signer
  return { text, invoice: forged(signer, before, { terms: text, bolt11 }) }
}

/** A whole proof for other terms: all of it signed by the node, as one that lies could. */
const proofFor = (it: MoneyScene, proof: Contents['proof'], change: Partial<Terms>): Content => {
  const { text, invoice } = reissued(it, proof, change)
  const paid = forged(it.node.signer, proof.paid as Signed, {
    terms: termsHash(text),
    payment_hash: hashIn(invoice),
  })
  return { invoice, preimage: null, paid } as Content
}
const hashIn = (invoice: Signed): string => {
  const { bolt11 } = contentOf(invoice) as { bolt11: string }
  const read = decodeBolt11(bolt11)
  if (typeof read === 'string') throw new Error(read)
  return read.paymentHash
}

test('an honest client is heard, and one of an honest node forged the same way is too', () => {
  expect(tried(moneyScene({ proven: true }))).toMatchObject({ code: null, placed: 1 })
  expect(shown((proof, it) => proofFor(it, proof, {}))).toMatchObject({ code: null, placed: 1 })
})

describe('a job is not placed', () => {
  test('without a proof', () => expect(shown(() => null)).toMatchObject(REFUSED))

  test.each<[string, (proof: Contents['proof'], it: MoneyScene) => Content]>([
    ['zeros for a preimage', () => ({ preimage: '0'.repeat(64), paid: null })],
    ['neither preimage nor word', () => ({ preimage: null, paid: null })],
    [
      'a word of somebody else',
      ({ paid }, it) => ({ paid: forged(it.client.signer, paid as Signed, {}) }),
    ],
    [
      'a word about another hash',
      ({ paid }, it) => ({
        paid: forged(it.node.signer, paid as Signed, { payment_hash: 'ab'.repeat(32) }),
      }),
    ],
    [
      'a word about other terms',
      ({ paid }, it) => ({
        paid: forged(it.node.signer, paid as Signed, { terms: 'ab'.repeat(32) }),
      }),
    ],
    [
      'money that only waits',
      ({ paid }, it) => ({ paid: forged(it.node.signer, paid as Signed, { held: true }) }),
    ],
    [
      'an invoice that the node never signed',
      (proof, it) => ({ invoice: reissued(it, proof, {}, it.client.signer).invoice }),
    ],
    [
      'a signature that does not hold',
      ({ invoice }) => ({ invoice: { ...(invoice as Signed), sig: '0'.repeat(128) } }),
    ],
  ])('on %s', (_, change) => expect(shown(change)).toMatchObject(REFUSED))

  test.each<[string, (it: MoneyScene) => Partial<Terms>]>([
    ['too small', () => ({ msat: msat(1_000n) })],
    ['of another job', () => ({ ref: 'ab'.repeat(32) })],
    ['of another client', ({ stage }) => ({ payer: stage.newSigner().pubkey })],
    ['of another node', ({ stage }) => ({ payee: stage.newSigner().pubkey })],
    ['for another router', ({ stage }) => ({ router: stage.newSigner().pubkey })],
    ['a top-up of a tab', () => ({ for: 'topup', router: '' })],
    ['a price sheet that is not there', () => ({ price: 'ab'.repeat(32) as never })],
    [
      'two days old',
      ({ stage }) => ({
        iat: (stage.now / 1000 - 172_800) as never,
        exp: (stage.now / 1000 - 172_700) as never,
      }),
    ],
    [
      'of tomorrow',
      ({ stage }) => ({
        iat: (stage.now / 1000 + 86_400) as never,
        exp: (stage.now / 1000 + 86_500) as never,
      }),
    ],
  ])('on a payment that is %s', (_, change) =>
    expect(shown((proof, it) => proofFor(it, proof, change(it)))).toMatchObject(REFUSED),
  )
})

describe('a payment counts once', () => {
  /** The proof of the first job, which was served. */
  const served = () => {
    const it = moneyScene({ proven: true })
    expect(tried(it)).toMatchObject({ code: null, placed: 1 })
    const [letter] = lettersTo(it.router, 'proof')
    return { it, proof: contentOf(letter!) }
  }

  test('shown again for the next job: not placed', () => {
    const { it, proof } = served()
    inLetters(it, 'router', 'proof', (_, inner) => forged(it.client.signer, inner, proof))
    expect(tried(it)).toMatchObject({ code: 'router.declined', placed: 1 })
    expect(declinedTo(it.client)).toContain(`${NOT_PROVEN} (pay.repeated)`)
  })

  test('shown by another client: not placed', () => {
    const { it, proof } = served()
    const thief = { ...it, client: addClient(it.stage, it.router, { mint: it.mint }) }
    inLetters(thief, 'router', 'proof', (_, inner) => forged(thief.client.signer, inner, proof))
    expect(tried(thief)).toMatchObject({ code: 'router.declined', placed: 1 })
    expect(declinedTo(thief.client)).toContain(`${NOT_PROVEN} (pay.repeated)`)
  })

  test('stolen before its owner shows it: not placed for the thief, and good for its owner', () => {
    const it = moneyScene({ proven: true })
    const { stage, router } = it
    let own: Signed | null = null
    // On its way it is read, and kept.
    inLetters(it, 'router', 'proof', (_, inner) => {
      own ??= inner
      return null
    })
    wish(stage, it.client, { outTokens: 2_000 })
    const thief = { ...it, client: addClient(stage, router, { mint: it.mint }) }
    inLetters(thief, 'router', 'proof', (_, inner) =>
      forged(thief.client.signer, inner, contentOf(own!)),
    )
    wish(stage, thief.client, { outTokens: 2_000 })
    stage.advance(1_000)
    expect(declinedTo(thief.client)).toContain(`${NOT_PROVEN} (pay.payer)`)
    expect(eventsTo(it.node, 'job')).toEqual([])
    const { proofs } = router.state
    expect(proofs!.taken.size).toBe(0)
    stage.tampers.length = 0
    stage.say(it.client, letterWith(stage, it.client.signer, router.signer.pubkey, own!))
    expect(proofs!.taken.size).toBe(1)
    unharmed(stage)
  })

  test('sealed by another key than it is signed by: not heard', () => {
    const { it, proof } = served()
    const thief = { ...it, client: addClient(it.stage, it.router, { mint: it.mint }) }
    inLetters(thief, 'router', 'proof', (_, inner) => forged(it.client.signer, inner, proof))
    expect(tried(thief)).toMatchObject({ code: 'router.declined', placed: 1 })
    expect(declinedTo(thief.client)).toContain('invalid: proof')
  })

  test('nor after a restart of the router, which has what it was shown from its ledger', () => {
    const { it, proof } = served()
    const { proofs } = it.router.state
    const { taken, shown: open } = openProofs([...proofs!.taken.values()])
    Object.assign(proofs!, { taken, shown: open })
    inLetters(it, 'router', 'proof', (_, inner) => forged(it.client.signer, inner, proof))
    expect(tried(it)).toMatchObject({ code: 'router.declined', placed: 1 })
    expect(declinedTo(it.client)).toContain(`${NOT_PROVEN} (pay.repeated)`)
  })
})

test('a router that did not ask for proofs takes none', () => {
  const it = moneyScene()
  it.stage.say(
    it.client,
    letterOf(it.stage, {
      inner: it.client.signer,
      outer: it.client.signer,
      to: it.router.signer.pubkey,
      name: 'proof',
      content: { invoice: {}, preimage: null, paid: null } as never,
    }),
  )
  it.stage.advance(100)
  expect(declinedTo(it.client)).toEqual(['restricted: this router takes no fee, and no proofs'])
  unharmed(it.stage)
})
