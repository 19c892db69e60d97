import { type LnurlMisbehaviour, fakeLnurl } from '../../../../test/fakes/lnurl.ts'
import { openScene, payFromOutside, worldOf } from '../http-scene.conformance.ts'
import { walletConformance } from '../wallet.conformance.ts'
import { CAPS, openAddressWallet } from './wallet.ts'

const HOW: Readonly<Record<string, LnurlMisbehaviour>> = {
  refuses: 'error',
  'talks nonsense': 'page',
  'hangs up': 'deaf',
  fails: 'error',
}

const CANNOT = {
  expiry: 'its service decides how long an invoice lives',
  twice: 'it is asked, and notifies nobody',
}

for (const opaque of [false, true])
  walletConformance(
    opaque ? 'an address whose invoices have numbers' : 'an address',
    { caps: CAPS, cannot: CANNOT },
    async () => {
      const scene = await openScene()
      const lnurl = fakeLnurl(scene.ours, { opaque })
      const connection = { kind: 'address', address: lnurl.address } as const
      return {
        ...worldOf(scene, []),
        wallet: await openAddressWallet(connection, scene.seams, { allowPrivate: true }),
        expected: { kind: 'address', net: 'regtest', nodeKey: scene.ours.key },
        payFromOutside: (bolt11) => payFromOutside(scene, bolt11),
        made: () => scene.ours.invoices.size,
        break: (how) => lnurl.misbehave(HOW[how] ?? null),
        stop: () => lnurl.stop(),
      }
    },
  )
