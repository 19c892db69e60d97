import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { htmlPage, newCertificate } from '../../../../test/fakes/lnd-http.ts'
import { msat } from '../../base/money.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import { faultOf, newPreimage, newTerms, outcome, until } from '../specimen.conformance.ts'
import type { InvoiceStatus, Wallet } from '../wallet.ts'
import { clnBackend, waitFor } from './rest.ts'
import { clnScene, type Scene } from './scene.conformance.ts'
import { openClnWallet } from './wallet.ts'

let scene: Scene
let wallet: Wallet
beforeEach(async () => {
  scene = clnScene()
  wallet = await openClnWallet(scene.fake.connection, scene.seams)
})
afterEach(async () => {
  await wallet.close()
  await scene.fake.stop()
})

const wish = (over: object = {}) => ({
  msat: msat(21_000n),
  terms: newTerms(1),
  expirySec: 60,
  ...over,
})
const fails = (promise: Promise<unknown>, ...secrets: string[]) =>
  faultOf(scene.world, promise, ...secrets)
const done = <T>(promise: Promise<T>): Promise<T> => outcome(scene.world, promise)
const never = () => new AbortController().signal
const failing = (code: number | null, status = 500) =>
  Response.json({ code, message: 'it fails', data: null }, { status })

test('somebody else with another certificate gets nothing to read, not even the rune', async () => {
  const heard: string[] = []
  const { cert, key } = newCertificate('wallet')
  const evil = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    tls: { cert, key },
    fetch: (request) => {
      heard.push(JSON.stringify([...request.headers]))
      return Response.json({}, { status: 201 })
    },
  })
  const url = `https://127.0.0.1:${evil.port}`
  const connection = { ...scene.fake.connection, url }
  const fault = await fails(openClnWallet(connection, scene.seams))
  const waiting = waitFor(clnBackend(connection, scene.clock), 'waitanyinvoice', {}, never())
  await fails(waiting)
  await evil.stop(true)
  expect(fault.code).toBe('wallet.unreachable')
  expect(heard).toEqual([])
})

test('a node on the internet without TLS is not spoken to', async () => {
  const url = 'http://cln.example.com:3010'
  const opened = openClnWallet({ ...scene.fake.connection, url }, scene.seams)
  expect(await opened.catch((it) => it.code)).toBe('wallet.plain_http')
})

