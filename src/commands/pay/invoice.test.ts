import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type UnixSec, unixMs } from '../../engine/base/clock.ts'
import { msat } from '../../engine/base/money.ts'
import { seededRandom } from '../../engine/base/random.ts'
import { toHex } from '../../engine/base/bytes.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import { encodeBolt11 } from '../../engine/protocol/bolt11/encode.ts'
import type { InvoiceDraft } from '../../engine/protocol/bolt11/invoice.ts'
import { paymentHash } from '../../engine/protocol/ids.ts'
import { isInvoiceLike, readInvoice } from './invoice.ts'

const secp = await openSecp256k1()
const secret = seededRandom(1).bytes(32)
const node = toHex(secp.point(secret))
const now = unixMs(1_800_000_000_000)
const timestamp = (now / 1000) as UnixSec

const write = (draft: Partial<InvoiceDraft> = {}): string =>
  encodeBolt11(
    {
      prefix: 'bcrt',
      msat: msat(10_000n),
      timestamp,
      expirySec: 600,
      paymentHash: paymentHash('11'.repeat(32)),
      paymentSecret: '22'.repeat(32),
      description: 'coffee',
      descriptionHash: null,
      ...draft,
    },
    (hash) => secp.signRecoverable(hash, secret),
  )
const read = (text: string, net: 'sim' | 'mainnet' | 'regtest' = 'sim', at = now) =>
  readInvoice(text, { net, now: at, secp })

describe('an invoice', () => {
  test('is read, in whichever dress it comes', () => {
    const bolt11 = write()
    const expected = {
      bolt11,
      hash: paymentHash('11'.repeat(32)),
      msat: msat(10_000n),
      node,
      memo: 'coffee',
      expiresAt: unixMs(now + 600_000),
    }
    const dresses = [bolt11, ` ${bolt11}\n`, bolt11.toUpperCase(), `lightning:${bolt11}`]
    for (const text of [...dresses, `LIGHTNING:${bolt11.toUpperCase()}`, `lightning://${bolt11}`]) {
      expect(read(text)).toEqual(expected)
      expect(isInvoiceLike(text)).toBe(true)
    }
    expect(read(bolt11, 'regtest').msat).toBe(msat(10_000n))
    expect(read(write({ description: null, descriptionHash: '33'.repeat(32) })).memo).toBeNull()
  })

  const flawed: [string, () => string, string][] = [
    ['one of another network', () => write({ prefix: 'bc' }), 'invoice.net'],
    ['one that leaves the amount open', () => write({ msat: null }), 'invoice.no_amount'],
    ['one that locks money for weeks', () => write({ minFinalCltv: 4_000 }), 'invoice.lock'],
    [
      'one that is over',
      () => write({ timestamp: (timestamp - 601) as UnixSec }),
      'invoice.expired',
    ],
    ['one that lost its end', () => write().slice(0, -1), 'invoice.unreadable'],
    ['one with a letter changed', () => write().replace('q', 'p'), 'invoice.unreadable'],
    ['one of mixed case', () => `L${write().slice(1)}`, 'invoice.unreadable'],
    [
      'one whose node did not sign',
      () =>
        write({ payee: `02${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}` }),
      'invoice.signature',
    ],
    ['an offer', () => 'lno1pqps7sjqpgt', 'invoice.other_kind'],
    ['an LNURL', () => 'lnurl1dp68gurn8ghj7', 'invoice.other_kind'],
    ['an address', () => 'mira@example.com', 'invoice.other_kind'],
    ['an address on the chain', () => 'bc1qar0srrr7xfkvy5l643', 'invoice.other_kind'],
    ['a text of a megabyte', () => `lnbc${'q'.repeat(1_000_000)}`, 'invoice.unreadable'],
    ['nothing', () => '', 'invoice.other_kind'],
  ]
  test.each(flawed)('%s is refused', (_, text, code) => {
    expect(() => read(text())).toThrow(expect.objectContaining({ kind: 'data', code }))
  })

  test('that lives for ever has an end that a date can name', () => {
    const { expiresAt } = read(write({ expirySec: Number.MAX_SAFE_INTEGER }))
    expect(new Date(expiresAt).toISOString()).toBe('9999-12-31T23:59:59.000Z')
  })

  test('no text breaks the reader', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string().map((it) => `lnbcrt${it}`),
    )
    fc.assert(
      fc.property(text, (it) => {
        expect(() => read(it)).toThrow(expect.objectContaining({ kind: 'data' }))
      }),
    )
  })
})
