import {
  ADMIN,
  type Funding,
  INVOICE,
  type LnbitsMisbehaviour,
  fakeLnbits,
} from '../../../../test/fakes/lnbits.ts'
import { openScene, outsideInvoice, payFromOutside, worldOf } from '../http-scene.conformance.ts'
import { payerConformance } from '../payer.conformance.ts'
import type { WalletInfo } from '../wallet.ts'
import { walletConformance } from '../wallet.conformance.ts'
import { CAPS } from './api.ts'
import { openLnbitsPayer } from './payer.ts'
import { openLnbitsWallet } from './wallet.ts'

const HOW: Readonly<Record<string, LnbitsMisbehaviour>> = {
  refuses: 'error',
  'talks nonsense': 'page',
  'hangs up': 'deaf',
  fails: 'error',
}

const ASKED = { twice: 'it is asked, and notifies nobody' }

const start = async (key: string, options: { funding?: Funding; old?: boolean } = {}) => {
  const scene = await openScene()
  const lnbits = fakeLnbits(scene.ours, { ...scene, ...options })
  const connection = { kind: 'lnbits', url: lnbits.url, key } as const
  const expected: Omit<WalletInfo, 'caps'> = {
    kind: 'lnbits',
    net: 'regtest',
    nodeKey: scene.ours.key,
  }
  return { scene, lnbits, connection, expected, world: worldOf(scene, [key]) }
}

for (const [funding, old] of [
  ['hash', false],
  ['description', true],
  ['memo', false],
] as const)
  walletConformance(
    `lnbits that binds by ${funding}${old ? ', an old one' : ''}`,
    { caps: { ...CAPS, bind: funding, spend: false }, cannot: ASKED },
    async () => {
      const { scene, lnbits, connection, expected, world } = await start(INVOICE, { funding, old })
      const wallet = await openLnbitsWallet(connection, scene.seams)
      await wallet.info()
      return {
        ...world,
        wallet,
        expected,
        payFromOutside: (bolt11) => payFromOutside(scene, bolt11),
        made: () => scene.ours.invoices.size,
        break: (how) => lnbits.misbehave(HOW[how] ?? null),
        stop: () => lnbits.stop(),
      }
    },
  )

for (const old of [false, true])
  payerConformance(
    old ? 'an old lnbits' : 'lnbits',
    {
      caps: { ...CAPS, bind: 'hash', spend: true },
      cannot: {
        balance: 'it keeps more for routing than the limit of these cases; see payer.test.ts',
      },
    },
    async () => {
      const { scene, lnbits, connection, expected, world } = await start(ADMIN, { old })
      return {
        ...world,
        payer: await openLnbitsPayer(connection, scene.seams),
        expected,
        balance: async () => scene.ours.balance,
        invoiceFromOutside: async (wish) => outsideInvoice(scene.outside, wish),
        unreachable: async (wish) => outsideInvoice(scene.nobody, wish),
        break: (how) => lnbits.misbehave(HOW[how] ?? null),
        lie: (failed) => lnbits.misbehave(failed ? 'says failed' : null),
        stop: () => lnbits.stop(),
      }
    },
  )
