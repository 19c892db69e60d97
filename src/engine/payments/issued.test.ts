import { describe, expect, test } from 'bun:test'
import { FakeNode } from '../../../test/fakes/lnd-node.ts'
import { isFault } from '../base/fault.ts'
import { msat } from '../base/money.ts'
import { seededRandom } from '../base/random.ts'
import { virtualClock } from '../base/virtual-clock.ts'
import { openSecp256k1 } from '../identity/secp256k1.ts'
import { paymentHash } from '../protocol/ids.ts'
import { termsHash } from '../protocol/terms.ts'
import { checkWish, issued } from './issued.ts'
import { payable } from './payable.ts'

const secp = await openSecp256k1()
const clock = virtualClock()
const node = new FakeNode({ clock, random: seededRandom(1), secp })
const TERMS = '{"for":"topup"}'
const wish = { msat: msat(21_000n), terms: TERMS, expirySec: 60 }
const made = (over: Partial<Parameters<FakeNode['invoice']>[0]> = {}) =>
  node.invoice({ msat: 21_000n, descriptionHash: termsHash(TERMS), expirySec: 60, ...over })
const net = 'regtest'

const codeOf = (call: () => unknown): string => {
  try {
    call()
  } catch (error) {
    return isFault(error) ? `${error.kind} ${error.code}: ${error.message}` : String(error)
  }
  return 'nothing'
}

describe('what a wallet made', () => {
  const from = { name: 'it' }

  test('is the invoice that was wished for', () => {
    const { bolt11, hash } = made()
    for (const bind of ['hash', 'description'] as const)
      expect(issued(from, { bolt11, paymentHash: hash }, wish, { net, bind })).toEqual({
        bolt11,
        paymentHash: paymentHash(hash),
      })
  })

  const held = made({ hash: 'cd'.repeat(32) })
  const refused: [string, unknown, object?][] = [
    ['an msat more', made({ msat: 21_001n }).bolt11],
    ['an msat less', made({ msat: 20_999n }).bolt11],
    ['no amount', made({ msat: null }).bolt11],
    ['other terms', made({ descriptionHash: termsHash(`${TERMS} `) }).bolt11],
    ['another network', made({ prefix: 'bc' }).bolt11],
    ['a page', '<html>'],
    ['nothing', undefined],
    ['a number', 7],
    [
      'an invoice with a character changed',
      made().bolt11.replace(/.$/, (it) => (it === 'q' ? 'p' : 'q')),
    ],
    ['another payment hash than it says', made().bolt11, { paymentHash: 'ab'.repeat(32) }],
    ['a hash that is no text', made().bolt11, { paymentHash: 7 }],
  ]
  test.each(refused)('is refused: %s', (_what, bolt11, said = {}) =>
    expect(
      codeOf(() => issued(from, { bolt11, ...said }, wish, { net, bind: 'hash' })),
    ).toStartWith('unavailable wallet.answer'),
  )

  test('for a held one it has the hash that was given', () => {
    const hold = paymentHash(held.hash)
    const { bolt11 } = held
    expect(issued(from, { bolt11 }, { ...wish, hold }, { net, bind: 'hash' }).paymentHash).toBe(
      hold,
    )
    const other = { ...wish, hold: paymentHash('ab'.repeat(32)) }
    expect(codeOf(() => issued(from, { bolt11 }, other, { net, bind: 'hash' }))).toStartWith(
      'unavailable wallet.answer',
    )
  })

  test('a hash is no memo', () => {
    const { bolt11 } = made()
    expect(codeOf(() => issued(from, { bolt11 }, wish, { net, bind: 'memo' }))).toStartWith(
      'unavailable wallet.answer',
    )
    expect(issued(from, { bolt11 }, wish, { net, bind: 'none' }).bolt11).toBe(bolt11)
  })
})

describe('a wish', () => {
  const sats = { granularity: msat(1_000n), hold: false }
  const fine = { granularity: msat(1n), hold: true }
  const of = (amount: bigint, hold?: boolean) => ({
    ...wish,
    msat: msat(amount),
    ...(hold && { hold: paymentHash('ab'.repeat(32)) }),
  })

  test('is granted', () => {
    expect(codeOf(() => checkWish({ name: 'it' }, of(1_000n), sats))).toBe('nothing')
    expect(codeOf(() => checkWish({ name: 'it' }, of(1n, true), fine))).toBe('nothing')
  })

  test.each([
    ['nothing', of(0n), sats],
    ['nothing of single msats', of(0n), fine],
    ['half a sat', of(1_500n), sats],
    ['a hold', of(1_000n, true), sats],
  ])('is refused: %s', (_what, it, caps) =>
    expect(codeOf(() => checkWish({ name: 'it' }, it, caps))).toStartWith(
      'unavailable wallet.refused',
    ),
  )
})

describe('an invoice', () => {
  const { bolt11 } = made()
  const end = (node.find(made().hash)?.expires ?? 0) * 1_000

  test('can be paid until its end', () => {
    const it = payable(bolt11, net, clock.now())
    if (typeof it === 'string') throw new Error(it)
    expect(it.msat).toBe(msat(21_000n))
    const last = virtualClock(end - 1).now()
    expect(typeof payable(bolt11, net, last)).toBe('object')
    expect(payable(bolt11, net, virtualClock(end).now())).toBe('expired')
  })

  test.each([
    ['mainnet', 'wrong_net'],
    ['testnet', 'wrong_net'],
  ] as const)('not on %s', (other, reason) =>
    expect(payable(bolt11, other, clock.now())).toBe(reason),
  )

  test('not without an amount', () =>
    expect(payable(made({ msat: null }).bolt11, net, clock.now())).toBe('rejected'))
})
