import { afterEach, describe, expect, test } from 'bun:test'
import {
  type BareService,
  bareService,
  done,
  failed,
  type Script,
  until,
} from '../../../../test/lightning/nwc-bare.ts'
import { toHex } from '../../base/bytes.ts'
import { toSec } from '../../base/clock.ts'
import type { Fault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import { encodeBolt11 } from '../../protocol/bolt11/encode.ts'
import type { InvoiceDraft } from '../../protocol/bolt11/invoice.ts'
import { paymentHash } from '../../protocol/ids.ts'
import { termsHash, termsMemo } from '../../protocol/terms.ts'
import { secp } from '../../transport/link.fixtures.ts'
import type { Wallet } from '../wallet.ts'
import { openNwcPayer } from './payer.ts'
import { openNwcWallet } from './wallet.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const HASH = paymentHash('ab'.repeat(32))
const TERMS = '{"v":"fedai-pay/1"}'
const WISH = { msat: msat(21_000n), terms: TERMS, expirySec: 60 }
const RECEIVES = { methods: ['make_invoice', 'lookup_invoice'], network: 'regtest' }

const begin = async (script: Script, options: Parameters<typeof bareService>[0] = {}) => {
  const service = await bareService(options)
  closing.push(service.close)
  service.script(script)
  return service
}

const openWallet = async (service: BareService): Promise<Wallet> => {
  const wallet = await openNwcWallet({ kind: 'nwc', uri: service.uri }, service.seams)
  closing.push(wallet.close)
  return wallet
}

/** The Fault of a call, while time goes by; no secret of the connection is in it. */
const faultOf = async (service: BareService, call: Promise<unknown>): Promise<string> => {
  let fault: Fault | undefined
  call.then(
    () => (fault = { code: 'none' } as Fault),
    (thrown: Fault) => (fault = thrown),
  )
  await until(() => {
    service.clock.shift(100)
    return fault
  })
  const { kind, code, message, stack, cause } = fault!
  for (const secret of [service.secret, service.uri, 'canary'])
    expect(`${message} ${stack} ${String(cause)}`).not.toContain(secret)
  expect(message?.length ?? 0).toBeLessThan(300)
  return `${kind} ${code} ${message}`
}

describe('a connection is looked at when it is opened', () => {
  const openBoth = async (script: Script, options: Parameters<typeof bareService>[0] = {}) => {
    const service = await begin(script, options)
    const connection = { kind: 'nwc', uri: service.uri } as const
    return {
      service,
      wallet: () => faultOf(service, openNwcWallet(connection, service.seams)),
      payer: () => faultOf(service, openNwcPayer(connection, service.seams)),
    }
  }

  test('and refused where the wallet speaks NIP-04 alone, before anything is sent', async () => {
    for (const tags of [[], [['encryption', 'nip04']]]) {
      const it = await openBoth(() => undefined, { info: { content: 'pay_invoice', tags } })
      const said = /^config wallet.credential .*speaks only the old encryption \(NIP-04\)/
      expect(await it.wallet()).toMatch(said)
      expect(await it.payer()).toMatch(said)
      expect(it.service.requests).toEqual([])
    }
  })

  test('also where only its answer says so', async () => {
    const it = await openBoth((method) => failed(method, 'UNSUPPORTED_ENCRYPTION'), { info: null })
    expect(await it.wallet()).toMatch(/^config wallet.credential .*NIP-04/)
  })

  test('and refused where it may not do what it is for', async () => {
    const none = await openBoth((method) => done(method, { methods: ['get_info'] }))
    expect(await none.wallet()).toMatch(/^config wallet.credential .*make_invoice, lookup_invoice/)
    expect(await none.payer()).toMatch(/^config wallet.credential .*lookup_invoice/)
    const revoked = await openBoth((method) => failed(method, 'UNAUTHORIZED', 'canary'))
    expect(await revoked.wallet()).toMatch(/^config wallet.credential/)
  })

  test('and nobody is there: no relay, or no wallet at the relay', async () => {
    const silent = await openBoth(() => undefined)
    expect(await silent.wallet()).toMatch(/^unavailable wallet.unreachable .*no answer within 15 s/)
    const gone = await openBoth(() => undefined)
    await gone.service.relays[0]!.stop()
    expect(await gone.wallet()).toMatch(/^unavailable wallet.unreachable no relay of the wallet/)
    expect(await gone.payer()).toMatch(/nobody answers at 127.0.0.1/)
  })

  test('and what it answers itself counts before what it says to everybody', async () => {
    const service = await begin((method) => done(method, { ...RECEIVES, pubkey: '02'.repeat(33) }))
    const { nodeKey, net, caps } = await (await openWallet(service)).info()
    expect(nodeKey).toBe('02'.repeat(33))
    expect(net).toBe('regtest')
    expect(caps).toMatchObject({ spend: false, hold: false })
  })

  test.each([
    ['with an info event', undefined, 'RESTRICTED', true],
    ['without', null, 'NOT_IMPLEMENTED', null],
  ] as const)('one that may not ask who it is: %s', async (_, info, code, spend) => {
    const service = await begin((method) => failed(method, code), info === null ? { info } : {})
    const described = await (await openWallet(service)).info()
    expect(described.caps.spend).toBe(spend)
    expect(described.caps.hold).toBe(spend === true)
    // The configured network: invoices of another one are refused.
    expect(described.net).toBe('regtest')
  })

  test.each([
    ['bitcoin', 'mainnet'],
    ['signet', 'testnet'],
    ['marsnet', 'regtest'],
  ])('on a network called %s', async (network, net) => {
    const service = await begin((method) => done(method, { ...RECEIVES, network }))
    expect(String((await (await openWallet(service)).info()).net)).toBe(net)
  })
})

/** An invoice for WISH, but for what a case changes. */
const invoice = (service: BareService, over: Partial<InvoiceDraft> = {}): string =>
  encodeBolt11(
    {
      prefix: 'bcrt',
      msat: WISH.msat,
      timestamp: toSec(service.clock.now()),
      expirySec: 60,
      paymentHash: HASH,
      paymentSecret: 'cd'.repeat(32),
      description: null,
      descriptionHash: termsHash(TERMS),
      ...over,
    },
    (hash) => secp.signRecoverable(hash, new Uint8Array(32).fill(7)),
  )

const memo = { description: termsMemo(TERMS), descriptionHash: null }

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
