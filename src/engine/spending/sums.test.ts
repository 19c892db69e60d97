// What strangers sign is added to what they signed before: no sum of the largest that the schemas take throws.
import { expect, test } from 'bun:test'
import { fromHex, sha256, toHex } from '../base/bytes.ts'
import { unixMs } from '../base/clock.ts'
import { MAX_MSAT, MOST_AMOUNT, msat } from '../base/money.ts'
import { jobInvoiceOf, topUpOf } from '../metering/tab-top-up.ts'
import { eventId, paymentHash, pubKey } from '../protocol/ids.ts'
import { SCHEMAS } from '../protocol/messages.ts'
import {
  CLIENT,
  JOB,
  NODE,
  ROUTER,
  clock,
  proof,
  secp,
  signedInvoice,
  pay,
} from './invoice-check.case.ts'
import { checkStatement } from './ledger-check.ts'
import { openView } from './ledger.ts'
import { MOST_PROOFS, isProven, openProofs, takeProof } from './proofs.ts'

const payOf = () => ({ ...pay, payees: [...pay.payees] })

test('two million amounts are no more than all the money there is, and so are all proofs of a router', () => {
  expect(2_000_000n * MOST_AMOUNT <= MAX_MSAT && BigInt(MOST_PROOFS) * MOST_AMOUNT < MAX_MSAT).toBe(
    true,
  )
})

test('proofs of the largest amounts, for one job', () => {
  const proofs = openProofs()
  const largest = (n: number) => {
    const preimage = toHex(sha256(Uint8Array.of(n)))
    const hash = paymentHash(toHex(sha256(fromHex(preimage))))
    const terms = { msat: MOST_AMOUNT, seq: n }
    return proof({
      invoice: signedInvoice({ terms, invoice: { paymentHash: hash } }),
      evidence: { preimage },
    })
  }
  const rules = { net: 'sim', router: ROUTER, secp, payOf } as const
  for (const n of [1, 2, 3]) expect(takeProof(proofs, largest(n), rules, clock(30))).toBeArray()
  const place = { job: JOB, node: NODE, client: CLIENT }
  expect(isProven(proofs, place, 3n * MOST_AMOUNT)).toBe(true)
})

test('a statement about a lost receipt, of any amounts', () => {
  const key = pubKey('0c'.repeat(32))
  const now = unixMs(0)
  const view = { ...openView(NODE, key, now), n: 1, paid: msat(MAX_MSAT), used: msat(MAX_MSAT) }
  for (const cost of [0n, 1n, MOST_AMOUNT, MAX_MSAT]) {
    const said = {
      id: eventId('01'.repeat(32)),
      node: NODE,
      key,
      n: 2,
      paid: msat(MAX_MSAT),
      used: msat(MAX_MSAT),
      reserved: msat(MAX_MSAT),
      receipt: eventId('02'.repeat(32)),
      cost: msat(cost),
      text: '',
      at: now,
    }
    const known = { charge: null, near: [], out: 0n, alone: true }
    // More than was paid is not believed.
    expect(checkStatement(view, said, known, now).changes.length > 0).toBe(cost === 0n)
  }
})

test('what a wallet counts in is never nothing, and what is rounded up to it is an amount', () => {
  const sheet = (granularity: string) =>
    SCHEMAS.sheet.safeParse({
      rows: [
        {
          row: 0,
          task: 'text.chat',
          model: '*',
          rates: {},
          minimum: '0',
          cold_surcharge: '0',
          timings: ['before'],
        },
      ],
      pay: { ...pay, granularity },
    }).success
  expect(['0', '1', '1000', '1000000', '1000001'].map(sheet)).toEqual([
    false,
    true,
    true,
    true,
    false,
  ])
  for (const granularity of [1n, 7n, 1_000_000n].map(msat))
    for (const sum of [
      topUpOf(1, MOST_AMOUNT, granularity),
      jobInvoiceOf(MOST_AMOUNT, granularity),
    ])
      expect(sum >= MOST_AMOUNT && sum % granularity === 0n).toBe(true)
})
