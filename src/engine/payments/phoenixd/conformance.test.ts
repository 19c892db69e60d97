import {
  FULL,
  LIMITED,
  type PhoenixdMisbehaviour,
  fakePhoenixd,
} from '../../../../test/fakes/phoenixd.ts'
import { outsideInvoice, openScene, payFromOutside, worldOf } from '../http-scene.conformance.ts'
import { payerConformance } from '../payer.conformance.ts'
import type { WalletInfo } from '../wallet.ts'
import { walletConformance } from '../wallet.conformance.ts'
import { CAPS } from './api.ts'
import { openPhoenixdPayer } from './payer.ts'
import { openPhoenixdWallet } from './wallet.ts'

const HOW: Readonly<Record<string, PhoenixdMisbehaviour>> = {
  refuses: 'error',
  'talks nonsense': 'page',
  'hangs up': 'deaf',
  fails: 'error',
}

const ASKED = { twice: 'it is asked, and notifies nobody' }

const start = async (password: string) => {
  const scene = await openScene()
  const phoenixd = fakePhoenixd(scene.ours, scene)
  const connection = { kind: 'phoenixd', url: phoenixd.url, password } as const
  const expected: Omit<WalletInfo, 'caps'> = {
    kind: 'phoenixd',
    net: 'regtest',
    nodeKey: scene.ours.key,
  }
  return {
    scene,
    phoenixd,
    connection,
    expected,
    world: worldOf(scene, [password, btoa(`:${password}`)]),
  }
}

walletConformance('phoenixd', { caps: { ...CAPS, spend: false }, cannot: ASKED }, async () => {
  const { scene, phoenixd, connection, expected, world } = await start(LIMITED)
  return {
    ...world,
    wallet: await openPhoenixdWallet(connection, scene.seams),
    expected,
    payFromOutside: (bolt11) => payFromOutside(scene, bolt11),
    made: () => scene.ours.invoices.size,
    break: (how) => phoenixd.misbehave(HOW[how] ?? null),
    stop: () => phoenixd.stop(),
  }
})

payerConformance(
  'phoenixd',
  {
    caps: { ...CAPS, spend: true },
    cannot: { balance: 'its fee for so much is over the limit of these cases; see payer.test.ts' },
  },
  async () => {
    const { scene, phoenixd, connection, expected, world } = await start(FULL)
    return {
      ...world,
      payer: await openPhoenixdPayer(connection, scene.seams),
      expected,
      balance: async () => scene.ours.balance,
      invoiceFromOutside: async (wish) => outsideInvoice(scene.outside, wish),
      unreachable: async (wish) => outsideInvoice(scene.nobody, wish),
      break: (how) => phoenixd.misbehave(HOW[how] ?? null),
      lie: (failed) => phoenixd.misbehave(failed ? 'says failed' : null),
      stop: () => phoenixd.stop(),
    }
  },
)
