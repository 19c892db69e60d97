import { sha256, toHex } from '../../engine/base/bytes.ts'
import { type UnixSec, unixMs } from '../../engine/base/clock.ts'
import { msat } from '../../engine/base/money.ts'
import { openNoble } from '../../engine/identity/secp-noble.ts'
import { encodeBolt11 } from '../../engine/protocol/bolt11/encode.ts'
import { draftOf } from '../../engine/protocol/draft.ts'
import type { Signed } from '../../engine/protocol/event.ts'
import { paymentHash } from '../../engine/protocol/ids.ts'
import type { KindName } from '../../engine/protocol/kinds.ts'
import type { Contents } from '../../engine/protocol/messages.ts'
import { termsHash, termsText } from '../../engine/protocol/terms.ts'
import { type Party, signed } from '../../../test/vectors/parties.ts'
import { CLIENT, NODE, NOW, SAMPLES, TAB } from '../../../test/vectors/samples.ts'
import { chainOf } from './chain.case.ts'

/** A job on a tab, as `request --json` gives it, and all that was signed about the tab, by its own parties. */
export const tabOf = (statement: object = {}) => {
  const before = 'before' as const
  const drawn = { timing: before }
  const row = (JSON.parse(SAMPLES.sheet.draft.content) as Contents['sheet']).rows[0]!
  const chain = chainOf({
    sheet: { content: { rows: [{ ...row, timings: [before] }] } },
    job: { content: drawn },
    accepted: { content: { ...drawn, funded: true } },
  })
  const { sheet, ticket, receipt } = chain
  const at = (Math.floor(NOW / 1000) - 300) as UnixSec
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
    iat: at,
    exp: (at + 120) as UnixSec,
  })
  const preimage = sha256('preimage')
  const hash = toHex(sha256(preimage))
  const invoice = say('invoice', { terms, bolt11: bolt11Of(terms, hash, at) }, NODE, TAB, at)
  const received = { ref: TAB.pubkey, seq: 1, received: '10000' }
  const paidBody = { payment_hash: hash, terms: termsHash(terms), ...received }
  const paid = say('paid', paidBody, NODE, TAB, at + 5)
  const proved = { invoice: { ...invoice }, preimage: toHex(preimage), paid: { ...paid } }
  const proof = say('proof', proved, TAB, CLIENT, at + 9)
  const taken = JSON.parse(chain.job.content) as Contents['job']
  const { body, ceiling } = taken
  const drawBody = { job: taken.job, ticket: ticket.id, client: CLIENT.pubkey, ceiling, ...drawn }
  const draw = say('draw', { ...drawBody, body: body.sha256 }, TAB, NODE, NOW / 1000, ticket.id)
  const sums = { n: 1, paid: '10000', used: '10', reserved: '0', receipt: receipt.id, cost: '10' }
  const stated = say('statement', { ...sums, ...statement }, NODE, TAB, NOW / 1000 + 3)
  return { bundle: { ...chain, draw, invoices: [invoice] }, paid, proof, statement: stated }
}

const say = <K extends KindName>(
  kind: K,
  content: Contents[K],
  by: Party,
  to: Party,
  at: number,
  about?: Signed['id'],
): Signed => {
  const options = { now: unixMs(Math.floor(at) * 1000), net: 'sim', to: to.pubkey } as const
  return signed(by, draftOf(kind, content, { ...options, ...(about && { about }) }))
}

const bolt11Of = (terms: string, hash: string, timestamp: UnixSec): string =>
  encodeBolt11(
    {
      prefix: 'bcrt',
      msat: msat(10_000n),
      timestamp,
      expirySec: 120,
      paymentHash: paymentHash(hash),
      paymentSecret: '09'.repeat(32),
      description: null,
      descriptionHash: termsHash(terms),
    },
    // The sheet of the samples names this key.
    (it) => openNoble().signRecoverable(it, sha256('fedai vectors lightning')),
  )
