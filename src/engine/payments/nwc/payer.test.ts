import { afterEach, describe, expect, test } from 'bun:test'
import {
  bareService,
  done,
  failed,
  type Script,
  until,
} from '../../../../test/lightning/nwc-bare.ts'
import { fromHex, sha256, toHex } from '../../base/bytes.ts'
import { toSec, unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { tagValue } from '../../protocol/event.ts'
import { encodeBolt11 } from '../../protocol/bolt11/encode.ts'
import { paymentHash } from '../../protocol/ids.ts'
import { secp } from '../../transport/link.fixtures.ts'
import { openNwcPayer } from './payer.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const PREIMAGE = 'ab'.repeat(32)
const HASH = paymentHash(toHex(sha256(fromHex(PREIMAGE))))
const LIMITS = { maxFee: msat(20_000n), timeoutMs: 5_000 }
const NOT_FOUND = failed('lookup_invoice', 'NOT_FOUND')
const found = (said: object): object => done('lookup_invoice', { payment_hash: HASH, ...said })

/**
 * A payer whose wallet answers by a script; what it is asked first, is answered.
 * @param set how far somebody has set its clock, ms
 */
const begin = async (script: Script, set = () => 0) => {
  const service = await bareService()
  closing.push(service.close)
  const methods = ['pay_invoice', 'lookup_invoice']
  service.script((method, params, event) =>
    method === 'get_info'
      ? done(method, { methods, network: 'regtest' })
      : script(method, params, event),
  )
  const { now, ...clock } = service.seams.clock
  const seams = { ...service.seams, clock: { ...clock, now: () => unixMs(now() + set()) } }
  const payer = await openNwcPayer({ kind: 'nwc', uri: service.uri }, seams)
  closing.push(payer.close)
  const bolt11 = encodeBolt11(
    {
      prefix: 'bcrt',
      msat: msat(21_000n),
      timestamp: toSec(service.clock.now()),
      expirySec: 120,
      paymentHash: HASH,
      paymentSecret: 'cd'.repeat(32),
      description: 'x',
      descriptionHash: null,
    },
    (hash) => secp.signRecoverable(hash, new Uint8Array(32).fill(7)),
  )
  return {
    service,
    payer,
    bolt11,
    asked: () => service.requests.map(({ method }) => method).slice(1),
    /** What becomes of a promise while all patience runs out. */
    async inTime<T>(promise: Promise<T>): Promise<T> {
      let ended = false
      promise.then(
        () => (ended = true),
        () => (ended = true),
      )
      await until(() => {
        service.clock.shift(ended ? 0 : 50)
        return ended
      })
      return promise
    },
  }
}

describe('a payment', () => {
  test('is one request that ends with its invoice, after the wallet was asked whether it knows it', async () => {
    const it = await begin((method) =>
      method === 'pay_invoice' ? done(method, { preimage: PREIMAGE, fees_paid: 7 }) : NOT_FOUND,
    )
    expect(await it.payer.pay(it.bolt11, LIMITS)).toEqual({
      state: 'settled',
      preimage: PREIMAGE as never,
      fee: msat(7n),
    })
    expect(it.asked()).toEqual(['lookup_invoice', 'pay_invoice'])
    const { params, event } = it.service.requests.at(-1)!
    expect(params).toEqual({ invoice: it.bolt11 })
    const ends = Number(tagValue(event, 'expiration')) - toSec(it.service.clock.now())
    expect(ends).toBeGreaterThan(115)
    expect(ends).toBeLessThanOrEqual(120)
  })

  test('is not begun where nobody answers, and that is certain', async () => {
    const it = await begin(() => undefined)
    const fault = await it.inTime(
      it.payer.pay(it.bolt11, LIMITS).catch((thrown: unknown) => thrown),
    )
    expect(fault).toMatchObject({ kind: 'unavailable', code: 'wallet.unreachable' })
    expect(it.asked()).toEqual(['lookup_invoice'])
  })

  test.each([
    [{ type: 'outgoing', state: 'settled', preimage: PREIMAGE, fees_paid: 5 }, 'settled'],
    [{ type: 'outgoing', settled_at: 5 }, 'settled'],
    [{ type: 'outgoing', state: 'pending' }, 'inflight'],
    [{ type: 'outgoing', settled_at: null }, 'inflight'],
    [{ type: 'outgoing', state: 'accepted' }, 'inflight'],
    [{ type: 'outgoing', state: 'moving' }, 'unknown'],
    // Payee and payer have one wallet, and it was paid.
    [{ type: 'incoming', state: 'settled' }, 'settled'],
  ] as const)('that the wallet knows as %j is not paid again: %s', async (record, state) => {
    const it = await begin((method) => (method === 'lookup_invoice' ? found(record) : undefined))
    expect(String((await it.payer.pay(it.bolt11, LIMITS)).state)).toBe(state)
    expect(it.asked()).toEqual(['lookup_invoice'])
  })

  test.each([[{ type: 'incoming', state: 'pending' }], [{ type: 'outgoing', state: 'failed' }]])(
    'is sent where the wallet knows %j',
    async (record) => {
      const it = await begin((method) =>
        method === 'pay_invoice' ? done(method, { preimage: PREIMAGE }) : found(record),
      )
      expect(await it.payer.pay(it.bolt11, LIMITS)).toMatchObject({ state: 'settled', fee: null })
    },
  )

  test('that failed before is unknown when it is tried again and nobody answers', async () => {
    const it = await begin((method) =>
      method === 'lookup_invoice' ? found({ type: 'outgoing', state: 'failed' }) : undefined,
    )
    expect((await it.inTime(it.payer.pay(it.bolt11, LIMITS))).state).toBe('unknown')
    expect((await it.payer.payStatus(HASH, it.bolt11))?.state).toBe('unknown')
  })

  test.each(['RESTRICTED', 'UNAUTHORIZED', 'NOT_IMPLEMENTED'])(
    'that the connection may not make (%s) is a matter of its credential',
    async (code) => {
      const it = await begin((method) =>
        method === 'pay_invoice' ? failed(method, code, it.bolt11) : NOT_FOUND,
      )
      const fault = await it.payer.pay(it.bolt11, LIMITS).catch((thrown: unknown) => thrown)
      expect(fault).toMatchObject({ kind: 'config', code: 'wallet.credential' })
      expect(String(fault)).not.toContain(it.bolt11)
    },
  )

  test.each([
    ['PAYMENT_FAILED', NOT_FOUND, 'unknown'],
    ['PAYMENT_FAILED', found({ type: 'outgoing', state: 'failed' }), 'failed'],
    ['INTERNAL', NOT_FOUND, 'unknown'],
    ['QUOTA_EXCEEDED', NOT_FOUND, 'failed'],
    ['RATE_LIMITED', NOT_FOUND, 'failed'],
    ['INSUFFICIENT_BALANCE', NOT_FOUND, 'failed'],
    ['INSUFFICIENT_BALANCE', undefined, 'unknown'],
  ] as const)(
    'that the wallet calls %s counts by its record: case %#',
    async (code, after, state) => {
      let paid = false
      const it = await begin((method) => {
        if (method === 'lookup_invoice') return paid ? after : NOT_FOUND
        paid = true
        return failed(method, code)
      })
      const payment = await it.inTime(it.payer.pay(it.bolt11, LIMITS))
      expect(String(payment.state)).toBe(state)
    },
  )

  test('that nobody heard of is unknown until its end, also where our clock is set ahead', async () => {
    let set = 0
    const script: Script = (method) => (method === 'pay_invoice' ? undefined : NOT_FOUND)
    const it = await begin(script, () => set)
    expect(await it.inTime(it.payer.pay(it.bolt11, LIMITS))).toEqual({ state: 'unknown' })
    // The wallet answers this: put forward meanwhile, the clock would call it late where the machine is slow.
    const later = () => it.payer.payStatus(HASH, it.bolt11)
    // Longer than any request is on its way to a wallet that is asked directly.
    it.service.clock.shift(90_000)
    set = 300_000
    // A relay may still pass it on: the wallet's clock says when it is over.
    expect(await later()).toEqual({ state: 'unknown' })
    it.service.clock.shift(60_000)
    expect(await later()).toBeNull()
  })
})