describe('an invoice', () => {
  for (const lie of ['amount', 'terms', 'hash', 'life', 'network', 'text'] as const)
    test(`with another ${lie} than was asked is not passed on`, async () => {
      scene.fake.lies.invoice = lie
      expect((await fails(wallet.createInvoice(wish()))).code).toBe('wallet.answer')
    })

  test('whose answer was lost is the same one at the next try', async () => {
    const terms = newTerms(7)
    scene.fake.lies.loses = true
    expect((await fails(wallet.createInvoice(wish({ terms })))).code).toBe('wallet.unreachable')
    const [lost] = [...scene.fake.node.invoices.keys()]
    const again = await done(wallet.createInvoice(wish({ terms })))
    expect(again.paymentHash as string).toBe(lost!)
    expect(scene.fake.node.invoices.size).toBe(1)
  })

  test('of the same terms with another amount or life is not the one of before', async () => {
    const terms = newTerms(7)
    await done(wallet.createInvoice(wish({ terms })))
    for (const over of [{ msat: msat(1_000n) }, { expirySec: 61 }])
      expect((await fails(wallet.createInvoice(wish({ terms, ...over })))).code).toBe(
        'wallet.answer',
      )
  })

  test('of terms that were paid or have expired is not handed out again', async () => {
    const terms = newTerms(7)
    const { bolt11 } = await done(wallet.createInvoice(wish({ terms })))
    await done(scene.outside.pay(bolt11, 10_000n))
    expect((await fails(wallet.createInvoice(wish({ terms })))).code).toBe('wallet.refused')
  })

  test.each([0, -1, 1.5, 31_536_001])('that lives for %d s is not asked for', async (expirySec) => {
    expect((await fails(wallet.createInvoice(wish({ expirySec })))).code).toBe('wallet.refused')
    expect(scene.fake.asked).not.toContain('invoice')
  })

  test('says in its description what exactly was hashed: quotes, umlauts, backslashes', async () => {
    const terms = '{"a":"„Grüße“ \\" \\\\ 日本"}'
    const made = await done(wallet.createInvoice(wish({ terms })))
    expect(scene.fake.bodies.at(-1)).toMatchObject({ description: terms, deschashonly: true })
    expect(decodeBolt11(made.bolt11)).toMatchObject({ description: null, msat: 21_000n })
  })

  test('of another payment than was looked up is no answer', async () => {
    const made = await done(wallet.createInvoice(wish()))
    const other = { payment_hash: 'ab'.repeat(32), status: 'paid', amount_received_msat: 21_000 }
    const { paymentHash: hash } = made
    const own = { payment_hash: hash, status: 'unpaid' }
    for (const invoices of [[other], [own, own], 'all', null]) {
      scene.fake.instead(() => Response.json({ invoices }, { status: 201 }))
      expect((await fails(wallet.lookup(made.paymentHash))).code).toBe('wallet.answer')
    }
  })

  test('that was paid with an amount that is none is no answer', async () => {
    const { paymentHash: hash } = await done(wallet.createInvoice(wish()))
    for (const amount of [undefined, null, -1, 1.5, 2 ** 60, '21000', 'all']) {
      const it = { payment_hash: hash, status: 'paid', amount_received_msat: amount }
      scene.fake.instead(() => Response.json({ invoices: [it] }, { status: 201 }))
      expect((await fails(wallet.lookup(hash))).code).toBe('wallet.answer')
    }
    const it = { payment_hash: hash, status: 'paid', amount_received_msat: '22000msat' }
    scene.fake.instead(() => Response.json({ invoices: [it] }, { status: 201 }))
    expect((await done(wallet.lookup(hash))).received).toBe(msat(22_000n))
  })
})

describe('what the node says', () => {
  test('is a Fault that tells: of the rune, of the command, of the way to it', async () => {
    const lookup = () => wallet.lookup(newPreimage().hash)
    for (const [answer, code] of [
      [failing(1501, 401), 'wallet.credential'],
      [failing(1501, 403), 'wallet.credential'],
      [failing(-1), 'wallet.refused'],
      [failing(null), 'wallet.refused'],
      [htmlPage(502), 'wallet.answer'],
      [Response.json([], { status: 201 }), 'wallet.answer'],
    ] as const) {
      scene.fake.instead(() => answer)
      expect((await fails(lookup())).code).toBe(code)
    }
  })

  test('is passed on without what it quotes: neither rune nor preimage', async () => {
    scene.fake.lies.quotes = true
    const { secret, hash } = newPreimage()
    await done(wallet.createInvoice(wish({ hold: hash })))
    scene.fake.feel('refuses')
    await fails(wallet.hold!.settle(secret), secret)
    await fails(wallet.createInvoice(wish()))
  })
})

