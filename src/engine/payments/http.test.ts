import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasOpenssl, makeCertificate } from '../../../test/fakes/certificate.ts'
import { cut, page } from '../../../test/fakes/phoenixd.ts'
import { isFault } from '../base/fault.ts'
import { type VirtualClock, virtualClock } from '../base/virtual-clock.ts'
import { type Backend, ask, objectIn, secureBase, wordsOf } from './http.ts'

const SECRET = 'canary secret!'
let redirected = 0

const server = Bun.serve({
  hostname: '127.0.0.1',
  port: 0,
  async fetch(request) {
    const { pathname } = new URL(request.url)
    if (pathname === '/echo')
      return Response.json({
        method: request.method,
        type: request.headers.get('content-type'),
        body: await request.text(),
        key: request.headers.get('x-key'),
      })
    if (pathname === '/page') return page()
    if (pathname === '/cut') return cut()
    if (pathname === '/moved') return Response.redirect('/there', 307)
    if (pathname === '/there') redirected++
    if (pathname === '/never') return new Promise<Response>(() => {})
    if (pathname === '/drip') return new Response(dripping())
    if (pathname === '/flood') return new Response('1'.repeat(2 ** 20 + 1))
    if (pathname === '/deep') return new Response('['.repeat(100_000))
    if (pathname === '/list') return Response.json([1])
    const status = Number(pathname.slice(1))
    return Response.json({ detail: `no, ${SECRET} ${'ab'.repeat(16)}\n\u0007 you` }, { status })
  },
})
afterAll(() => server.stop(true))

/** Headers at once, and then nothing that ends. */
const dripping = () => new ReadableStream({ start: (controller) => controller.enqueue('{"half":') })

const backend = (clock: VirtualClock = virtualClock()): Backend => ({
  name: 'it',
  base: `http://127.0.0.1:${server.port}`,
  headers: { 'x-key': SECRET },
  secrets: [SECRET],
  clock,
})

const faultOf = async (promise: Promise<unknown>) => {
  const error = await promise.catch((it: unknown) => it)
  if (!isFault(error)) throw new Error(`not a Fault: ${error}`)
  expect(Bun.inspect(error, { depth: 10 })).not.toContain(SECRET)
  return `${error.kind} ${error.code}`
}

describe('a question to a wallet', () => {
  test('is sent as a form or as JSON, with its headers', async () => {
    const form = objectIn(
      backend(),
      await ask(backend(), { method: 'POST', path: '/echo', form: { a: 'ü&b' } }),
    )
    expect(form).toMatchObject({ method: 'POST', body: 'a=%C3%BC%26b', key: SECRET })
    expect(String(form.type)).toStartWith('application/x-www-form-urlencoded')
    const json = objectIn(
      backend(),
      await ask(backend(), { method: 'POST', path: '/echo', json: { a: 1 } }),
    )
    expect(json).toMatchObject({ type: 'application/json', body: '{"a":1}' })
  })

  test.each([
    ['/cut', 'unavailable wallet.unreachable'],
    ['/flood', 'unavailable wallet.unreachable'],
    ['/moved', 'unavailable wallet.unreachable'],
    ['/page', 'unavailable wallet.answer'],
    ['/deep', 'unavailable wallet.answer'],
    ['/list', 'unavailable wallet.answer'],
    ['/401', 'config wallet.credential'],
    ['/403', 'config wallet.credential'],
    ['/400', 'unavailable wallet.refused'],
    ['/404', 'unavailable wallet.refused'],
    ['/500', 'unavailable wallet.refused'],
  ])('%s is %s', async (path, code) => {
    const answer = ask(backend(), { path }).then((it) => objectIn(backend(), it))
    expect(await faultOf(answer)).toBe(code)
    expect(redirected).toBe(0)
  })

  test('nobody there is unreachable', async () => {
    const nobody = { ...backend(), base: 'http://127.0.0.1:9' }
    expect(await faultOf(ask(nobody, { path: '/' }))).toBe('unavailable wallet.unreachable')
  })

  test.each(['/never', '/drip'])('ends after its time: %s', async (path) => {
    const clock = virtualClock()
    let ended = false
    const answer = ask(backend(clock), { path, timeoutMs: 5_000 }).finally(() => (ended = true))
    answer.catch(() => {})
    await Bun.sleep(20)
    await clock.advance(4_999)
    expect(ended).toBe(false)
    await clock.advance(1)
    expect(await faultOf(answer)).toBe('unavailable wallet.unreachable')
    expect(clock.pending()).toBe(0)
  })

  test('leaves no timer behind', async () => {
    const clock = virtualClock()
    await ask(backend(clock), { path: '/echo' })
    await ask(backend(clock), { path: '/cut' }).catch(() => {})
    expect(clock.pending()).toBe(0)
  })

  test('goes to no private address that somebody else named', async () => {
    const to = { ...backend(), allowPrivate: false }
    expect(await faultOf(ask(to, { path: '/echo' }))).toBe('unavailable wallet.unreachable')
  })
})

