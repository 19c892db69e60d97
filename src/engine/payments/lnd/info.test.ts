import { afterEach, describe, expect, test } from 'bun:test'
import type { Permission } from '../../../../test/fakes/lnd-macaroon.ts'
import { faultOf, outcome } from '../specimen.conformance.ts'
import { openLndPayer } from './payer.ts'
import { lndScene, type Scene } from './scene.conformance.ts'
import { openLndWallet } from './wallet.ts'

let scene: Scene
afterEach(() => scene.fake.stop())

const uris = (...methods: string[]): Permission[] => methods.map((it) => ['uri', `/${it}`])
const error = (message: string) => Response.json({ code: 2, message }, { status: 500 })

describe('the network of an lnd', () => {
  test.each([
    ['mainnet', 'mainnet'],
    ['testnet', 'testnet'],
    ['testnet4', 'testnet'],
    ['signet', 'testnet'],
    ['regtest', 'regtest'],
    ['simnet', 'regtest'],
  ] as const)('%s is %s, by what it says', async (network, net) => {
    scene = lndScene()
    const chains = [{ chain: 'bitcoin', network }]
    const wallet = await openLndWallet(scene.fake.connection, scene.seams)
    scene.fake.instead(() => Response.json({ identity_pubkey: scene.fake.node.key, chains }))
    expect((await outcome(scene.world, wallet.info())).net).toBe(net)
  })

  test('that nobody knows is no answer', async () => {
    scene = lndScene()
    const wallet = await openLndWallet(scene.fake.connection, scene.seams)
    for (const chains of [[{ network: 'litecoin' }], [], 'regtest', [null]]) {
      scene.fake.instead(() => Response.json({ identity_pubkey: scene.fake.node.key, chains }))
      expect((await faultOf(scene.world, wallet.info())).code).toBe('wallet.answer')
    }
  })

  test('is that of its invoices where it says nothing, and the key is that which signed', async () => {
    scene = lndScene(uris('lnrpc.Lightning/AddInvoice'))
    const wallet = await openLndWallet(scene.fake.connection, scene.seams)
    scene.fake.lies.invoice = 'network'
    const info = await outcome(scene.world, wallet.info())
    expect(info).toMatchObject({ net: 'mainnet', nodeKey: scene.fake.node.key })
    // Asked once, so that one invoice is made.
    await outcome(scene.world, wallet.info())
    expect(scene.fake.node.invoices.size).toBe(1)
  })

  test.each([
    ['mainnet', 'mainnet'],
    ['testnet3', 'testnet'],
    ['signet', 'testnet'],
  ] as const)('%s is %s for a payer, by why lnd does not read an invoice', async (name, net) => {
    scene = lndScene(uris('routerrpc.Router/TrackPaymentV2'))
    const payer = await openLndPayer(scene.fake.connection, scene.seams)
    scene.fake.instead((wanted) =>
      wanted.includes('/payreq/')
        ? error(`invoice not for current active network '${name}'`)
        : null,
    )
    expect(await outcome(scene.world, payer.info())).toMatchObject({ net, nodeKey: null })
  })

  test('is unknown to a payer that may read no invoice: a Fault', async () => {
    scene = lndScene(uris('routerrpc.Router/TrackPaymentV2', 'routerrpc.Router/SendPaymentV2'))
    const payer = await openLndPayer(scene.fake.connection, scene.seams)
    expect((await faultOf(scene.world, payer.info())).code).toBe('wallet.credential')
  })
})
