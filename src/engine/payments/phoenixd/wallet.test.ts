import { afterEach, describe, expect, test } from 'bun:test'
import {
  FULL,
  LIMITED,
  type PhoenixdMisbehaviour,
  fakePhoenixd,
} from '../../../../test/fakes/phoenixd.ts'
import { isFault } from '../../base/fault.ts'
import { paymentHash } from '../../protocol/ids.ts'
import { openScene, payFromOutside, worldOf } from '../http-scene.conformance.ts'
import { faultOf, newTerms, sats } from '../specimen.conformance.ts'
import { openPhoenixdWallet } from './wallet.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

const start = async ({ password = LIMITED, chain }: { password?: string; chain?: string } = {}) => {
  const scene = await openScene()
  const phoenixd = fakePhoenixd(scene.ours, { ...scene, ...(chain !== undefined && { chain }) })
  const connection = { kind: 'phoenixd', url: phoenixd.url, password } as const
  const wallet = await openPhoenixdWallet(connection, scene.seams)
  ends.push(
    () => wallet.close(),
    () => phoenixd.stop(),
  )
  const world = worldOf(scene, [password, btoa(`:${password}`)])
  const create = (sat = 21) =>
    wallet.createInvoice({ msat: sats(sat), terms: newTerms(1), expirySec: 60 })
  return { scene, phoenixd, wallet, world, create }
}

describe('phoenixd says what its password can', () => {
  test.each([
    [FULL, true],
    [LIMITED, false],
  ])('%s: spend %s, with nothing paid', async (password, spend) => {
    const { wallet, scene } = await start({ password })
    expect((await wallet.info()).caps.spend).toBe(spend)
    expect(scene.ours.payments.size).toBe(0)
  })

  test('another one is refused, and stands in no error', async () => {
    const { wallet, world } = await start({ password: 'canary-wrong-password' })
    const fault = await faultOf(world, wallet.info())
    expect(fault.code).toBe('wallet.credential')
  })

  test('a chain that fedai does not know is no network', async () => {
    const { wallet, world } = await start({ chain: 'liquid' })
    expect((await faultOf(world, wallet.info())).code).toBe('wallet.answer')
  })

  test.each([
    ['mainnet', 'mainnet'],
    ['testnet3', 'testnet'],
    ['testnet', 'testnet'],
  ] as const)('%s is %s', async (chain, net) => {
    const { wallet } = await start({ chain })
    expect((await wallet.info()).net).toBe(net)
  })
})

describe('an invoice of phoenixd', () => {
  const lies: [PhoenixdMisbehaviour, string][] = [
    ['wrong amount', 'wallet.answer'],
    ['wrong terms', 'wallet.answer'],
    ['wrong net', 'wallet.answer'],
    ['other payment', 'wallet.answer'],
    ['page', 'wallet.answer'],
    ['cut', 'wallet.unreachable'],
    ['error', 'wallet.refused'],
    ['gossip', 'wallet.refused'],
  ]
  test.each(lies)('is not taken: %s', async (how, code) => {
    const { phoenixd, world, create } = await start()
    phoenixd.misbehave(how)
    expect((await faultOf(world, create())).code).toBe(code)
  })

  test('that nobody paid is open, though phoenixd shows its preimage', async () => {
    const { wallet, scene, create } = await start()
    const { paymentHash: hash } = await create()
    expect(scene.ours.find(hash)?.preimage).toMatch(/^[0-9a-f]{64}$/)
    expect((await wallet.lookup(hash)).state).toBe('open')
  })

  test('that opened a channel is paid in full: what that cost is the payee’s affair', async () => {
    const { wallet, scene, phoenixd, create } = await start()
    const { bolt11, paymentHash: hash } = await create()
    phoenixd.channelCosts(12_345n)
    expect(await payFromOutside(scene, bolt11)).toBe('settled')
    expect(await wallet.lookup(hash)).toEqual({
      paymentHash: hash,
      state: 'settled',
      received: sats(21),
    })
  })

  test('stays open for a minute after its end, since it may have been paid in time', async () => {
    const { wallet, scene, create } = await start()
    const { paymentHash: hash } = await create()
    await scene.pass(60_000 + 59_000)
    expect((await wallet.lookup(hash)).state).toBe('open')
    await scene.pass(2_000)
    expect((await wallet.lookup(hash)).state).toBe('canceled')
  })

  test.each(['other payment', 'page', 'error', 'cut'] as const)(
    'is not said to be anything where the answer is none: %s',
    async (how) => {
      const { wallet, scene, phoenixd, world, create } = await start()
      const { bolt11, paymentHash: hash } = await create()
      await payFromOutside(scene, bolt11)
      phoenixd.misbehave(how)
      await faultOf(world, wallet.lookup(hash))
    },
  )

  test('a proxy’s 404 is no word of phoenixd’s', async () => {
    const { wallet, world } = await start()
    const elsewhere = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      fetch: () => new Response('Unknown endpoint (check api doc)', { status: 404 }),
    })
    ends.push(() => elsewhere.stop(true))
    const connection = { kind: 'phoenixd', password: LIMITED } as const
    const url = `http://127.0.0.1:${elsewhere.port}`
    const other = await openPhoenixdWallet({ ...connection, url }, (await openScene()).seams)
    const hash = paymentHash('ab'.repeat(32))
    await faultOf(world, other.lookup(hash))
    expect((await wallet.lookup(hash)).state).toBe('unknown')
  })
})

test('a password goes to no stranger in the clear', async () => {
  const { seams } = await openScene()
  const connection = { kind: 'phoenixd', url: 'http://wallet.example.com', password: FULL } as const
  const error = await openPhoenixdWallet(connection, seams).catch((it: unknown) => it)
  expect(isFault(error) && error.code).toBe('wallet.plain_http')
  expect(Bun.inspect(error)).not.toContain(FULL)
})
