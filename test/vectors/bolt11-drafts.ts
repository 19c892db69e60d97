import fc from 'fast-check'
import type { UnixSec } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { paymentHash } from '../../src/engine/protocol/ids.ts'
import { NODE, secp } from './bolt11-craft.ts'
import { type InvoiceDraft, PREFIXES } from '../../src/engine/protocol/bolt11/invoice.ts'

const hex = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((it) => it.toHex())
/** Up to 10,000,000 bitcoin: more, LDK cannot count. */
const amount = fc
  .oneof(fc.bigInt({ min: 1n, max: 10n ** 18n }), fc.bigInt({ min: 1n, max: 10_000_000n }))
  .map(msat)
/** A key that is one. */
const point = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((it) => secp.point(it.with(0, 1)).toHex())

const hop = fc.record({
  key: point,
  channel: hex(8),
  feeBaseMsat: fc.nat({ max: 2 ** 32 - 1 }),
  feePpm: fc.nat({ max: 2 ** 32 - 1 }),
  cltvDelta: fc.nat({ max: 2 ** 16 - 1 }),
})
const fallback = fc.oneof(
  fc.record({ version: fc.constantFrom(17, 18, 0), program: hex(20) }),
  fc.record({ version: fc.integer({ min: 0, max: 16 }), program: hex(32) }),
)
/** Every kind of draft that the writer takes. */
export const draft: fc.Arbitrary<InvoiceDraft> = fc
  .record(
    {
      prefix: fc.constantFrom(...PREFIXES),
      msat: fc.option(amount),
      timestamp: fc.nat({ max: 2 ** 31 - 1 }).map((it) => it as UnixSec),
      paymentHash: hex(32).map(paymentHash),
      paymentSecret: hex(32),
      text: fc.option(fc.string({ unit: 'grapheme', maxLength: 60 })),
      hash: hex(32),
      expirySec: fc.nat(),
      minFinalCltv: fc.nat({ max: 2 ** 16 }),
      payee: fc.constantFrom(null, NODE),
      features: fc.constantFrom([8, 14], [9, 15], [8, 14, 16], [9, 15, 17, 48, 99], [14]),
      routes: fc.array(fc.array(hop, { minLength: 1, maxLength: 3 }), { maxLength: 2 }),
      fallbacks: fc.array(fallback, { maxLength: 2 }),
      metadata: fc.uint8Array({ minLength: 1, maxLength: 40 }).map((it) => it.toHex()),
    },
    {
      requiredKeys: ['prefix', 'msat', 'timestamp', 'paymentHash', 'paymentSecret', 'text', 'hash'],
    },
  )
  .map(({ text, hash, ...rest }) => ({
    ...rest,
    description: text,
    descriptionHash: text === null ? hash : null,
  }))
