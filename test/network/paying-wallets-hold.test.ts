// Wallets that lie or stumble, on either side of a job that is paid by hold: the money and the result change hands
// together, or neither does, with a tab and without one.
import { describe, expect, test } from 'bun:test'
import { seededRandom } from '../../src/engine/base/random.ts'
import { faultyPayer } from '../fakes/faulty-wallet-payer.ts'
import {
  type FaultPlan,
  type WalletFault,
  newFaultPlan,
  unreachable,
} from '../fakes/faulty-wallet-plan.ts'
import { faultyWallet } from '../fakes/faulty-wallet.ts'
import { HELD, PRICE, holding, paymentsOf } from './holding.ts'
import { checkMoney } from './money-books.ts'
import { ended } from './paying.ts'
import { thinned } from './thinned.ts'
import type { Asked, World } from './world.ts'

type Tab = 'on' | 'off'
const TABS: readonly Tab[] = thinned(['on', 'off'], 2)
const planOf = (it: World, next: readonly WalletFault[]) =>
  newFaultPlan({ clock: it.clock, random: seededRandom(1), next })

/** Each payment that settled has its result, told or kept; no other has one. */
const checkHeld = async (it: World, all: readonly Asked[], cost: bigint): Promise<number> => {
  const { results, resolve } = it.bank!.purseOf.get('client 0')!
  const resolved = resolve()
  await it.clock.advance(1_000)
  await resolved
  const settled = paymentsOf(it.clients[0]!).filter(({ state }) => state === 'settled')
  const shown = all.flatMap(({ outcome }) => (outcome?.output ? [outcome.job] : []))
  const kept = results.all().flatMap(({ job, output }) => (output ? [job] : []))
  const had = new Set<string>([...shown, ...kept])
  expect([...had].toSorted()).toEqual(settled.map(({ ref }) => ref).toSorted())
  expect(await it.bank!.balance('node 0', it.clock)).toBe(cost * BigInt(settled.length))
  await checkMoney(it, false)
  return settled.length
}

const play = async (tab: Tab, prepare: (world: World) => void) => {
  const { it, client } = await holding({}, (world) => {
    world.bank!.tab = tab
    prepare(world)
  })
  const asked = it.request(client, HELD)
  await ended(it, asked, 300_000)
  await it.clock.advance(600_000)
  const paid = await checkHeld(it, [asked], PRICE)
  expect(paid).toBe((await it.bank!.balance('client 0', it.clock)) === 1_000_000n ? 0 : 1)
  const { fault } = asked.outcome!
  await it.close()
  return { fault, paid }
}

const CASES = TABS.flatMap((tab) =>
  (['down', 'page', 'cut', 'late answer'] as const).map((fault) => [tab, fault] as const),
)

describe('the wallet of a node', () => {
  test.each(CASES)(
    'tab %s, %s when it is told to settle: paid, and delivered',
    async (tab, fault) => {
      const { paid, fault: said } = await play(tab, (world) => {
        world.bank!.wrapWallet = (wallet) => ({
          ...wallet,
          hold: faultyWallet(wallet, planOf(world, [fault])).hold!,
        })
      })
      expect([said, paid]).toEqual([null, 1])
    },
  )

  test.each(
    TABS.flatMap((tab) =>
      (['duplicate', 'late notice', 'lost'] as const).map((fault) => [tab, fault] as const),
    ),
  )('tab %s, %s when the money is there: paid and delivered, or neither', async (tab, fault) => {
    await play(tab, (world) => {
      world.bank!.wrapWallet = (wallet) => ({
        ...wallet,
        subscribe: faultyWallet(wallet, planOf(world, [fault])).subscribe,
      })
    })
  })

  test.each(CASES)(
    'tab %s, %s when it is asked for an invoice: paid and delivered, or neither',
    async (tab, fault) => {
      await play(tab, (world) => {
        world.bank!.wrapWallet = (wallet) => ({
          ...faultyWallet(wallet, planOf(world, [fault])),
          info: wallet.info,
        })
      })
    },
  )
})

test.each(TABS)(
  'tab %s, a node’s wallet that is away for 3 minutes when it is to settle: exit 80, then the money is back',
  async (tab) => {
    const { paid, fault } = await play(tab, (world) => {
      let until: number | null = null
      const away = <T>(call: () => Promise<T>): Promise<T> => {
        if (until !== null && world.clock.now() < until) throw unreachable()
        return call()
      }
      world.bank!.wrapWallet = (wallet) => ({
        ...wallet,
        lookup: async (hash) => away(() => wallet.lookup(hash)),
        hold: {
          settle: async (preimage) => {
            until ??= world.clock.now() + 180_000
            return away(() => wallet.hold!.settle(preimage))
          },
          cancel: async (hash) => away(() => wallet.hold!.cancel(hash)),
        },
      })
    })
    expect(paid).toBe(0)
    expect(fault).toMatchObject({ kind: 'uncertain', code: 'payment.unknown' })
  },
)

describe('the wallet of a client', () => {
  test.each(
    TABS.flatMap((tab) =>
      (
        [
          'down',
          'page',
          'cut',
          'late answer',
          'stuck',
          'settles after timeout',
          'settles after failure',
          'no preimage',
          'zero preimage',
          'wrong preimage',
        ] as const
      ).map((fault) => [tab, fault] as const),
    ),
  )('tab %s, %s: paid and delivered, or neither', async (tab, fault) => {
    await play(tab, (world) => {
      world.bank!.wrapPayer = (payer) => faultyPayer(payer, planOf(world, [fault]))
    })
  })
})

test.each(TABS)(
  'both at once, at random, with tab %s: each payment that settles has its result',
  async (tab) => {
    const odds = (of: readonly WalletFault[]) => Object.fromEntries(of.map((it) => [it, 80]))
    let paid = 0
    for (const seed of [1, 2]) {
      const plans: FaultPlan[] = []
      const { it } = await holding({ seed }, (world) => {
        const plan = (n: number, of: readonly WalletFault[]) => {
          const random = seededRandom(seed * 10 + n)
          plans.push(newFaultPlan({ clock: world.clock, random, odds: odds(of) }))
          return plans.at(-1)!
        }
        const payer = plan(1, [
          'down',
          'page',
          'cut',
          'late answer',
          'settles after timeout',
          'settles after failure',
        ])
        const till = plan(2, [
          'down',
          'page',
          'cut',
          'duplicate',
          'lost',
          'late notice',
          'late answer',
        ])
        world.bank!.tab = tab
        world.bank!.wrapPayer = (inner) => faultyPayer(inner, payer)
        world.bank!.wrapWallet = (inner) => ({ ...faultyWallet(inner, till), info: inner.info })
      })
      const all: Asked[] = []
      for (let n = 0; n < 20; n++) {
        const asked = it.request(it.clients[0]!.client!, HELD)
        await ended(it, asked, 300_000)
        all.push(asked)
        await it.clock.advance(60_000)
      }
      await it.clock.advance(4_200_000)
      for (const { injected } of plans) expect(injected.length).toBeGreaterThan(2)
      paid += await checkHeld(it, all, PRICE)
      await it.close()
    }
    expect(paid).toBeGreaterThan(10)
  },
  60_000,
)
