import { afterEach, describe, expect, test } from 'bun:test'
import { type BareService, done, failed } from '../../../../test/lightning/nwc-bare.ts'
import { toHex } from '../../base/bytes.ts'
import { toSec } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { termsHash } from '../../protocol/terms.ts'
import {
  begin,
  closeAll,
  faultOf,
  HASH,
  invoice,
  memo,
  openWallet,
  RECEIVES,
  TERMS,
  WISH,
} from './wallet.case.ts'

afterEach(closeAll)

describe('an invoice', () => {
  const answering = async (make: (params: Readonly<Record<string, unknown>>) => object) => {
    const service = await begin((method, params) => {
      if (method === 'get_info') return done(method, RECEIVES)
      const said = make(params)
      return 'code' in said ? failed(method, String(said.code)) : done(method, said)
    })
    return { service, wallet: await openWallet(service) }
  }

  test('is asked for by the hash of its terms, which themselves stay here', async () => {
    let bolt11 = ''
    const it = await answering(() => ({
      invoice: (bolt11 = invoice(it.service)),
      payment_hash: HASH,
    }))
    expect(await it.wallet.createInvoice(WISH)).toEqual({ bolt11, paymentHash: HASH })
    const { method, params } = it.service.requests.at(-1)!
    expect(method).toBe('make_invoice')
    expect(params).toEqual({ amount: 21_000, expiry: 60, description_hash: termsHash(TERMS) })
  })

  test.each([
    ['refuses the hash', (it: BareService) => ({ code: 'INTERNAL', it })],
    [
      'leaves it out',
      (it: BareService) => ({ invoice: invoice(it, { ...memo, description: '' }) }),
    ],
  ])('of a wallet that %s names its terms by a memo from then on', async (_, toHash) => {
    const it = await answering((params) =>
      params.description_hash ? toHash(it.service) : { invoice: invoice(it.service, memo) },
    )
    expect((await it.wallet.info()).caps.bind).toBe('hash')
    await it.wallet.createInvoice(WISH)
    expect((await it.wallet.info()).caps.bind).toBe('memo')
    await it.wallet.createInvoice(WISH)
    const asked = it.service.requests.filter(({ method }) => method === 'make_invoice')
    expect(asked.map(({ params }) => params.description ?? 'hash')).toEqual([
      'hash',
      `fedai-pay/1:${termsHash(TERMS)}`,
      `fedai-pay/1:${termsHash(TERMS)}`,
    ])
  })

  test.each([
    ['another amount', (it: BareService) => ({ invoice: invoice(it, { msat: msat(20_000n) }) })],
    ['no amount', (it: BareService) => ({ invoice: invoice(it, { msat: null }) })],
    ['another network', (it: BareService) => ({ invoice: invoice(it, { prefix: 'bc' }) })],
    ['other terms', (it: BareService) => ({ invoice: invoice(it, { descriptionHash: HASH }) })],
    [
      'another hash than it says',
      (it: BareService) => ({ invoice: invoice(it), payment_hash: 'cd'.repeat(32) }),
    ],
    ['nothing that is one', () => ({ invoice: '<html>canary</html>' })],
    ['none', () => ({})],
  ])('of %s is not given on', async (_, make) => {
    const it = await answering(() => make(it.service))
    expect(await faultOf(it.service, it.wallet.createInvoice(WISH))).toMatch(
      /^unavailable wallet.answer/,
    )
    expect((await it.wallet.info()).caps.bind).toBe('hash')
  })

  test('is not asked for where the wallet cannot make it', async () => {
    const it = await answering(() => ({}))
    const before = it.service.requests.length
    for (const wish of [
      { ...WISH, msat: msat(1n) },
      { ...WISH, hold: HASH },
    ])
      expect(await faultOf(it.service, it.wallet.createInvoice(wish))).toMatch(/wallet.refused/)
    expect(it.service.requests).toHaveLength(before)
  })

  test('that is refused says why, in few words and without what may be a secret', async () => {
    const said = `no: ${'canary'.repeat(5)}\n${toHex(new Uint8Array(99))} `.repeat(20)
    const service = await begin((method) =>
      method === 'get_info' ? done(method, RECEIVES) : failed(method, 'RATE_LIMITED', said),
    )
    const wallet = await openWallet(service)
    const fault = await faultOf(service, wallet.createInvoice(WISH))
    expect(fault).toMatch(/refuses make_invoice: RATE_LIMITED, no: … … no: …/)
  })
})

