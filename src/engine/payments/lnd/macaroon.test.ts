import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { EVERYTHING, macaroonOf, type Permission } from '../../../../test/fakes/lnd-macaroon.ts'
import { canSpend } from './macaroon.ts'

const uris = (...methods: string[]): Permission[] => methods.map((it) => ['uri', `/${it}`])

/** As lnd 0.21.2 baked them on regtest. */
const BAKED = {
  invoices:
    '0201036c6e64022f030a10a90f57e656cb0d0c1e76184bc099aee41201301a170a08696e766f696365731204726561641205777269746500000620243d3f93d45bde06082c1b9f560e12ec62a79feae707e8d556580bef80c50f18',
  pay: '0201036c6e6402c101030a10aa0f57e656cb0d0c1e76184bc099aee41201301aa8010a03757269121d2f6c6e7270632e4c696768746e696e672f4465636f6465506179526571121d2f6c6e7270632e4c696768746e696e672f4c6973744368616e6e656c7312202f6c6e7270632e4c696768746e696e672f50656e64696e674368616e6e656c73121f2f726f757465727270632e526f757465722f53656e645061796d656e74563212202f726f757465727270632e526f757465722f547261636b5061796d656e74563200000620d08c3a1146af14c12e7d39802443a4711a7531a98d3ceb31d03bd09a38355572',
  readonly:
    '0201036c6e6402ac01030a10a20f57e656cb0d0c1e76184bc099aee41201301a0f0a07616464726573731204726561641a0c0a04696e666f1204726561641a100a08696e766f696365731204726561641a100a086d616361726f6f6e1204726561641a0f0a076d6573736167651204726561641a100a086f6666636861696e1204726561641a0f0a076f6e636861696e1204726561641a0d0a0570656572731204726561641a0e0a067369676e65721204726561640000062090e915c8cab92c1099812259233ee4c90433373b46bacb9a846a56cb58728ffd',
}

describe('whether a macaroon can spend', () => {
  test.each([
    ['everything', EVERYTHING, true],
    [
      'invoices',
      [
        ['invoices', 'read'],
        ['invoices', 'write'],
      ],
      false,
    ],
    [
      'what lnd ships for invoices',
      [
        ['invoices', 'read'],
        ['invoices', 'write'],
        ['address', 'read'],
        ['address', 'write'],
        ['onchain', 'read'],
      ],
      false,
    ],
    [
      'reading payments',
      [
        ['offchain', 'read'],
        ['info', 'read'],
      ],
      false,
    ],
    [
      'paying',
      [
        ['offchain', 'read'],
        ['offchain', 'write'],
      ],
      true,
    ],
    ['sending coins', [['onchain', 'write']], true],
    ['baking other macaroons', [['macaroon', 'generate']], true],
    ['signing', [['signer', 'generate']], true],
    ['what a later lnd may have', [['vaults', 'read']], true],
    [
      'receiving, by method',
      uris('lnrpc.Lightning/AddInvoice', 'invoicesrpc.Invoices/SettleInvoice'),
      false,
    ],
    ['paying, by method', uris('routerrpc.Router/SendPaymentV2'), true],
    ['paying along a route', uris('routerrpc.Router/SendToRouteV2'), true],
    ['opening a channel', uris('lnrpc.Lightning/OpenChannelSync'), true],
    ['a method whose name only begins so', uris('lnrpc.Lightning/AddInvoiceAndPay'), true],
    ['a method with another in it', uris('x/lnrpc.Lightning/AddInvoice'), true],
    [
      'one bad one among good ones',
      [...uris('lnrpc.Lightning/AddInvoice'), ['onchain', 'write']],
      true,
    ],
  ] as [string, Permission[], boolean][])('%s', (_, permissions, spends) => {
    expect(canSpend(macaroonOf(permissions))).toBe(spends)
  })

  test('is told of real ones', () => {
    expect(canSpend(BAKED.invoices)).toBe(false)
    expect(canSpend(BAKED.readonly)).toBe(false)
    expect(canSpend(BAKED.pay)).toBe(true)
  })

  test('is not told by one that says nothing, or cannot be read', () => {
    expect(canSpend(macaroonOf([]))).toBeNull()
    for (const it of ['', '00', '02', '0201', 'zz', 'ab'.repeat(100)])
      expect(canSpend(it)).toBeNull()
    const good = macaroonOf(EVERYTHING)
    expect(canSpend(`01${good.slice(2)}`)).toBeNull()
  })

  test('is never denied for one that was cut, or changed in a byte', () => {
    const spending = macaroonOf([['offchain', 'write']])
    const length = spending.length / 2
    fc.assert(
      fc.property(fc.nat(length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const bytes = Uint8Array.fromHex(spending)
        expect(canSpend(bytes.subarray(0, at).toHex())).not.toBe(false)
        bytes[at]! ^= by
        expect(canSpend(bytes.toHex())).not.toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })
})
