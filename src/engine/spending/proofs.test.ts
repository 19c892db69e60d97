import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { fromHex, sha256, toHex } from '../base/bytes.ts'
import { msat } from '../base/money.ts'
import { paymentHash } from '../protocol/ids.ts'
import type { Terms } from '../protocol/terms.ts'
import {
  CLIENT,
  JOB,
  NODE,
  OTHER,
  PREIMAGE,
  ROUTER,
  SHEET,
  STRANGER,
  clock,
  proof,
  sec,
  secp,
  signedInvoice,
  pay,
} from './invoice-check.case.ts'
import type { Proof } from './invoice-check-proof.ts'
import {
  MOST_PROOFS,
  type ProofChange,
  type Proofs,
  type TakenProof,
  forgetProofs,
  isProven,
  openProofs,
  takeProof,
  useProof,
} from './proofs.ts'

const rules = {
  net: 'sim',
  router: ROUTER,
  secp,
  payOf: (node: string, sheet: string) =>
    node === NODE && sheet === SHEET ? { ...pay, payees: [...pay.payees] } : undefined,
} as const
const PLACE = { job: JOB, node: NODE, client: CLIENT }
const take = (shown: Proof, proofs = openProofs(), at = clock(30)) => {
  const taken = takeProof(proofs, shown, rules, at)
  const [flaw, changes] = typeof taken === 'string' ? [taken, []] : [null, taken]
  return { proofs, flaw, changes }
}
/** A run of the router after these were written. */
const restarted = (changes: readonly ProofChange[]): Proofs => {
  const rows = new Map<string, TakenProof>()
  for (const { do: what, row } of changes)
    if (what === 'drop') rows.delete(row.hash)
    else rows.set(row.hash, row)
  return openProofs([...rows.values()])
}
/** An honest payment, one for each number. */
const payment = (n: number, terms: Partial<Terms> = {}): Proof => {
  const preimage = toHex(sha256(Uint8Array.of(n, n >> 8)))
  const hash = paymentHash(toHex(sha256(fromHex(preimage))))
  const invoice = signedInvoice({ terms, invoice: { paymentHash: hash } })
  return proof({ invoice, evidence: { preimage } })
}

test('an honest proof counts for its job, node and client, and for no more than it paid', () => {
  const { proofs, flaw } = take(proof())
  expect(flaw).toBeNull()
  expect(isProven(proofs, PLACE, 21_000n)).toBe(true)
  expect(isProven(proofs, PLACE, 21_001n)).toBe(false)
  const elsewhere = [{ job: 'ab'.repeat(32) }, { node: OTHER }, { client: OTHER }]
  for (const it of elsewhere) expect(isProven(proofs, { ...PLACE, ...it }, 1n)).toBe(false)
})