describe('what a wallet has on record', () => {
  const SEC = 1_000
  test.each([
    [{ state: 'settled', amount: 21_000 }, 'settled', 21_000n],
    [{ state: 'accepted', amount: 21_000 }, 'accepted', 21_000n],
    [{ state: 'pending', expires_at: 60 }, 'open', null],
    [{ state: 'pending', expires_at: -5 }, 'open', null],
    [{ state: 'pending', expires_at: -11 }, 'canceled', null],
    [{ state: 'expired', amount: 21_000 }, 'canceled', null],
    [{ state: 'failed' }, 'canceled', null],
    // Before NIP-47 had states.
    [{ settled_at: 1, amount: 21_000 }, 'settled', 21_000n],
    [{ settled_at: null, expires_at: 60 }, 'open', null],
    [{ settled_at: 0, preimage: '00'.repeat(32), expires_at: 60 }, 'open', null],
    [{ state: 'later', settled_at: 1 }, 'open', null],
    // Its own payment of an invoice of somebody else.
    [{ type: 'outgoing', state: 'settled', amount: 21_000 }, 'unknown', null],
    [{ state: 'settled', amount: -1 }, 'settled', null],
    [{ state: 'settled', amount: 0.5 }, 'settled', null],
  ] as const)('as %j reads %s', async (said, state, received) => {
    const service = await begin((method) => {
      if (method === 'get_info') return done(method, RECEIVES)
      const at = Math.floor(service.clock.now() / SEC)
      const expires = 'expires_at' in said ? { expires_at: at + said.expires_at } : {}
      return done(method, { payment_hash: HASH, type: 'incoming', ...said, ...expires })
    })
    const wallet = await openWallet(service)
    const status = await wallet.lookup(HASH)
    expect(status).toEqual({ paymentHash: HASH, state, received: received as never })
  })

  test.each([
    [49, {}, 'open'],
    [-5, {}, 'open'],
    [-11, {}, 'canceled'],
    // NIP-47 lets a wallet leave out that, too; then nothing says when it ends.
    [-11, { invoice: null }, 'open'],
    [-11, { invoice: 'lnbc' }, 'open'],
    [-11, { expires_at: 9_999_999_999 }, 'open'],
  ])('without its end, of an invoice that ends in %d s, with %j: %s', async (sec, said, state) => {
    const service = await begin((method) => {
      if (method === 'get_info') return done(method, RECEIVES)
      const timestamp = toSec(service.clock.now()) + sec - 60
      const pending = { state: 'pending', payment_hash: HASH, type: 'incoming' }
      return done(method, {
        ...pending,
        invoice: invoice(service, { timestamp } as never),
        ...said,
      })
    })
    const wallet = await openWallet(service)
    expect((await wallet.lookup(HASH)).state).toBe(state as never)
  })

  test('without its end, the invoice of another payment says nothing of it', async () => {
    const service = await begin((method) => {
      if (method === 'get_info') return done(method, RECEIVES)
      const old = invoice(service, { timestamp: 1, paymentHash: 'cd'.repeat(32) } as never)
      return done(method, { state: 'pending', payment_hash: HASH, type: 'incoming', invoice: old })
    })
    const wallet = await openWallet(service)
    expect((await wallet.lookup(HASH)).state).toBe('open')
  })

  test.each([
    [
      'of another payment',
      done('lookup_invoice', { payment_hash: 'cd'.repeat(32), state: 'settled' }),
    ],
    ['of none', done('lookup_invoice', { state: 'settled' })],
    ['as another method', done('get_balance', { payment_hash: HASH, state: 'settled' })],
  ])('%s is nonsense', async (_, answer) => {
    const service = await begin((method) =>
      method === 'get_info' ? done(method, RECEIVES) : answer,
    )
    const wallet = await openWallet(service)
    expect(await faultOf(service, wallet.lookup(HASH))).toMatch(/^unavailable wallet.answer/)
  })

  test('may be called not found in other words', async () => {
    for (const [code, message] of [
      ['NOT_FOUND', ''],
      ['INTERNAL', 'Record not found.'],
    ] as const) {
      const service = await begin((method) =>
        method === 'get_info' ? done(method, RECEIVES) : failed(method, code, message),
      )
      expect((await (await openWallet(service)).lookup(HASH)).state).toBe('unknown')
    }
  })
})
