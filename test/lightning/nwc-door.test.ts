// NIP-47 over the door of a router, by sockets: our adapter at one end, our wallet service before LDK at the other. It
// wants a proof of every key, and gives everybody what is addressed to that key alone.
import { afterAll, expect, test } from 'bun:test'
import { toHex } from '../../src/engine/base/bytes.ts'
import { systemClock } from '../../src/engine/base/clock.ts'
import { silentLog } from '../../src/engine/base/log.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { newSigner } from '../../src/engine/identity/signer.ts'
import { openNwcWallet } from '../../src/engine/payments/nwc/wallet.ts'
import { newPreimage, newTerms, sats } from '../../src/engine/payments/specimen.conformance.ts'
import { openRouter } from '../../src/engine/roles/router/router.ts'
import { memoryStore } from '../../src/engine/storage/memory.ts'
import { socketNetwork } from '../../src/engine/transport/sockets.ts'
import { openLightning } from './ldk.ts'
import { openNwcDoor } from './nwc-door.ts'
import { nwcPayerSpecimen, nwcSeams, nwcWalletSpecimen } from './nwc-specimens.ts'
import { shiftingClock } from './shifting-clock.ts'

const clock = shiftingClock()
const lightning = await openLightning(clock)
const door = await openNwcDoor()
afterAll(async () => {
  lightning.close()
  await door.close()
})

const until = async (check: () => unknown): Promise<void> => {
  for (let i = 0; i < 5_000; i++) {
    if (await check()) return
    await Bun.sleep(1)
  }
  throw new Error(`never: ${check}`)
}

test('a router itself passes on nothing of wallets, and the wallet behind it is called out of reach', async () => {
  const secp = await openSecp256k1()
  const network = socketNetwork({ clock: systemClock, random: systemRandom })
  const router = await openRouter({
    clock: systemClock,
    random: systemRandom,
    secp,
    network,
    net: 'regtest',
    signer: newSigner(secp, systemRandom),
    store: memoryStore(),
    log: silentLog,
    software: 'test',
    broken: (fault) => {
      throw fault
    },
    hostname: '127.0.0.1',
    port: 0,
    name: 'router',
  })
  const [wallet, client] = [newSigner(secp, systemRandom), toHex(systemRandom.bytes(32))]
  const relay = encodeURIComponent(router.address)
  const uri = `nostr+walletconnect://${wallet.pubkey}?relay=${relay}&secret=${client}`
  const opening = openNwcWallet({ kind: 'nwc', uri }, await nwcSeams(clock))
  await expect(opening).rejects.toMatchObject({
    code: 'wallet.unreachable',
    message: expect.stringContaining('no relay takes requests: invalid: event.unknown_kind'),
  })
  await router.close()
})

test('an invoice is made, heard to be paid, and held until it is settled', async () => {
  const it = await nwcWalletSpecimen(lightning, clock, [door.url])
  const { wallet, payFromOutside } = it
  const told: string[] = []
  wallet.subscribe(({ state }) => told.push(state))
  const wish = { msat: sats(21), terms: newTerms(1), expirySec: 60 }
  const { bolt11, paymentHash } = await wallet.createInvoice(wish)
  expect(await payFromOutside(bolt11)).toBe('settled')
  await until(() => told.includes('settled'))
  expect(await wallet.lookup(paymentHash)).toMatchObject({ state: 'settled', received: 21_000n })
  const { secret, hash } = newPreimage()
  const held = await wallet.createInvoice({ ...wish, hold: hash })
  const paying = payFromOutside(held.bolt11)
  await until(() => told.includes('accepted'))
  await wallet.hold!.settle(secret)
  expect(await paying).toBe('settled')
  await wallet.close()
  await it.stop?.()
})

test('a payment goes once, and its answer comes', async () => {
  const it = await nwcPayerSpecimen(lightning, clock, [door.url])
  const before = await it.balance()
  const { bolt11, paymentHash } = await it.invoiceFromOutside({ msat: sats(21), expirySec: 60 })
  const limits = { maxFee: sats(20), timeoutMs: 20_000 }
  const payment = await it.payer.pay(bolt11, limits)
  expect(payment).toMatchObject({ state: 'settled', fee: 1_000n })
  expect(await it.payer.payStatus(paymentHash, bolt11)).toEqual(payment)
  expect(await it.payer.pay(bolt11, limits)).toEqual(payment)
  expect(before - (await it.balance())).toBe(22_000n)
  const asked = door.passed.filter(({ pubkey }) => pubkey === it.service.client)
  expect(asked.length).toBeGreaterThan(3)
  await it.payer.close()
  await it.stop?.()
})