describe('once', () => {
  test('shown again it changes nothing, used up it is refused', () => {
    const { proofs } = take(proof())
    expect(take(proof(), proofs).flaw).toBeNull()
    expect(isProven(proofs, PLACE, 21_001n)).toBe(false)
    useProof(proofs, PLACE)
    expect(isProven(proofs, PLACE, 1n)).toBe(false)
    expect(take(proof(), proofs).flaw).toBe('pay.repeated')
    expect(isProven(proofs, PLACE, 1n)).toBe(false)
  })

  test('one hash for two jobs', () => {
    const { proofs } = take(proof())
    const again = proof({ invoice: signedInvoice({ terms: { ref: 'ab'.repeat(32) } }) })
    expect(take(again, proofs).flaw).toBe('pay.repeated')
  })

  test('two payments for one job add up', () => {
    const { proofs } = take(payment(1))
    expect(take(payment(2), proofs).flaw).toBeNull()
    expect(isProven(proofs, PLACE, 42_000n)).toBe(true)
    expect(isProven(proofs, PLACE, 42_001n)).toBe(false)
  })

  test('over restarts: what was shown is, what is used up stays so, what was not shown can be', () => {
    const { changes } = take(proof())
    const again = restarted(changes)
    expect(isProven(again, PLACE, 21_000n)).toBe(true)
    expect(isProven(again, PLACE, 21_001n)).toBe(false)
    expect(take(proof(), again)).toMatchObject({ flaw: null, changes: [] })
    const other = proof({ invoice: signedInvoice({ terms: { ref: 'ab'.repeat(32) } }) })
    expect(take(other, again).flaw).toBe('pay.repeated')

    const used = restarted([...changes, ...useProof(again, PLACE)])
    expect(isProven(used, PLACE, 1n)).toBe(false)
    expect(take(proof(), used).flaw).toBe('pay.repeated')
    // It was paid before this router began, and nothing was routed for it.
    expect(take(payment(2), used).flaw).toBeNull()
    expect(isProven(used, PLACE, 21_000n)).toBe(true)
  })

  test('what is forgotten is forgotten in the ledger, too', () => {
    const { proofs, changes } = take(payment(1))
    const late = sec(120 + 86_400)
    const next = payment(2, { iat: late, exp: (late + 120) as never })
    const then = take(next, proofs, clock(120 + 86_401)).changes
    expect(then.map((it) => it.do)).toEqual(['drop', 'put'])
    expect([...restarted([...changes, ...then]).taken]).toEqual([...proofs.taken])
  })

  test('the second of two payments for a job outlives the first, and is used up by its receipt', () => {
    const { proofs } = take(payment(1))
    const late = sec(120 + 86_000)
    const second = payment(2, { iat: late, exp: (late + 120) as never })
    expect(take(second, proofs, clock(120 + 86_001)).flaw).toBeNull()
    // The first is past its day.
    const other = payment(3, { ref: 'ab'.repeat(32), iat: late, exp: (late + 120) as never })
    const { changes } = take(other, proofs, clock(120 + 86_401))
    expect(changes.map((it) => it.do)).toEqual(['drop', 'put'])
    expect(isProven(proofs, PLACE, 21_000n)).toBe(true)
    expect(isProven(proofs, PLACE, 21_001n)).toBe(false)
    expect(useProof(proofs, PLACE)).toHaveLength(1)
    expect(take(second, proofs, clock(120 + 86_401)).flaw).toBe('pay.repeated')
  })

  test('a hash is kept as long as it is a proof, and the table has a bound', () => {
    const { proofs } = take(payment(1))
    const late = sec(120 + 86_400)
    expect(take(payment(2), proofs, clock(120 + 86_399)).flaw).toBeNull()
    expect(proofs.taken.size).toBe(2)
    const next = payment(3, { iat: late, exp: (late + 120) as never })
    expect(take(next, proofs, clock(120 + 86_401)).flaw).toBeNull()
    expect([proofs.taken.size, proofs.shown.size]).toEqual([1, 1])
    for (let n = 0; proofs.taken.size < MOST_PROOFS; n++)
      proofs.taken.set(paymentHash(n.toString(16).padStart(64, '0')), {
        ...proofs.taken.values().next().value!,
        job: String(n),
        until: sec(10 ** 6),
      })
    expect(take(payment(4), proofs).flaw).toBeNull()
    expect(proofs.taken.size).toBe(MOST_PROOFS)
  })

  test('attack: a node that fills the table with what it made up pushes out its own, used ones first', () => {
    const [mine, sent] = [take(payment(1)).changes[0]!.row, take(payment(2)).changes[0]!.row]
    const made = Array.from({ length: MOST_PROOFS - 1 }, (_, n) => ({
      ...sent,
      hash: paymentHash(n.toString(16).padStart(64, '0')),
      job: String(n),
      node: OTHER,
      until: sec(10 ** 6),
      used: n === 7,
    }))
    // The honest one is the oldest, and the first that is past its time.
    for (const rows of [
      [mine, ...made],
      [...made, mine],
    ]) {
      const proofs = openProofs(rows)
      const dropped = [3, 4].map((n) => {
        const [change] = take(payment(n, { ref: String(n).repeat(64) }), proofs).changes
        return change!.row.hash
      })
      expect(dropped).toEqual([made[7]!.hash, made[0]!.hash])
      expect(isProven(proofs, PLACE, 21_000n)).toBe(true)
      expect(proofs.taken.size).toBe(MOST_PROOFS)
    }
  })

  test('what is past its time is forgotten, and nothing else', () => {
    const { proofs } = take(payment(1))
    const end = 120 + 86_400
    expect(forgetProofs(proofs, clock(end - 1))).toEqual([])
    expect(isProven(proofs, PLACE, 21_000n)).toBe(true)
    expect(forgetProofs(proofs, clock(end)).map((it) => it.do)).toEqual(['drop'])
    expect([proofs.taken.size, proofs.shown.size]).toEqual([0, 0])
  })
})

