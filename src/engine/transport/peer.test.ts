import { describe, expect, test } from 'bun:test'
import { isPrivateAddress } from './addresses.ts'
import { UNKNOWN, isNetwork, peerOf } from './peer.ts'

const headers = (of: Record<string, string>) => new Headers(of)
const xff = (value: string) => headers({ 'x-forwarded-for': value })
const forwarded = (value: string) => headers({ forwarded: value })

describe('whose connection it is', () => {
  const peer = peerOf(['127.0.0.1', '10.0.0.0/8', 'fd00::/8'])

  test.each([
    ['without a header', '10.0.0.1', headers({}), UNKNOWN],
    ['passed on', '127.0.0.1', xff('203.0.113.7'), '203.0.113.7'],
    ['by two proxies', '127.0.0.1', xff('203.0.113.7, 10.1.2.3'), '203.0.113.7'],
    ['of a liar behind a proxy', '127.0.0.1', xff('1.1.1.1, 203.0.113.7'), '203.0.113.7'],
    ['with a port', '127.0.0.1', xff('203.0.113.7:4711'), '203.0.113.7'],
    ['IPv6', '127.0.0.1', xff('2001:db8::7'), '2001:db8::7'],
    ['IPv6 with a port', '127.0.0.1', xff('[2001:db8::7]:4711'), '2001:db8::7'],
    ['a mapped socket', '::ffff:127.0.0.1', xff('203.0.113.7'), '203.0.113.7'],
    ['a mapped hop', '127.0.0.1', xff('203.0.113.7, ::ffff:10.1.2.3'), '203.0.113.7'],
    ['an IPv6 proxy', 'fd00::1', xff('203.0.113.7'), '203.0.113.7'],
    ['RFC 7239', '127.0.0.1', forwarded('for=203.0.113.7;proto=https'), '203.0.113.7'],
    ['RFC 7239, quoted', '127.0.0.1', forwarded('By=x; For="[2001:db8::7]:47"'), '2001:db8::7'],
    ['RFC 7239, two', '127.0.0.1', forwarded('for=203.0.113.7, for=10.2.2.2'), '203.0.113.7'],
    ['unknown', '127.0.0.1', forwarded('for=unknown'), UNKNOWN],
    ['hidden behind what is known', '127.0.0.1', xff('203.0.113.7, _hidden'), UNKNOWN],
    ['nonsense', '127.0.0.1', xff('%s'), UNKNOWN],
    ['empty', '127.0.0.1', xff(''), UNKNOWN],
    ['only proxies', '127.0.0.1', xff('10.0.0.9'), UNKNOWN],
  ])('%s', (_, socket, given, expected) => expect(peer(socket, given)).toBe(expected))

  test('of whom nothing is said is not in this network, wherever the proxy is', () => {
    for (const said of [headers({}), xff('unknown')])
      expect(isPrivateAddress(peer('10.0.0.1', said)!)).toBe(false)
  })

  test('nobody else is believed', () => {
    expect(peer('203.0.113.1', xff('127.0.0.1'))).toBe('203.0.113.1')
    expect(peer('203.0.113.1', forwarded('for=127.0.0.1'))).toBe('203.0.113.1')
    expect(peerOf([])('127.0.0.1', xff('203.0.113.7'))).toBe('127.0.0.1')
    expect(peer('unknown', xff('203.0.113.7'))).toBe('unknown')
  })

  test('two headers count only where they agree: one of them may be the client’s', () => {
    const both = (one: string, other: string) =>
      peer('127.0.0.1', headers({ 'x-forwarded-for': one, forwarded: `for=${other}` }))
    expect(both('203.0.113.7', '203.0.113.7')).toBe('203.0.113.7')
    expect(both('203.0.113.7', '198.51.100.1')).toBeNull()
    expect(both('203.0.113.7', '10.0.0.1')).toBeNull()
  })

  test('of a thousand hops the last ones are read', () => {
    const many = Array.from({ length: 1_000 }, (_, i) => `10.0.${i >> 8}.${i & 255}`).join(', ')
    expect(peer('127.0.0.1', xff(`203.0.113.7, ${many}`))).toBe(UNKNOWN)
    expect(peer('127.0.0.1', xff(`${many}, 203.0.113.7`))).toBe('203.0.113.7')
  })
})

test.each([
  ['127.0.0.1', true],
  ['10.0.0.0/8', true],
  ['::1', true],
  ['fd00::/8', true],
  ['[fd00::]/8', false],
  ['10.0.0.0/33', false],
  ['fd00::/129', false],
  ['10.0.0.0/', false],
  ['10.0.0.0/8/8', false],
  ['proxy.example.com', false],
  ['', false],
])('isNetwork(%j) is %p', (text, is) => expect(isNetwork(text)).toBe(is))
