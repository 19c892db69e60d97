import { afterEach, describe, expect, test } from 'bun:test'
import { bareService, done, failed, type Script } from '../../../../test/lightning/nwc-bare.ts'
import { openNwcPayer } from './payer.ts'
import { begin, closeAll, faultOf, openWallet, RECEIVES } from './wallet.case.ts'
import { openNwcWallet } from './wallet.ts'

afterEach(closeAll)

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
