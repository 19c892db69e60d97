import { afterEach, describe, expect, test } from 'bun:test'
import { type LnurlMisbehaviour, fakeLnurl } from '../../../../test/fakes/lnurl.ts'
import { msat } from '../../base/money.ts'
import { paymentHash } from '../../protocol/ids.ts'
import { openScene, payFromOutside, worldOf } from '../http-scene.conformance.ts'
import { faultOf, newTerms, sats } from '../specimen.conformance.ts'
import type { PaymentSeams } from '../wallet.ts'
import { openAddressWallet } from './wallet.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

type Options = Parameters<typeof fakeLnurl>[1] & { net?: PaymentSeams['net']; address?: string }

const start = async ({ net = 'regtest', address, ...options }: Options = {}) => {
  const scene = await openScene(net)
  const lnurl = fakeLnurl(scene.ours, options)
  const connection = { kind: 'address', address: address ?? lnurl.address } as const
  const open = async (allowPrivate = true) => {
    const wallet = await openAddressWallet(connection, scene.seams, { allowPrivate })
    ends.push(() => wallet.close())
    return wallet
  }
  ends.push(() => lnurl.stop())
  const wallet = await open()
  const create = (amount = sats(21)) =>
    wallet.createInvoice({ msat: amount, terms: newTerms(1), expirySec: 60 })
  return { scene, lnurl, open, wallet, world: worldOf(scene, []), create }
}

describe('an address', () => {
  test('says its network, whatever is configured', async () => {
    const { wallet } = await start({ net: 'mainnet' })
    expect((await wallet.info()).net).toBe('regtest')
  })

  test('that its service does not have', async () => {
    const { lnurl } = await start()
    const { wallet, world } = await start({ address: lnurl.address.replace('bob', 'eve') })
    const fault = await faultOf(world, wallet.info())
    expect(fault.message).toContain('Unknown user')
  })

  test('stays on the public internet: neither the service nor what it names is private', async () => {
    const { open, world, lnurl } = await start()
    const asked = lnurl.asked.length
    const fault = await faultOf(world, (await open(false)).info())
    expect(lnurl.asked.length).toBe(asked)
    // It answers, and is not called silent.
    expect(fault.message).toContain('is on a private network')
    expect(fault.hint).toContain('public internet')
  })

  test.each([
    ['a file', 'file:///etc/passwd'],
    ['a script', 'javascript:alert(1)'],
    ['plain http', 'http://example.com/pay'],
    ['a password in it', 'https://a:b@example.com/pay'],
    ['no address', 'pay me'],
    ['a very long one', `https://example.com/${'x'.repeat(3_000)}`],
  ])('sends nobody to %s', async (_what, callback) => {
    const { create, world } = await start({ callback })
    expect((await faultOf(world, create())).code).toBe('wallet.answer')
  })

  test.each([
    ['less than it takes', sats(1)],
    ['more than it takes', sats(1_001)],
    ['half a sat', msat(10_500n)],
  ])('makes no invoice of %s', async (_what, amount) => {
    const { create, world, scene } = await start({ least: 2_000, most: 1_000_000 })
    expect((await faultOf(world, create(amount))).code).toBe('wallet.refused')
    expect(scene.ours.invoices.size).toBe(0)
  })

  test.each([
    [0, 1_000],
    [2_000, 1_000],
    [1.5, 1_000],
    [1_000, Number.MAX_VALUE],
  ])('takes no amounts from %p to %p', async (least, most) => {
    const { create, world } = await start({ least, most })
    expect((await faultOf(world, create())).code).toBe('wallet.answer')
  })
})

describe('an invoice of an address', () => {
  const lies: [LnurlMisbehaviour, string][] = [
    ['wrong amount', 'wallet.answer'],
    ['wrong terms', 'wallet.answer'],
    ['wrong net', 'wallet.answer'],
    ['no callback', 'wallet.answer'],
    ['page', 'wallet.answer'],
    ['no verify', 'wallet.refused'],
    ['error', 'wallet.refused'],
    ['deaf', 'wallet.unreachable'],
    ['redirect', 'wallet.unreachable'],
    ['flood', 'wallet.unreachable'],
  ]
  test.each(lies)('is not taken: %s', async (how, code) => {
    const { lnurl, world, create } = await start()
    lnurl.misbehave(how)
    expect((await faultOf(world, create())).code).toBe(code)
  })

  test('cannot be told to be paid without LUD-21, so such an address is no wallet', async () => {
    const { lnurl, world, wallet } = await start()
    lnurl.misbehave('no verify')
    expect((await faultOf(world, wallet.info())).message).toContain('LUD-21')
  })

  test.each(['other invoice', 'forgets', 'page', 'error', 'deaf', 'flood'] as const)(
    'is not said to be anything where the answer is none: %s',
    async (how) => {
      const { wallet, scene, lnurl, world, create } = await start()
      const { bolt11, paymentHash: hash } = await create()
      await payFromOutside(scene, bolt11)
      lnurl.misbehave(how)
      await faultOf(world, wallet.lookup(hash))
    },
  )

  test('is found by a later process where its service asks by payment hash', async () => {
    const { scene, open, create } = await start()
    const { bolt11, paymentHash: hash } = await create()
    await payFromOutside(scene, bolt11)
    const later = await open()
    await later.info()
    expect(await later.lookup(hash)).toEqual({
      paymentHash: hash,
      state: 'settled',
      received: sats(21),
    })
    expect((await later.lookup(paymentHash('ab'.repeat(32)))).state).toBe('unknown')
  })

  test('is unknown to a later process where its service gives numbers', async () => {
    const { open, create } = await start({ opaque: true })
    const { paymentHash: hash } = await create()
    const later = await open()
    await later.info()
    expect((await later.lookup(hash)).state).toBe('unknown')
  })

  test('stays open for a minute after its end, since it may have been paid in time', async () => {
    const { wallet, scene, create } = await start()
    const { paymentHash: hash } = await create()
    await scene.pass(120_000 + 59_000)
    expect((await wallet.lookup(hash)).state).toBe('open')
    await scene.pass(2_000)
    expect((await wallet.lookup(hash)).state).toBe('canceled')
  })
})
