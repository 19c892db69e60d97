import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { htmlPage, newCertificate } from '../../../../test/fakes/lnd-http.ts'
import { msat } from '../../base/money.ts'
import { faultOf, newPreimage, newTerms, outcome, until } from '../specimen.conformance.ts'
import type { InvoiceStatus, Wallet } from '../wallet.ts'
import { lndScene, type Scene } from './scene.conformance.ts'
import { openLndWallet } from './wallet.ts'

let scene: Scene
let wallet: Wallet
beforeEach(async () => {
  scene = lndScene()
  wallet = await openLndWallet(scene.fake.connection, scene.seams)
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

describe('an lnd that is somebody else', () => {
  test('with another certificate gets nothing to read, not even the macaroon', async () => {
    const heard: string[] = []
    const { cert, key } = newCertificate('wallet')
    const evil = Bun.serve({
      hostname: '127.0.0.1',
      port: 0,
      tls: { cert, key },
      fetch: (request) => {
        heard.push(JSON.stringify([...request.headers]))
        return Response.json({})
      },
    })
    const url = `https://127.0.0.1:${evil.port}`
    const theirs = await openLndWallet({ ...scene.fake.connection, url }, scene.seams)
    const fault = await fails(theirs.info())
    await fails(theirs.createInvoice(wish()))
    const end = theirs.subscribe(() => {})
    await Bun.sleep(20)
    end()
    await evil.stop(true)
    expect(fault.code).toBe('wallet.unreachable')
    expect(fault.message).toContain('certificate that is not trusted')
    expect(heard).toEqual([])
  })

  test('without a certificate in the connection is nobody whom the system trusts', async () => {
    const open = { ...scene.fake.connection, certificate: null }
    const theirs = await openLndWallet(open, scene.seams)
    expect((await fails(theirs.info())).code).toBe('wallet.unreachable')
    expect(scene.fake.asked).toEqual([])
  })

  test('on the internet without TLS is not spoken to', async () => {
    const url = 'http://lnd.example.com:8080'
    const opened = openLndWallet({ ...scene.fake.connection, url }, scene.seams)
    expect(await opened.catch((it) => it.code)).toBe('wallet.plain_http')
  })
})

describe('an invoice', () => {
  for (const lie of ['amount', 'terms', 'hash', 'life', 'network', 'text'] as const)
    for (const held of [false, true])
      test(`with another ${lie} than was asked is not passed on (${held ? 'held' : 'plain'})`, async () => {
        scene.fake.lies.invoice = lie
        const { hash } = newPreimage()
        const fault = await fails(wallet.createInvoice(wish(held ? { hold: hash } : {})))
        expect(fault.code).toBe('wallet.answer')
      })

  test.each([0, -1, 1.5, Number.NaN, 31_536_001])(
    'that lives for %d s is refused before lnd makes one for a day',
    async (expirySec) => {
      expect((await fails(wallet.createInvoice(wish({ expirySec })))).code).toBe('wallet.refused')
      expect(scene.fake.asked).toEqual([])
    },
  )

  test('that lives for a year is made', async () => {
    await done(wallet.createInvoice(wish({ expirySec: 31_536_000 })))
  })

  test('of another payment than was looked up is no answer', async () => {
    const made = await done(wallet.createInvoice(wish()))
    const other = await done(wallet.createInvoice(wish()))
    await done(scene.outside.pay(other.bolt11, 10_000n))
    const body = { r_hash: btoa('x'.repeat(32)), state: 'SETTLED', amt_paid_msat: '21000' }
    scene.fake.instead(() => Response.json(body))
    expect((await fails(wallet.lookup(made.paymentHash))).code).toBe('wallet.answer')
  })

  test('that a proxy does not find is not unknown for that', async () => {
    const made = await done(wallet.createInvoice(wish()))
    const notFound = { code: 5, message: 'Not Found', details: [] }
    scene.fake.instead(() => Response.json(notFound, { status: 404 }))
    expect((await fails(wallet.lookup(made.paymentHash))).code).toBe('wallet.refused')
    scene.fake.instead(() => htmlPage(404))
    expect((await fails(wallet.lookup(made.paymentHash))).code).toBe('wallet.answer')
  })
})

describe('what lnd says', () => {
  test.each([
    ['permission denied', 'wallet.credential'],
    ['verification failed: signature mismatch after caveat verification', 'wallet.credential'],
    ['expected 1 macaroon, got 0', 'wallet.credential'],
    ['the RPC server is in the process of starting up, but not yet ready', 'wallet.refused'],
    ['wallet locked, unlock it to enable full RPC access', 'wallet.refused'],
    ['something that a later lnd says', 'wallet.refused'],
  ])('%s: a Fault that tells', async (message, code) => {
    scene.fake.instead(() => Response.json({ code: 2, message, details: [] }, { status: 500 }))
    expect((await fails(wallet.createInvoice(wish()))).code).toBe(code)
  })

  test('is passed on without what it quotes: neither macaroon nor preimage', async () => {
    scene.fake.lies.quotes = true
    const { secret, hash } = newPreimage()
    const base64 = Uint8Array.fromHex(secret).toBase64()
    await fails(wallet.hold!.settle(secret), secret, base64)
    await fails(wallet.hold!.cancel(hash), base64)
    const stranger = { ...scene.fake.connection, macaroon: 'c0ffee'.repeat(20) }
    const other = await openLndWallet(stranger, scene.seams)
    await fails(other.info(), stranger.macaroon)
  })

  test('for a minute is nothing but errors: then it goes on', async () => {
    const made = await done(wallet.createInvoice(wish()))
    scene.fake.feel('fails')
    for (let i = 0; i < 5; i++) await fails(wallet.lookup(made.paymentHash))
    scene.fake.feel('works')
    expect((await done(wallet.lookup(made.paymentHash))).state).toBe('open')
  })

  test('in nothing within 15 s is said to be nothing', async () => {
    const never = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    const url = `https://127.0.0.1:${never.port}`
    const theirs = await openLndWallet({ ...scene.fake.connection, url }, scene.seams)
    const asked = theirs.info().catch((it) => it.message)
    await Bun.sleep(5)
    await scene.clock.advance(15_000)
    expect(await asked).toBe('lnd did not answer within 15 s')
    never.stop(true)
  })
})

describe('who subscribed', () => {
  const told: InvoiceStatus[] = []
  const settled = (hash: string) => async () =>
    told.some((it) => it.paymentHash === hash && it.state === 'settled')

  test('is told of what happened while the connection was lost', async () => {
    const { bolt11, paymentHash: hash } = await done(wallet.createInvoice(wish()))
    const end = wallet.subscribe((it) => told.push(it))
    await until(scene.world, 'a stream', () => scene.fake.streams() === 1)
    await scene.clock.advance(1_000)
    scene.fake.feel('fails')
    scene.fake.cutStreams()
    await done(scene.outside.pay(bolt11, 10_000n))
    for (let i = 0; i < 10; i++) await scene.world.pass(1_000)
    expect(await settled(hash)()).toBe(false)
    scene.fake.feel('works')
    for (let i = 0; i < 40 && !(await settled(hash)()); i++) await scene.world.pass(1_000)
    expect(await settled(hash)()).toBe(true)
    end()
  })

  test('listens anew when a stream was silent for five minutes: it may be dead', async () => {
    const end = wallet.subscribe(() => {})
    await until(scene.world, 'a stream', () => scene.fake.streams() === 1)
    const before = scene.fake.asked.length
    await scene.clock.advance(300_000)
    await until(scene.world, 'another', () => scene.fake.asked.length > before)
    end()
  })

  test('leaves nothing behind: no stream, no timer', async () => {
    for (let i = 0; i < 3; i++) {
      const ends = [0, 1, 2].map(() => wallet.subscribe(() => {}))
      await done(wallet.createInvoice(wish({ hold: newPreimage().hash })))
      await until(scene.world, 'streams', () => scene.fake.streams() > i)
      for (const end of ends) end()
      await until(scene.world, 'their end', () => scene.fake.streams() === 0)
    }
    await until(scene.world, 'no timers', () => scene.clock.pending() === 0)
  })

  test('follows 64 held invoices by a stream each, and no more', async () => {
    const end = wallet.subscribe(() => {})
    for (let i = 0; i < 70; i++)
      await done(wallet.createInvoice(wish({ hold: newPreimage().hash })))
    for (let i = 0; i < 20; i++) await scene.world.pass(10)
    expect(scene.fake.streams()).toBe(65)
    end()
  })
})