describe('what a wallet says', () => {
  const said = (json: unknown, text = '') => wordsOf(backend(), { status: 500, text, json })

  test.each([
    ['its detail', { detail: 'Insufficient balance.' }, 'Insufficient balance.'],
    ['a message', { message: 'no' }, 'no'],
    ['a reason', { reason: 'no' }, 'no'],
    ['lines and control characters as one line', { detail: 'a\n\u001b[31m b' }, 'a [31m b'],
    ['our secret as nothing', { detail: `key ${SECRET} is bad` }, 'key … is bad'],
    ['what may be a key as nothing', { detail: `got ${'deadbeef'.repeat(4)}!` }, 'got …!'],
    ['a header that it quotes as nothing', { detail: 'boom Basic OmFiYw== !' }, 'boom … !'],
    ['a field that it quotes as nothing', { detail: 'bad {"key": "abc12"' }, 'bad {"…'],
    ['what turns or cannot be seen as a space', { detail: 'a\u202eb\u3164c' }, 'a b c'],
  ])('%s', (_what, json, words) => expect(said(json)).toBe(words))

  test('plain text, and of a page nothing', () => {
    expect(said(undefined, 'no such thing')).toBe('no such thing')
    expect(said(undefined, ' <!doctype html>')).toBeNull()
  })

  test('120 characters at most', () =>
    expect(said({ detail: 'a b '.repeat(99) })).toHaveLength(120))
})

describe('a credential goes', () => {
  test.each([
    'https://wallet.example.com',
    'http://127.0.0.1:9740',
    'http://[::1]:9740',
    'http://localhost:9740',
    'http://192.168.1.5:9740',
    'http://umbrel.local:9740',
    'http://phoenixd:9740',
  ])('to %s', (url) => expect(secureBase('it', url)).toBe(url))

  test.each(['http://wallet.example.com', 'http://8.8.8.8:9740', 'http://[2606:4700::1111]'])(
    'not to %s',
    async (url) => {
      const asked = Promise.resolve().then(() => secureBase('it', url))
      expect(await faultOf(asked)).toBe('config wallet.plain_http')
    },
  )
})

describe.if(hasOpenssl)('a certificate that was given', () => {
  const folders = [0, 1].map(() => mkdtempSync(join(tmpdir(), 'fedai-')))
  afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))
  const [mine, other] = folders.map((folder, n) => makeCertificate(folder, `wallet${n}`)) as [
    ReturnType<typeof makeCertificate>,
    ReturnType<typeof makeCertificate>,
  ]
  const secure = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    tls: { cert: mine.cert, key: mine.key },
    fetch: () => Response.json({ ok: true }),
  })
  afterAll(() => secure.stop(true))
  const to = (certificate: string | null): Backend => ({
    ...backend(),
    base: `https://127.0.0.1:${secure.port}`,
    certificate,
  })

  test('is trusted, and it alone', async () => {
    expect((await ask(to(mine.cert), { path: '/' })).json).toEqual({ ok: true })
    for (const certificate of [other.cert, null])
      expect(await faultOf(ask(to(certificate), { path: '/' }))).toBe(
        'unavailable wallet.unreachable',
      )
  })
})
