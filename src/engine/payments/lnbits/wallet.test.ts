import { afterEach, describe, expect, test } from 'bun:test'
import {
  ADMIN,
  type Funding,
  INVOICE,
  type LnbitsMisbehaviour,
  fakeLnbits,
} from '../../../../test/fakes/lnbits.ts'
import { isFault } from '../../base/fault.ts'
import { openScene, outsideInvoice, payFromOutside, worldOf } from '../http-scene.conformance.ts'
import { faultOf, newTerms, sats } from '../specimen.conformance.ts'
import type { PaymentSeams } from '../wallet.ts'
import { openLnbitsWallet } from './wallet.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

type Options = { key?: string; funding?: Funding; net?: PaymentSeams['net'] }

const start = async ({ key = INVOICE, funding = 'hash', net = 'regtest' }: Options = {}) => {
  const scene = await openScene(net)
  const lnbits = fakeLnbits(scene.ours, { ...scene, funding })
  const open = async (with_: string) => {
    const connection = { kind: 'lnbits', url: lnbits.url, key: with_ } as const
    const wallet = await openLnbitsWallet(connection, scene.seams)
    ends.push(() => wallet.close())
    return wallet
  }
  const wallet = await open(key)
  ends.push(() => lnbits.stop())
  const create = (sat = 21) =>
    wallet.createInvoice({ msat: sats(sat), terms: newTerms(1), expirySec: 60 })
  return { scene, lnbits, open, wallet, world: worldOf(scene, [key]), create }
}

describe('lnbits says', () => {
  test.each([
    [ADMIN, true],
    [INVOICE, false],
  ])('what a key can: %s, spend %s, with nothing paid', async (key, spend) => {
    const { wallet, scene } = await start({ key })
    expect((await wallet.info()).caps.spend).toBe(spend)
    expect(scene.ours.payments.size).toBe(0)
  })

  test('that a key is none of its own', async () => {
    const { wallet, world, create } = await start({ key: 'canary0wrong0key' })
    expect((await faultOf(world, wallet.info())).code).toBe('wallet.credential')
    expect((await faultOf(world, create())).code).toBe('wallet.credential')
  })

  test('its network, whatever is configured: by an invoice that nobody is given', async () => {
    const { wallet, scene } = await start({ net: 'mainnet' })
    expect((await wallet.info()).net).toBe('regtest')
    await wallet.info()
    expect(scene.ours.invoices.size).toBe(1)
  })

  test('nothing of how terms are bound that is not seen to be so', async () => {
    const { wallet, lnbits, world } = await start({ funding: 'description' })
    lnbits.misbehave('wrong terms')
    expect((await faultOf(world, wallet.info())).code).toBe('wallet.answer')
    lnbits.misbehave(null)
    expect((await wallet.info()).caps.bind).toBe('description')
  })
})

describe('an invoice of lnbits', () => {
  const lies: [LnbitsMisbehaviour, string][] = [
    ['wrong amount', 'wallet.answer'],
    ['wrong terms', 'wallet.answer'],
    ['wrong net', 'wallet.answer'],
    ['other payment', 'wallet.answer'],
    ['page', 'wallet.answer'],
    ['cut', 'wallet.unreachable'],
    ['error', 'wallet.refused'],
    ['gossip', 'wallet.refused'],
  ]
  for (const funding of ['hash', 'description', 'memo'] as const)
    test.each(lies)(`is not taken where terms are bound by ${funding}: %s`, async (how, code) => {
      const { wallet, lnbits, world, create } = await start({ funding })
      await wallet.info()
      lnbits.misbehave(how)
      expect((await faultOf(world, create())).code).toBe(code)
    })

  test('is not settled by the preimage that lnbits shows before it is paid', async () => {
    const { wallet, lnbits, create } = await start()
    const { paymentHash: hash } = await create()
    const shown = await fetch(`${lnbits.url}/api/v1/payments/${hash}`)
    expect(await shown.json()).toMatchObject({ paid: false, preimage: expect.any(String) })
    expect(await wallet.lookup(hash)).toMatchObject({ state: 'open', received: null })
  })

  test('is settled when lnbits has counted it, not when its funding source says so', async () => {
    const { wallet, scene, lnbits, create } = await start()
    const { bolt11, paymentHash: hash } = await create()
    await payFromOutside(scene, bolt11)
    lnbits.misbehave('lags')
    expect((await wallet.lookup(hash)).state).toBe('open')
    lnbits.misbehave(null)
    expect(await wallet.lookup(hash)).toMatchObject({ state: 'settled', received: sats(21) })
  })

  test('that lnbits has not counted yet is not canceled for a minute after its end', async () => {
    const { wallet, scene, lnbits, create } = await start()
    const { bolt11, paymentHash: hash } = await create()
    await payFromOutside(scene, bolt11)
    lnbits.misbehave('lags')
    await scene.pass(60_000 + 59_000)
    expect((await wallet.lookup(hash)).state).toBe('open')
  })

  test('is not looked up with a wrong key, though lnbits answers without one', async () => {
    const { scene, open, create, world } = await start()
    const { bolt11, paymentHash: hash } = await create()
    await payFromOutside(scene, bolt11)
    const stranger = await open('canary0wrong0key')
    expect((await faultOf(world, stranger.lookup(hash))).code).toBe('wallet.credential')
  })

  test('is no payment that this wallet made', async () => {
    const { wallet, scene } = await start()
    const it = outsideInvoice(scene.outside, { msat: sats(5), expirySec: 60 })
    await scene.ours.pay(it.bolt11, 10n ** 9n)
    expect((await wallet.lookup(it.paymentHash)).state).toBe('unknown')
  })

  test.each(['other payment', 'page', 'error', 'cut', 'gossip'] as const)(
    'is not said to be anything where the answer is none: %s',
    async (how) => {
      const { wallet, scene, lnbits, world, create } = await start()
      const { bolt11, paymentHash: hash } = await create()
      await payFromOutside(scene, bolt11)
      lnbits.misbehave(how)
      await faultOf(world, wallet.lookup(hash))
    },
  )
})

test('a key goes to no stranger in the clear', async () => {
  const { seams } = await openScene()
  const connection = { kind: 'lnbits', url: 'http://lnbits.example.com', key: ADMIN } as const
  const error = await openLnbitsWallet(connection, seams).catch((it: unknown) => it)
  expect(isFault(error) && error.code).toBe('wallet.plain_http')
  expect(Bun.inspect(error)).not.toContain(ADMIN)
})
