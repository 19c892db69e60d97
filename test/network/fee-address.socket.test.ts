// A Lightning address is all that a router needs to take its fee: a whole market on fakes of the wallets' services.
import { afterEach, expect, test } from 'bun:test'
import { systemClock } from '../../src/engine/base/clock.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { openAddressWallet } from '../../src/engine/payments/address/wallet.ts'
import { openPhoenixdPayer } from '../../src/engine/payments/phoenixd/payer.ts'
import { openPhoenixdWallet } from '../../src/engine/payments/phoenixd/wallet.ts'
import { FakeNode } from '../fakes/lnd-node.ts'
import { fakeLnurl } from '../fakes/lnurl.ts'
import { FULL, LIMITED, fakePhoenixd } from '../fakes/phoenixd.ts'
import { openMarket } from '../lightning/market.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const PACK = 10_000n
const ROUTES = 2

const start = async () => {
  const seams = {
    clock: systemClock,
    random: systemRandom,
    secp: await openSecp256k1(),
    net: 'regtest',
  } as const
  const [buyers, sellers, routers] = [new FakeNode(seams), new FakeNode(seams), new FakeNode(seams)]
  buyers.peers.push(sellers, routers)
  const [buyer, seller] = [fakePhoenixd(buyers, seams), fakePhoenixd(sellers, seams)]
  const service = fakeLnurl(routers)
  ends.push(buyer.stop, seller.stop, service.stop)
  const phoenixd = (url: string, password: string) => ({ kind: 'phoenixd', url, password }) as const
  // What a test allows and no user can: its service is on this machine.
  const address = { kind: 'address', address: service.address } as const
  const wallet = await openAddressWallet(address, seams, { allowPrivate: true })
  const market = await openMarket(
    await openPhoenixdWallet(phoenixd(seller.url, LIMITED), seams),
    await openPhoenixdPayer(phoenixd(buyer.url, FULL), seams),
    { fee: { wallet, pack: PACK, routes: ROUTES } },
  )
  ends.push(() => market.close())
  /** What came to the address, msat. */
  const received = () => [...routers.invoices.values()].reduce((sum, it) => sum + it.received, 0n)
  const ask = async () => {
    const { outcome, news } = await market.ask({ outTokens: 1, timings: ['before'] })
    return {
      fault: outcome.fault?.code ?? null,
      fee: outcome.fee,
      news: news.map(({ type }) => type),
    }
  }
  return { market, ask, received }
}

test('two jobs are routed for one pack, which came to the address and is counted by both', async () => {
  const { market, ask, received } = await start()
  const first = await ask()
  expect(first).toMatchObject({ fault: null, fee: PACK / BigInt(ROUTES) })
  expect(first.news).toContain('fee')
  const second = await ask()
  expect(second).toMatchObject({ fault: null, fee: PACK / BigInt(ROUTES) })
  expect(second.news).not.toContain('fee')
  expect(received()).toBe(PACK)
  for (let n = 0; n < 200 && market.packs().tab!.used < PACK; n++) await Bun.sleep(5)
  expect(market.packs()).toMatchObject({
    tab: { paid: PACK, used: PACK },
    view: { paid: PACK, used: PACK },
  })
}, 20_000)
