import { afterAll, describe, expect, test } from 'bun:test'
import { isFault } from '../base/fault.ts'
import { isLocalHost, isPrivateAddress } from './addresses.ts'
import { egress, getJson } from './egress.ts'

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
    const { pathname } = new URL(request.url)
    if (pathname === '/json') return Response.json({ ok: true, accept: request.headers.get('x-a') })
    if (pathname === '/moved') return Response.redirect('/json', 302)
    if (pathname === '/big') return new Response('x'.repeat(5_000))
    if (pathname === '/never') return new Promise<Response>(() => {})
    if (pathname === '/text') return new Response('{"half":')
    return new Response('no', { status: 404 })
  },
})
const base = `http://127.0.0.1:${server.port}`
afterAll(() => server.stop(true))

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
  } catch (error) {
    return isFault(error) ? error.code : String(error)
  }
  return 'nothing'
}
const open = { allowPrivate: true }

describe('egress', () => {
  test('answers, streamed', async () => {
    const response = await egress(`${base}/big`, open)
    expect(response.status).toBe(200)
    expect((await response.text()).length).toBe(5_000)
  })

  test('an error status is an answer', async () => {
    expect((await egress(`${base}/gone`, open)).status).toBe(404)
  })

  const refused: [string, () => Promise<unknown>, string][] = [
    ['a file', () => egress('file:///etc/hostname', open), 'egress.scheme'],
    ['data', () => egress('data:text/plain,hi', open), 'egress.scheme'],
    ['no address', () => egress('nonsense', open), 'egress.scheme'],
    ['a password in the address', () => egress('http://a:b@127.0.0.1/', open), 'egress.scheme'],
    ['a redirect', () => egress(`${base}/moved`, open), 'egress.redirect'],
    ['nobody there', () => egress('http://127.0.0.1:9/', open), 'egress.unreachable'],
    ['silence', () => egress(`${base}/never`, { ...open, timeoutMs: 20 }), 'egress.timeout'],
    [
      'a body over the bound',
      async () => (await egress(`${base}/big`, { ...open, maxBytes: 4_999 })).text(),
      'egress.too_large',
    ],
    ['loopback', () => egress(base), 'egress.private'],
    ['loopback by a number', () => egress('http://2130706433/'), 'egress.private'],
    ['loopback by a short form', () => egress('http://0x7f.1/'), 'egress.private'],
    ['loopback by name', () => egress(`http://localhost:${server.port}/`), 'egress.private'],
    ['a mapped address', () => egress('http://[::ffff:10.0.0.1]/'), 'egress.private'],
    ['cloud metadata', () => egress('http://169.254.169.254/'), 'egress.private'],
  ]
  for (const [what, call, code] of refused)
    test(`refuses ${what}`, async () => expect(await codeOf(call())).toBe(code))

  test('a body of exactly the bound passes', async () => {
    const response = await egress(`${base}/big`, { ...open, maxBytes: 5_000 })
    expect((await response.text()).length).toBe(5_000)
  })

  test('an aborted call rejects with the reason of the caller', async () => {
    const reason = new Error('mine')
    const signal = AbortSignal.abort(reason)
    expect(await egress(`${base}/never`, { ...open, signal }).catch((e: unknown) => e)).toBe(reason)
  })

  test('proxy variables change nothing', async () => {
    const before = process.env.HTTP_PROXY
    process.env.HTTP_PROXY = 'http://127.0.0.1:9'
    try {
      expect((await egress(`${base}/json`, open)).status).toBe(200)
      expect(await getJson(`${base}/json`, open)).toEqual({ ok: true, accept: null })
    } finally {
      if (before === undefined) delete process.env.HTTP_PROXY
      else process.env.HTTP_PROXY = before
    }
  })
})

describe('getJson', () => {
  test('sends headers, parses the answer', async () => {
    const answer = await getJson(`${base}/json`, { ...open, headers: { 'x-a': 'b' } })
    expect(answer).toEqual({ ok: true, accept: 'b' })
  })
  const troubles: [string, () => Promise<unknown>, string][] = [
    ['a status', () => getJson(`${base}/gone`, open), 'egress.status'],
    ['half of it', () => getJson(`${base}/text`, open), 'egress.not_json'],
    ['too much', () => getJson(`${base}/big`, { ...open, maxBytes: 100 }), 'egress.too_large'],
    ['silence', () => getJson(`${base}/never`, { ...open, timeoutMs: 20 }), 'egress.timeout'],
    ['nobody', () => getJson('http://127.0.0.1:9/', open), 'egress.unreachable'],
    ['loopback unless allowed', () => getJson(`${base}/json`), 'egress.private'],
  ]
  for (const [what, call, code] of troubles)
    test(`${what} is ${code}`, async () => expect(await codeOf(call())).toBe(code))
})

describe('addresses', () => {
  const inside = `127.0.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.1.1 100.64.0.1 0.0.0.0
    224.0.0.1 255.255.255.255 ::1 :: fe80::1 fc00::1 fd12::1 ff02::1 ::ffff:127.0.0.1 ::ffff:7f00:1
    64:ff9b::10.0.0.1 2002:7f00:1:: ::127.0.0.1`
  const outside =
    '8.8.8.8 172.32.0.1 100.128.0.1 1.1.1.1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808'
  test('private', () => {
    for (const ip of inside.split(/\s+/)) expect([ip, isPrivateAddress(ip)]).toEqual([ip, true])
  })
  test('public', () => {
    for (const ip of outside.split(' ')) expect([ip, isPrivateAddress(ip)]).toEqual([ip, false])
  })
  test('local names', () => {
    for (const host of ['localhost', 'router', 'a.localhost', 'box.local', '[::1]', '10.0.0.1'])
      expect([host, isLocalHost(host)]).toEqual([host, true])
    for (const host of ['example.com', 'localhost.example.com', '[2606:4700::1]', '8.8.8.8'])
      expect([host, isLocalHost(host)]).toEqual([host, false])
  })
})
