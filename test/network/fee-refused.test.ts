// A router’s own fee where somebody lies about it, cannot pay it, or does not want to.
import { expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import type { Wallet } from '../../src/engine/payments/wallet.ts'
import { codeOf, FEE, has, packsOf, ROUTE, serve } from './fee.ts'
import { paying } from './paying.ts'
import type { World } from './world.ts'

/** A wallet of the router's that does something else. */
const routersWallet = (change: (wallet: Wallet) => Partial<Wallet>) => (it: World) => {
  it.bank!.wrapWallet = (wallet, name) =>
    name === 'router' ? { ...wallet, ...change(wallet) } : wallet
}

test('23: what a router’s wallet makes dearer than it was offered is handed to nobody, and the job goes nowhere', async () => {
  const dearer = routersWallet((wallet) => ({
    createInvoice: (wish) => wallet.createInvoice({ ...wish, msat: msat(wish.msat * 2n) }),
  }))
  const { it, client } = await paying({ fee: FEE }, dearer)
  const asked = await serve(it, client)
  expect(codeOf(asked)).toBe('fee.silent')
  expect(asked.outcome!.bundle.job).toBeUndefined()
  expect([await has(it, 'router'), await has(it, 'client 0')]).toEqual([0n, 1_000_000n])
  await it.close()
})

test('23: a router that takes the money and does not count it gets one pack, and no job', async () => {
  const deaf = routersWallet((wallet) => ({
    subscribe: () => () => {},
    lookup: async (hash) => ({ ...(await wallet.lookup(hash)), state: 'open', received: null }),
  }))
  const { it, client } = await paying({ fee: FEE }, deaf)
  for (let n = 0; n < 2; n++) {
    const asked = await serve(it, client)
    expect(codeOf(asked)).toMatch(/^fee\./)
    expect(asked.outcome!.receipt).toBeNull()
  }
  expect(await has(it, 'router')).toBe(10_000n)
  await it.close()
})

/** What a Lightning address gives: an invoice for the service's own text. */
const loose = (wallet: Wallet): Pick<Wallet, 'createInvoice'> => ({
  createInvoice: (wish) => wallet.createInvoice({ ...wish, terms: 'pay me' }),
})

test('23: nor is what commits to other terms', async () => {
  const { it, client } = await paying({ fee: FEE }, routersWallet(loose))
  const asked = await serve(it, client)
  expect(codeOf(asked)).toBe('fee.silent')
  expect(await has(it, 'router')).toBe(0n)
  await it.close()
})

test('where the router’s offers say that its wallet cannot bind, its signature is enough for the fee', async () => {
  const address = routersWallet((wallet) => ({
    ...loose(wallet),
    info: async () => {
      const info = await wallet.info()
      return { ...info, caps: { ...info.caps, bind: 'none' } }
    },
  }))
  const { it, client } = await paying({ fee: FEE }, address)
  expect(codeOf(await serve(it, client))).toBeNull()
  expect(packsOf(it)).toEqual([[4, 1]])
  await it.close()
})

test('a client without a wallet is told, and sends nothing', async () => {
  const { it } = await paying({ fee: FEE })
  const [party] = it.clients
  it.kill(party!)
  party!.isPoor = true
  await it.start(party!)
  await it.clock.advance(1_000)
  const asked = await serve(it, party!.client!)
  expect(codeOf(asked)).toBe('fee.no_wallet')
  expect(asked.outcome!.fault!.kind).toBe('refused')
  expect(asked.outcome!.bundle.job).toBeUndefined()
  await it.close()
})

test('the caps hold for the fee too; --max-price counts the node’s price alone', async () => {
  const { it } = await paying({ fee: FEE })
  const [party] = it.clients
  const again = async (caps: Partial<NonNullable<World['bank']>['caps']>) => {
    it.bank!.caps = { ...it.bank!.caps, ...caps }
    it.kill(party!)
    await it.start(party!)
    await it.clock.advance(1_000)
    return party!.client!
  }
  const over = await serve(it, await again({ exposure: msat(9_000n) }))
  expect(codeOf(over)).toBe('exposure.exceeded')
  expect(over.outcome!.fault!.hint).toBe('allow it with --max-exposure 10sat')
  expect(await has(it, 'client 0')).toBe(1_000_000n)
  const client = await again({ exposure: msat(200_000n) })
  const { ceiling } = (await serve(it, client)).outcome!
  const asked = await serve(it, client, { cap: ceiling })
  expect([codeOf(asked), asked.outcome!.fee]).toEqual([null, ROUTE])
  await it.close()
})

test('a wallet that cannot pay: the job ends before it went anywhere', async () => {
  const { it, client } = await paying({ fee: FEE })
  it.bank!.down = true
  const asked = await serve(it, client)
  expect(codeOf(asked)).toBe('fee.failed')
  expect(asked.outcome!.bundle.job).toBeUndefined()
  await it.close()
})
