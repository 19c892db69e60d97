import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import type { UnixSec } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { sealLetter } from '../../src/engine/identity/letters.ts'
import { openNoble } from '../../src/engine/identity/secp-noble.ts'
import { signerOf } from '../../src/engine/identity/signer.ts'
import { encodeBolt11 } from '../../src/engine/protocol/bolt11/encode.ts'
import { draftOf } from '../../src/engine/protocol/draft.ts'
import { type Draft, type Signed, eventText } from '../../src/engine/protocol/event.ts'
import { paymentHash } from '../../src/engine/protocol/ids.ts'
import type { KindName } from '../../src/engine/protocol/kinds.ts'
import type { MoneyKind } from '../../src/engine/protocol/money.ts'
import { termsHash, termsText } from '../../src/engine/protocol/terms.ts'
import { type Party, signed } from './parties.ts'
import { CLIENT, NODE, NOW_SEC, ROUTER, TAB, about, anyId, bodyHash, to } from './sample-parts.ts'

const secp = openNoble()
/** The secret of the node's Lightning node. */
const LIGHTNING = sha256('fedai vectors lightning')
export const LIGHTNING_KEY = toHex(secp.point(LIGHTNING))
const PREIMAGE = sha256('fedai vectors preimage')

type Sample = { by: Party; draft: Draft }
type Name = Extract<KindName, MoneyKind | 'draw' | 'money'>

/** One message of each kind about money: a top-up of 10 sat, paid, and a job that draws on it. */
export const moneySamples = (sheet: Signed): Record<Name, Sample> => {
  const terms = termsText({
    net: 'sim',
    payee: NODE.pubkey,
    payer: TAB.pubkey,
    router: '',
    for: 'topup',
    ref: TAB.pubkey,
    seq: 1,
    msat: msat(10_000n),
    price: sheet.id,
    cum_used_msat: msat(0n),
    iat: NOW_SEC,
    exp: (NOW_SEC + 120) as UnixSec,
  })
  const hash = paymentHash(toHex(sha256(PREIMAGE)))
  const bolt11 = encodeBolt11(
    {
      prefix: 'bcrt',
      msat: msat(10_000n),
      timestamp: NOW_SEC,
      expirySec: 120,
      paymentHash: hash,
      paymentSecret: toHex(sha256('fedai vectors payment secret')),
      description: null,
      descriptionHash: termsHash(terms),
    },
    (it) => secp.signRecoverable(it, LIGHTNING),
  )
  const invoice = { by: NODE, draft: draftOf('invoice', { terms, bolt11 }, to(TAB)) }
  const received = { ref: TAB.pubkey, seq: 1, received: '10000' }
  const paid = {
    by: NODE,
    draft: draftOf('paid', { payment_hash: hash, terms: termsHash(terms), ...received }, to(TAB)),
  }
  const nonce = '5a'.repeat(16)
  const fund = {
    by: TAB,
    draft: draftOf(
      'fund',
      { nonce, for: 'topup', ref: TAB.pubkey, msat: '700', hold: about },
      to(NODE),
    ),
  } as const
  const full = (it: Sample) => ({ ...signed(it.by, it.draft) })
  return {
    invoice,
    paid,
    tab_sync: { by: TAB, draft: draftOf('tab_sync', { nonce, since: 7 }, to(NODE)) },
    draw: {
      by: TAB,
      draft: draftOf(
        'draw',
        { ...about, client: CLIENT.pubkey, body: bodyHash, ceiling: '700', timing: 'before' },
        { ...to(NODE), about: about.ticket },
      ),
    },
    statement: {
      by: NODE,
      draft: draftOf(
        'statement',
        { n: 4, paid: '10000', used: '730', reserved: '0', receipt: anyId('receipt'), cost: '10' },
        to(TAB),
      ),
    },
    proof: {
      by: TAB,
      draft: draftOf(
        'proof',
        { invoice: full(invoice), preimage: toHex(PREIMAGE), paid: full(paid) },
        to(ROUTER),
      ),
    },
    fund,
    money: {
      by: CLIENT,
      draft: draftOf('money', { sealed: letterOf(signed(fund.by, fund.draft)) }, to(NODE)),
    },
  }
}

/** NIP-44 from the client's session key to the node, with a nonce that anyone can make again. */
const letterOf = (inner: Signed): string => {
  const nonce = { bytes: () => sha256('fedai vectors letter'), below: () => 0 }
  return sealLetter(signerOf(CLIENT.secret, secp, nonce), NODE.pubkey, eventText(inner), nonce)
}
