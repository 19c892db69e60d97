// The examples of BOLT 11: what its writers say is in them, and that we would write the same.
import { describe, expect, test } from 'bun:test'
import { fromHex } from '../../src/engine/base/bytes.ts'
import type { UnixSec } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { encodeBolt11 } from '../../src/engine/protocol/bolt11/encode.ts'
import type { InvoiceDraft, Prefix } from '../../src/engine/protocol/bolt11/invoice.ts'
import { payeeOf } from '../../src/engine/protocol/bolt11/payee.ts'
import { paymentHash } from '../../src/engine/protocol/ids.ts'
import vectors from './bolt11.json' with { type: 'json' }

const backends = await Promise.all(
  (['libsecp256k1', 'wasm', 'noble'] as const).map((it) => openSecp256k1(it)),
)
const [secp] = backends as [(typeof backends)[0]]
const readable = [...vectors.valid, vectors.named]

/** The fields of an example as our types have them. */
const draftOf = ({ fields }: (typeof readable)[number]): InvoiceDraft => ({
  ...fields,
  prefix: fields.prefix as Prefix,
  msat: fields.msat === null ? null : msat(BigInt(fields.msat)),
  timestamp: fields.timestamp as UnixSec,
  paymentHash: paymentHash(fields.paymentHash),
})

test('all examples of the document are there', () => {
  expect(vectors.valid).toHaveLength(16)
  expect(vectors.invalid).toHaveLength(10)
  expect(new Set([...readable, ...vectors.invalid].map((it) => it.invoice)).size).toBe(27)
})

test.each(readable)('reads $note', (vector) => {
  const invoice = decodeBolt11(vector.invoice)
  if (typeof invoice === 'string') throw new Error(invoice)
  const { hash, sig, recovery, ...said } = invoice
  expect(said).toEqual(draftOf(vector) as typeof said)
  if ('signature' in vector)
    expect({ hash: hash.toHex(), sig: sig.toHex(), recovery }).toEqual(vector.signature)
  for (const it of backends) expect(payeeOf(invoice, it)).toBe(vector.payee)
})

describe('refuses', () => {
  test.each(vectors.invalid)('$note', ({ invoice, why }) => {
    const read = decodeBolt11(invoice)
    if (why !== 'payee') return expect(read).toBe(why as typeof read)
    if (typeof read === 'string') throw new Error(read)
    for (const it of backends) expect(payeeOf(read, it)).toBeNull()
  })
})

// The others have their fields in another order, defaults spelled out, or another signer.
const WRITTEN = [0, 1, 2, 3, 5, 9]

test.each(WRITTEN.map((at) => vectors.valid[at]!))('writes $note, byte for byte', (vector) => {
  const { expirySec, minFinalCltv: _, ...draft } = draftOf(vector)
  const sign = (hash: Uint8Array) => secp.signRecoverable(hash, fromHex(vectors.secret))
  const spelled = expirySec === 3600 ? draft : { ...draft, expirySec: expirySec! }
  expect(encodeBolt11(spelled, sign)).toBe(vector.invoice)
})
