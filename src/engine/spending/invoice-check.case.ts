import { fromHex, sha256, toHex } from '../base/bytes.ts'
import { type UnixSec, unixMs } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import { seededRandom } from '../base/random.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import { encodeBolt11 } from '../protocol/bolt11/encode.ts'
import { type InvoiceDraft, prefixOf } from '../protocol/bolt11/invoice.ts'
import { eventId, paymentHash, pubKey } from '../protocol/ids.ts'
import { type Terms, termsHash, termsText } from '../protocol/terms.ts'
import type { Proof } from './invoice-check-proof.ts'
import type { Agreed, CheckRules, Expected, SignedInvoice } from './invoice-check.ts'

/** A node, a client, two routers, and an invoice between them that all checks let pass. */
export const secp = await openSecp256k1()
const secrets = seededRandom(26)
export const LIGHTNING = secrets.bytes(32)
export const STRANGER = secrets.bytes(32)
export const keyOf = (secret: Uint8Array): string => toHex(secp.point(secret))

export const NODE = pubKey('a1'.repeat(32))
export const CLIENT = pubKey('b2'.repeat(32))
export const ROUTER = pubKey('c3'.repeat(32))
export const OTHER = pubKey('d4'.repeat(32))
export const JOB = 'e5'.repeat(32)
export const SHEET = eventId('f6'.repeat(32))
export const PREIMAGE = '7a'.repeat(32)
export const HASH = paymentHash(toHex(sha256(fromHex(PREIMAGE))))
const AT = 1_795_350_000
export const sec = (n: number): UnixSec => (AT + n) as UnixSec
/** The clock of who checks, seconds after the invoice. */
export const clock = (seconds: number) => unixMs((AT + seconds) * 1000)

export const TERMS: Terms = {
  net: 'sim',
  payee: NODE,
  payer: CLIENT,
  router: ROUTER,
  for: 'job',
  ref: JOB,
  seq: 0,
  msat: msat(21_000n),
  price: SHEET,
  cum_used_msat: msat(0n),
  iat: sec(0),
  exp: sec(120),
}

type Parts = {
  terms?: Partial<Terms>
  /** The terms as text, where they are not to be as we write them. */
  text?: string
  invoice?: Partial<InvoiceDraft>
  /** The Lightning key that signs. */
  key?: Uint8Array
  signer?: SignedInvoice['signer']
}

/** The node's invoice, but for what is said. */
export const signedInvoice = ({ terms = {}, invoice, key = LIGHTNING, ...rest }: Parts = {}) => {
  const all = { ...TERMS, ...terms }
  const text = rest.text ?? termsText(all)
  const draft: InvoiceDraft = {
    prefix: prefixOf(all.net),
    msat: all.msat,
    timestamp: all.iat,
    expirySec: 120,
    paymentHash: HASH,
    paymentSecret: '09'.repeat(32),
    description: null,
    descriptionHash: termsHash(text),
    ...invoice,
  }
  const bolt11 = encodeBolt11(draft, (hash) => secp.signRecoverable(hash, key))
  return { terms: text, bolt11, signer: rest.signer ?? all.payee } satisfies SignedInvoice
}

export const AGREED: Agreed = {
  net: 'sim',
  payee: NODE,
  payer: CLIENT,
  router: ROUTER,
  for: 'job',
  ref: JOB,
  price: SHEET,
}
export const EXPECTED: Expected = { ...AGREED, seq: 0, msat: TERMS.msat }
export const RULES: CheckRules = { secp, pinnedKeys: [keyOf(LIGHTNING)] }

export const proof = (change: Partial<Proof> = {}): Proof => ({
  invoice: signedInvoice(),
  signer: CLIENT,
  evidence: { preimage: PREIMAGE },
  ...change,
})

/** How the node of these cases is paid, as its price sheet says. */
export const pay = {
  payees: [...RULES.pinnedKeys],
  bind: 'hash',
  granularity: msat(1n),
  keeps_days: 90,
} as const
