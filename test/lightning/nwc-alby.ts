import { describe, expect, spyOn, test } from 'bun:test'
import { NWCClient, NWCWalletService, NWCWalletServiceKeyPair } from '@getalby/sdk/nwc'
import { fromHex, sha256, toHex } from '../../src/engine/base/bytes.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { signerOf } from '../../src/engine/identity/signer.ts'
import { openNwcPayer } from '../../src/engine/payments/nwc/payer.ts'
import { openNwcWallet } from '../../src/engine/payments/nwc/wallet.ts'
import { newPreimage, newTerms, sats } from '../../src/engine/payments/specimen.conformance.ts'
import { decodeBolt11 } from '../../src/engine/protocol/bolt11/decode.ts'
import { termsHash } from '../../src/engine/protocol/terms.ts'
import { secp } from '../../src/engine/transport/link.fixtures.ts'
import type { Lightning } from './ldk.ts'
import { ldkPayer } from './ldk-payer.ts'
import { ldkWallet } from './ldk-wallet.ts'
import { type Backend, methodsOver, refusalOf } from './nwc-methods.ts'
import { HOLD, openNwcService, PAY, RECEIVE } from './nwc-service.ts'
import { nwcSeams } from './nwc-specimens.ts'
import type { ShiftingClock } from './shifting-clock.ts'

/**
 * Both halves of NIP-47 against Alby's library (@getalby/sdk), which nobody here wrote: its client drives our
 * wallet service, and our adapter drives its wallet service, over real Lightning.
 */
export const albyCases = (
  name: string,
  lightning: () => Lightning,
  clock: ShiftingClock,
  relay: () => string,
): void =>
  describe(`Alby’s library over ${name}`, () => {
    test('its client uses our wallet service: makes, looks up, pays, holds, and hears of it', async () => {
      const { wallet, bob, payer, close } = nodes(lightning(), clock)
      const methods = [...new Set([...RECEIVE, ...HOLD, ...PAY])]
      const service = await openNwcService({ wallet, payer, clock, relays: [relay()], methods })
      const alby = new NWCClient({ nostrWalletConnectUrl: service.uri })
      const heard: string[] = []
      const quiet = silence()
      try {
        const info = await alby.getInfo()
        expect([info.network, info.pubkey]).toEqual(['regtest', toHex(lightning().alice.id)])
        const end = await alby.subscribeNotifications((it) =>
          heard.push(`${it.notification_type} ${it.notification.payment_hash}`),
        )
        const hash = toHex(sha256('terms'))
        const made = await alby.makeInvoice({ amount: 21_000, description_hash: hash, expiry: 60 })
        expect(decodeBolt11(made.invoice)).toMatchObject({ msat: 21_000n, descriptionHash: hash })
        expect((await bob.payer.pay(made.invoice, LIMITS)).state).toBe('settled')
        const found = await alby.lookupInvoice({ payment_hash: made.payment_hash })
        expect([found.state, found.amount]).toEqual(['settled', 21_000])

        const theirs = await bob.wallet.createInvoice(wish())
        const paid = await alby.payInvoice({ invoice: theirs.bolt11 })
        expect(toHex(sha256(fromHex(paid.preimage)))).toBe(theirs.paymentHash)
        expect(paid.fees_paid).toBe(1_000)

        const { secret, hash: held } = newPreimage()
        const hold = await alby.makeHoldInvoice({ amount: 5_000, payment_hash: held })
        const paying = bob.payer.pay(hold.invoice, LIMITS)
        await until(() => heard.includes(`hold_invoice_accepted ${held}`))
        await alby.settleHoldInvoice({ preimage: secret })
        expect(await paying).toMatchObject({ state: 'settled', preimage: secret })
        await until(() => heard.includes(`payment_received ${made.payment_hash}`))
        await expect(alby.payInvoice({ invoice: theirs.bolt11.slice(0, -1) })).rejects.toThrow()
        end()
      } finally {
        alby.close()
        await service.close()
        await close()
        // It goes on talking for a moment.
        await Bun.sleep(10)
        quiet()
      }
    }, 30_000)

    test('its wallet service is used by our adapter: makes, looks up, pays', async () => {
      const { wallet: behind, payer: purse, bob, close } = nodes(lightning(), clock)
      const quiet = silence()
      const service = await albyService(relay(), { wallet: behind, payer: purse, clock })
      const connection = { kind: 'nwc', uri: service.uri } as const
      const seams = await nwcSeams(clock)
      const [wallet, payer] = [
        await openNwcWallet(connection, seams),
        await openNwcPayer(connection, seams),
      ]
      try {
        const { net, caps } = await wallet.info()
        expect([net, caps.spend, caps.hold]).toEqual(['regtest', true, false])
        const asked = wish()
        const made = await wallet.createInvoice(asked)
        expect(decodeBolt11(made.bolt11)).toMatchObject({
          descriptionHash: termsHash(asked.terms),
        })
        expect((await wallet.lookup(made.paymentHash)).state).toBe('open')
        expect((await bob.payer.pay(made.bolt11, LIMITS)).state).toBe('settled')
        expect(await wallet.lookup(made.paymentHash)).toMatchObject({
          state: 'settled',
          received: asked.msat,
        })
        const theirs = await bob.wallet.createInvoice(wish())
        const payment = await payer.pay(theirs.bolt11, LIMITS)
        expect(payment).toMatchObject({ state: 'settled', fee: 1_000n })
        expect(await payer.payStatus(theirs.paymentHash, theirs.bolt11)).toEqual(payment)
        const { hash } = newPreimage()
        expect(await payer.payStatus(hash, '')).toBeNull()
      } finally {
        await wallet.close()
        await payer.close()
        service.close()
        await close()
        // It goes on talking for a moment.
        await Bun.sleep(10)
        quiet()
      }
    }, 30_000)
  })

