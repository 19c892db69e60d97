// Wallets of a router that give an invoice twice: an address whose service keeps one for each amount, for too long.
import { expect, test } from 'bun:test'
import type { Wallet } from '../../src/engine/payments/wallet.ts'
import type { Client } from '../../src/engine/roles/client/news.ts'
import { ended, paying } from './paying.ts'
import type { World } from './world.ts'

const FEE = { pack: 10_000n, routes: 1 }

/** The wallet of an address, whose service makes no more than so many invoices, and then gives the last one again. */
const keeps = (service: { most: number }) => (world: World) => {
  let made = 0
  let last: ReturnType<Wallet['createInvoice']> | undefined
  world.bank!.wrapWallet = (wallet, name) =>
    name !== 'router'
      ? wallet
      : {
          ...wallet,
          info: async () => {
            const info = await wallet.info()
            return { ...info, caps: { ...info.caps, bind: 'none' } }
          },
          createInvoice: async (wish) => {
            if (last && made >= service.most) return last
            made++
            return (last = wallet.createInvoice({ ...wish, terms: 'pay me' }))
          },
        }
}

const serve = async (it: World, client: Client): Promise<string | null> => {
  const asked = it.request(client, {})
  await ended(it, asked, 60_000)
  return asked.outcome?.fault?.code ?? null
}

test('one that was paid is not given again: its hash is in the ledger, and the router goes on', async () => {
  const { it, client } = await paying({ fee: FEE }, keeps({ most: 1 }))
  expect(await serve(it, client)).toBeNull()
  expect(await serve(it, client)).toBe('fee.silent')
  expect(it.faults).toEqual([])
  const { store, signer } = it.routerParty
  expect(store.money.tabs(signer.pubkey)).toMatchObject([{ paid: 10_000n, used: 10_000n, seq: 1 }])
  await it.close()
})

test('also not where another process wrote that invoice after we looked, and nobody hears of it', async () => {
  const { it, client } = await paying({ fee: FEE }, (world) => {
    keeps({ most: 1 })(world)
    Object.assign(world.routerParty.store.money, { invoice: () => null })
  })
  expect(await serve(it, client)).toBeNull()
  const before = it.bank!.purseOf.get('client 0')!.spentToday()
  expect(await serve(it, client)).toBe('fee.silent')
  expect(it.bank!.purseOf.get('client 0')!.spentToday()).toBe(before)
  expect(it.faults).toEqual([])
  await it.close()
})

test('and once its wallet makes new ones again, they are sold', async () => {
  const service = { most: 1 }
  const { it, client } = await paying({ fee: FEE }, keeps(service))
  const ends = [await serve(it, client), await serve(it, client)]
  service.most = 9
  ends.push(await serve(it, client), await serve(it, client))
  expect(ends).toEqual([null, 'fee.silent', null, null])
  expect(it.faults).toEqual([])
  await it.close()
})
