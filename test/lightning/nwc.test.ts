// The adapter for NIP-47 over real Lightning: a wallet service of ours before an LDK node, a relay between.
import { afterAll } from 'bun:test'
import { payerConformance } from '../../src/engine/payments/payer.conformance.ts'
import { msat } from '../../src/engine/base/money.ts'
import { walletConformance } from '../../src/engine/payments/wallet.conformance.ts'
import type { Caps } from '../../src/engine/payments/wallet.ts'
import { openFakeRelay } from '../fakes/relay.ts'
import { openLightning } from './ldk.ts'
import { nwcPayerSpecimen, nwcWalletSpecimen } from './nwc-specimens.ts'
import { shiftingClock } from './shifting-clock.ts'

const clock = shiftingClock()
const lightning = await openLightning(clock)
const relays = [await openFakeRelay(), await openFakeRelay()]
const urls = relays.map(({ url }) => url)
afterAll(async () => {
  lightning.close()
  for (const relay of relays) await relay.close()
})

const CAPS: Caps = {
  hold: true,
  bind: 'hash',
  granularity: msat(1_000n),
  push: true,
  spend: false,
  preimage: 'sometimes',
  custodial: true,
}

walletConformance('an LDK node over NWC', { caps: CAPS }, () =>
  nwcWalletSpecimen(lightning, clock, urls),
)
payerConformance(
  'an LDK node over NWC',
  {
    caps: { ...CAPS, hold: false, spend: true },
    cannot: {
      fee: 'NIP-47 has no limit for fees',
      route: 'NIP-47 has no word for it, so it fails for some other reason: see below',
    },
  },
  () => nwcPayerSpecimen(lightning, clock, urls),
)