describe('who subscribed', () => {
  test.each([0, 1, 2, 3, 5, 8, 21])('hears of the next payment after %d others', async (before) => {
    for (let i = 0; i < before; i++) {
      const { bolt11 } = await done(wallet.createInvoice(wish()))
      await done(scene.outside.pay(bolt11, 10_000n))
    }
    const told: InvoiceStatus[] = []
    const end = wallet.subscribe((it) => told.push(it))
    const waits = () => scene.fake.bodies.some((it) => it.timeout === 60)
    await until(scene.world, 'it waits', waits)
    expect(scene.fake.bodies.findLast((it) => it.timeout === 60)?.lastpay_index).toBe(before)
    const { bolt11, paymentHash: hash } = await done(wallet.createInvoice(wish()))
    await done(scene.outside.pay(bolt11, 10_000n))
    const heard = () => told.some((it) => it.paymentHash === hash)
    await until(scene.world, 'word of it', heard)
    end()
  })

  test('is told of what was paid while the node did not answer', async () => {
    const told: InvoiceStatus[] = []
    const invoices = [
      await done(wallet.createInvoice(wish())),
      await done(wallet.createInvoice(wish())),
    ]
    const end = wallet.subscribe((it) => told.push(it))
    await until(scene.world, 'it waits', () => scene.fake.bodies.some((it) => it.timeout === 60))
    scene.fake.instead((method) => (method === 'waitanyinvoice' ? htmlPage(502) : null))
    for (const { bolt11 } of invoices) await done(scene.outside.pay(bolt11, 10_000n))
    for (let i = 0; i < 5; i++) await scene.world.pass(1_000)
    scene.fake.instead(null)
    const all = () => invoices.every((it) => told.some((t) => t.paymentHash === it.paymentHash))
    for (let i = 0; i < 60 && !all(); i++) await scene.world.pass(1_000)
    expect(all()).toBe(true)
    end()
  })

  test('asks no faster for a node whose index does not rise', async () => {
    const { bolt11, paymentHash: hash } = await done(wallet.createInvoice(wish()))
    await done(scene.outside.pay(bolt11, 10_000n))
    const stale = { payment_hash: hash, status: 'paid', amount_received_msat: 1, pay_index: 1 }
    const end = wallet.subscribe(() => {})
    await until(scene.world, 'it waits', () => scene.fake.bodies.some((it) => it.timeout === 60))
    scene.fake.instead((method) =>
      method === 'waitanyinvoice' ? Response.json(stale, { status: 201 }) : null,
    )
    const other = await done(wallet.createInvoice(wish()))
    await done(scene.outside.pay(other.bolt11, 10_000n))
    const before = scene.fake.asked.length
    await Bun.sleep(30)
    expect(scene.fake.asked.length - before).toBeLessThan(3)
    end()
  })

  test('leaves nothing behind: no wait, no timer', async () => {
    const ends = [0, 1, 2].map(() => wallet.subscribe(() => {}))
    await done(wallet.createInvoice(wish({ hold: newPreimage().hash })))
    for (let i = 0; i < 10; i++) await scene.world.pass(100)
    for (const end of ends) end()
    // The fake's own wait has a timer, too.
    await scene.clock.advance(61_000)
    await until(scene.world, 'no timers', () => scene.clock.pending() === 0)
  })
})

describe('a held invoice', () => {
  test('that nobody paid is not settled by anybody who asks, whatever the plugin would do', async () => {
    const { secret, hash } = newPreimage()
    await done(wallet.createInvoice(wish({ hold: hash })))
    await fails(wallet.hold!.settle(secret), secret)
    expect(scene.fake.bodies.some((it) => it.preimage === secret)).toBe(false)
    await fails(wallet.hold!.settle(newPreimage().secret))
    await fails(wallet.hold!.cancel(newPreimage().hash))
  })

  test('that expired unpaid is cancelled at the plugin, which would take its payment', async () => {
    const { hash } = newPreimage()
    const { bolt11 } = await done(wallet.createInvoice(wish({ hold: hash, expirySec: 2 })))
    await scene.clock.advance(3_000)
    expect((await done(wallet.lookup(hash))).state).toBe('canceled')
    expect((await done(scene.outside.pay(bolt11, 10_000n))).state).toBe('failed')
  })

  test('is signed by the node, names its terms, and leaves 80 blocks', async () => {
    const { hash } = newPreimage()
    const { bolt11 } = await done(wallet.createInvoice(wish({ hold: hash })))
    expect(decodeBolt11(bolt11)).toMatchObject({ minFinalCltv: 80, features: [8, 14, 17] })
  })
})
