import { toHex } from '../../src/engine/base/bytes.ts'
import type { Msat } from '../../src/engine/base/money.ts'
import { systemRandom } from '../../src/engine/base/random.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'
import { openNwcPayer } from '../../src/engine/payments/nwc/payer.ts'
import { openNwcWallet } from '../../src/engine/payments/nwc/wallet.ts'
import type { PayerSpecimen } from '../../src/engine/payments/payer.conformance.ts'
import type { WalletSpecimen } from '../../src/engine/payments/wallet.conformance.ts'
import type { PaymentSeams } from '../../src/engine/payments/wallet.ts'
import type { Lightning } from './ldk.ts'
import { payerSpecimen, walletSpecimen, worldOf } from './ldk-specimens.ts'
import { ldkWallet } from './ldk-wallet.ts'
import { HOLD, type NwcService, PAY, RECEIVE, openNwcService } from './nwc-service.ts'
import type { ShiftingClock } from './shifting-clock.ts'

const BREAKS = {
  refuses: 'refuses',
  'talks nonsense': 'nonsense',
  'hangs up': 'never',
  fails: 'refuses',
  works: 'well',
} as const

export const nwcSeams = async (clock: ShiftingClock): Promise<PaymentSeams> => ({
  clock,
  random: systemRandom,
  secp: await openSecp256k1(),
  net: 'regtest',
})

/** Alice's node behind a wallet service and relays; we are its client. */
export const nwcWalletSpecimen = async (
  lightning: Lightning,
  clock: ShiftingClock,
  relays: readonly string[],
): Promise<WalletSpecimen & { service: NwcService }> => {
  const behind = walletSpecimen(lightning, clock)
  const methods = [...RECEIVE, ...HOLD]
  const service = await openNwcService({ wallet: behind.wallet, clock, relays, methods })
  const wallet = await openNwcWallet({ kind: 'nwc', uri: service.uri }, await nwcSeams(clock))
  return {
    ...behind,
    ...worldAround(clock, service),
    service,
    wallet,
    expected: { kind: 'nwc', net: 'regtest', nodeKey: toHex(lightning.alice.id) },
    break: (how) => void (service.mischief.answers = BREAKS[how]),
    twice: () => void (service.mischief.copies = 2),
    async stop() {
      await service.close()
      await behind.wallet.close()
      await behind.stop?.()
    },
  }
}

/** Alice's node, which pays for us. @param budget what her wallet service lets us spend, in msat; default: all */
export const nwcPayerSpecimen = async (
  lightning: Lightning,
  clock: ShiftingClock,
  relays: readonly string[],
  budget?: Msat,
): Promise<PayerSpecimen & { service: NwcService }> => {
  const behind = payerSpecimen(lightning, clock)
  const wallet = ldkWallet(lightning, lightning.alice, clock)
  const service = await openNwcService({
    wallet,
    payer: behind.payer,
    clock,
    relays,
    methods: PAY,
    ...(budget !== undefined && { budget }),
  })
  const payer = await openNwcPayer({ kind: 'nwc', uri: service.uri }, await nwcSeams(clock))
  return {
    ...behind,
    ...worldAround(clock, service),
    service,
    payer,
    expected: { kind: 'nwc', net: 'regtest', nodeKey: toHex(lightning.alice.id) },
    break: (how) => void (service.mischief.answers = BREAKS[how]),
    lie(failed) {
      service.mischief.payError = failed ? 'PAYMENT_FAILED' : null
      service.mischief.changes = (method, result) =>
        failed && method === 'lookup_invoice' && result.state === 'settled'
          ? { ...result, state: 'failed', preimage: null, settled_at: null }
          : result
    },
    async stop() {
      await service.close()
      await wallet.close()
      await behind.payer.close()
      await behind.stop?.()
    },
  }
}

/** Where nothing is answered, time is put forward to the end of all patience. */
const worldAround = (clock: ShiftingClock, service: NwcService) => {
  const world = worldOf(clock)
  return {
    ...world,
    secrets: [service.secret, service.uri],
    async pass(ms: number) {
      if (service.mischief.answers === 'never') clock.shift(1_000)
      await world.pass(ms)
    },
  }
}