const LIMITS = { maxFee: sats(20), timeoutMs: 10_000 }
const wish = () => ({ msat: sats(21), terms: newTerms(1), expirySec: 60 })

/** Alice, behind the service; and bob, who pays her and is paid. */
const nodes = (lightning: Lightning, clock: ShiftingClock) => {
  const halves = ([lightning.alice, lightning.bob] as const).map((node) => ({
    wallet: ldkWallet(lightning, node, clock),
    payer: ldkPayer(node, clock),
  }))
  const [alice, bob] = [halves[0]!, halves[1]!]
  return {
    ...alice,
    bob,
    async close() {
      for (const { wallet, payer } of halves) {
        await wallet.close()
        await payer.close()
      }
    },
  }
}

/** Alby's own service before a wallet of ours. It holds no invoices and sends no notifications. */
const albyService = async (relayUrl: string, backend: Backend) => {
  const [secret, theirs] = [systemRandom.bytes(32), systemRandom.bytes(32)]
  const [walletKey, clientKey] = [secret, theirs].map(
    (it) => signerOf(it, secp, systemRandom).pubkey,
  )
  const { methods } = methodsOver(backend)
  const service = new NWCWalletService({ relayUrl })
  const supported = ['get_info', 'make_invoice', 'lookup_invoice', 'pay_invoice'] as const
  await service.publishWalletServiceInfoEvent(toHex(secret), [...supported], ['payment_received'])
  const handle =
    <T>(name: string) =>
    (params: object = {}) =>
      methods[name]!({ ...params }).then(
        (result) => ({ result: result as T, error: undefined }),
        (thrown: unknown) => ({ result: undefined, error: refusalOf(thrown) }),
      )
  const end = await service.subscribe(new NWCWalletServiceKeyPair(toHex(secret), clientKey!), {
    getInfo: async () => ({
      result: {
        alias: 'alby',
        color: '',
        pubkey: '',
        network: 'regtest',
        block_height: 1,
        block_hash: '',
        methods: [...supported],
      },
      error: undefined,
    }),
    makeInvoice: handle('make_invoice'),
    lookupInvoice: handle('lookup_invoice'),
    payInvoice: handle('pay_invoice'),
  })
  const query = `relay=${encodeURIComponent(relayUrl)}&secret=${toHex(theirs)}`
  return {
    uri: `nostr+walletconnect://${walletKey}?${query}`,
    close(): void {
      end()
      service.close()
    },
  }
}

/** Alby's library talks a lot. @returns what lets it again */
const silence = (): (() => void) => {
  const names = ['log', 'info', 'warn', 'error', 'debug'] as const
  const spies = names.map((name) => spyOn(console, name).mockImplementation(() => {}))
  return () => spies.forEach((spy) => spy.mockRestore())
}

const until = async (check: () => boolean): Promise<void> => {
  for (let i = 0; i < 5_000 && !check(); i++) await Bun.sleep(1)
  expect(check()).toBe(true)
}