/** Each changes one thing that the router holds the proof against. */
const other = fc.constantFrom(OTHER, 'ab'.repeat(32), '0'.repeat(64))
const MUTATIONS: Readonly<Record<string, fc.Arbitrary<Proof>>> = {
  'the client': other.map((signer) => proof({ signer: signer as never })),
  'terms.payer': other.map((payer) => of({ payer: payer as never })),
  'terms.payee': other.map((payee) => of({ payee: payee as never })),
  'terms.router': fc.constantFrom('', OTHER, NODE).map((router) => of({ router: router as never })),
  'terms.for': fc.constantFrom('after').map((purpose) => of({ for: purpose as never })),
  'a top-up': other.map((ref) => of({ for: 'topup', router: '', ref })),
  'terms.price': other.map((price) => of({ price: price as never })),
  'terms.net': fc
    .constantFrom('mainnet', 'testnet', 'regtest')
    .map((net) => of({ net: net as never })),
  'the time': fc
    .integer({ min: 87_000, max: 10 ** 6 })
    .map((ago) => of({ iat: sec(-ago), exp: sec(120 - ago) })),
  'the amount of the invoice': fc
    .bigInt({ min: 1n, max: 20_999n })
    .map((n) => proof({ invoice: signedInvoice({ invoice: { msat: msat(n) } }) })),
  'who signed it': fc.constant(proof({ invoice: signedInvoice({ signer: OTHER }) })),
  'the Lightning key': fc.constant(proof({ invoice: signedInvoice({ key: STRANGER }) })),
  'the preimage': fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map(toHex)
    .filter((it) => it !== PREIMAGE)
    .map((preimage) => proof({ evidence: { preimage } })),
  'the word of the node': other.map((hash) =>
    proof({ evidence: { paid: { signer: NODE, paymentHash: hash } } }),
  ),
  'whose word it is': other.map((signer) =>
    proof({ evidence: { paid: { signer: signer as never, paymentHash: payHash } } }),
  ),
  'one character of the terms': fc.nat().map((at) => {
    const invoice = signedInvoice()
    const i = at % invoice.terms.length
    const swap = invoice.terms[i] === '0' ? '1' : '0'
    return proof({
      invoice: { ...invoice, terms: invoice.terms.slice(0, i) + swap + invoice.terms.slice(i + 1) },
    })
  }),
  'one character of the invoice': fc.nat().map((at) => {
    const invoice = signedInvoice()
    const i = at % invoice.bolt11.length
    const swap = invoice.bolt11[i] === 'q' ? 'p' : 'q'
    return proof({
      invoice: {
        ...invoice,
        bolt11: invoice.bolt11.slice(0, i) + swap + invoice.bolt11.slice(i + 1),
      },
    })
  }),
}
const of = (terms: Partial<Terms>): Proof => proof({ invoice: signedInvoice({ terms }) })
const payHash = toHex(sha256(fromHex(PREIMAGE)))

test.each(Object.keys(MUTATIONS))(
  'changed: %s: it is no proof, and leaves nothing behind',
  (name) => {
    fc.assert(
      fc.property(MUTATIONS[name]!, (mutant) => {
        const { proofs, flaw } = take(mutant)
        expect(flaw).not.toBeNull()
        expect([proofs.taken.size, proofs.shown.size]).toEqual([0, 0])
      }),
      { seed: 26_426, numRuns: 40 },
    )
  },
)
