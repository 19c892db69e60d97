import { describe, expect, test } from 'bun:test'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { hasOpenssl, makeCertificate } from '../../../test/fakes/certificate.ts'
import { type Flags, resolve } from '../../engine/base/config/resolve.ts'
import { doorOf } from './door.ts'

const door = (flags: Flags) => doorOf(resolve(flags, {}))
const fault = (code: string) => expect.objectContaining({ kind: 'config', code })

describe('where a door may be without TLS', () => {
  test.each(['127.0.0.1:0', '[::1]:7447', 'localhost:7447', '192.168.1.5:7447', '[fd00::1]:7447'])(
    '%s',
    async (listen) => {
      expect(await door({ 'router.listen': listen })).toMatchObject({ doors: [] })
    },
  )

  test.each(['0.0.0.0:7447', '[::]:7447', '8.8.8.8:7447', '[2600::1]:1', 'router.example.com:1'])(
    'not at %s',
    async (listen) => {
      expect(door({ 'router.listen': listen })).rejects.toThrow(fault('door.plaintext'))
      const proxied = { 'router.listen': listen, 'router.trusted_proxy': ['10.0.0.0/8'] }
      expect(await door(proxied)).toMatchObject({ trustedProxies: ['10.0.0.0/8'] })
    },
  )

  test.each([
    '[::0]:1',
    '[0::0]:1',
    '0:1',
    '0.0:1',
    '0x0:1',
    '[::ffff:0.0.0.0]:1',
    '[::0.0.0.0]:1',
  ])('not at %s, which is everywhere', async (listen) => {
    await expect(door({ 'router.listen': listen })).rejects.toThrow(fault('door.plaintext'))
  })

  test('a name is judged by where it is, all of it', async () => {
    const at = (...addresses: string[]) =>
      doorOf(resolve({ 'router.listen': 'box:7447' }, {}), async () => addresses)
    expect(await at('192.168.1.5', 'fd00::1')).toMatchObject({ hostname: 'box', port: 7447 })
    for (const open of [['8.8.8.8'], ['127.0.0.1', '2600::1'], ['0.0.0.0'], ['::%1'], []])
      await expect(at(...open)).rejects.toThrow(fault('door.plaintext'))
  })

  test('a proxy is an address', () => {
    expect(door({ 'router.trusted_proxy': ['10.0.0.0/33'] })).rejects.toThrow(fault('door.proxy'))
  })
})

describe.skipIf(!hasOpenssl)('with TLS', () => {
  test('it is known by its own names, else by those of the certificate', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fedai-door-'))
    const { certFile, keyFile } = makeCertificate(folder, 'x')
    const tls = { 'router.tls_cert': certFile, 'router.tls_key': keyFile }
    const listen = { 'router.listen': '0.0.0.0:7447' }
    expect((await door({ ...tls, ...listen })).doors).toEqual([
      'wss://localhost:7447',
      'wss://router.example.com:7447',
    ])
    expect((await door({ ...tls, 'router.listen': '0.0.0.0:443' })).doors[1]).toBe(
      'wss://router.example.com',
    )
    const named = { ...tls, ...listen, 'router.public': ['wss://fed.example.net/'] }
    expect((await door(named)).doors).toEqual(['wss://fed.example.net'])

    expect(door({ 'router.tls_cert': certFile })).rejects.toThrow(fault('tls.one'))
    writeFileSync(certFile, 'x')
    expect(door(tls)).rejects.toThrow(fault('tls.certificate'))
    chmodSync(keyFile, 0o644)
    expect(door(tls)).rejects.toThrow(fault('tls.readable'))
    rmSync(folder, { recursive: true })
  })
})
