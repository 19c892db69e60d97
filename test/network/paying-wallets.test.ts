// Wallets that lie or stumble, on either side of a paid job: nothing is paid twice, nothing is lost or goes
// uncredited, and nothing is served for nothing.
import { describe, expect, test } from 'bun:test'
import { seededRandom } from '../../src/engine/base/random.ts'
import { faultyPayer } from '../fakes/faulty-wallet-payer.ts'
import { type FaultPlan, type WalletFault, newFaultPlan } from '../fakes/faulty-wallet-plan.ts'
import { faultyWallet } from '../fakes/faulty-wallet.ts'
import { checkInvariants } from './invariants.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying } from './paying.ts'
import type { Asked, World } from './world.ts'

/** A world in which one side's wallet has these faults, each once, in the next call that can have it. */
const faulty = async (side: 'client' | 'node', next: readonly WalletFault[], seed = 1) =>
  paying({}, (it) => {
    const plan = newFaultPlan({ clock: it.clock, random: seededRandom(seed), next })
    if (side === 'client') it.bank!.wrapPayer = (inner) => faultyPayer(inner, plan)
    // A node looks at its wallet when it starts; what goes wrong then keeps it from starting.
    else it.bank!.wrapWallet = (wallet) => ({ ...faultyWallet(wallet, plan), info: wallet.info })
  })

/** All that is left of a fault is over: another job is done, and everything adds up. */
const recovers = async (it: World, first: Asked, ms = 200_000): Promise<Asked> => {
  await it.clock.advance(ms)
  const { client } = it.clients[0]!
  const next = it.request(client!, { waitMs: 20_000 })
  await ended(it, next)
  expect(next.outcome?.fault).toBeNull()
  checkInvariants(it, [first, next])
  await checkMoney(it)
  await it.close()
  return next
}

const FINE: readonly WalletFault[] = [
  'late answer',
  'no preimage',
  'zero preimage',
  'wrong preimage',
  'cut',
]

describe('the wallet of a client', () => {
  test.each(FINE)('%s: the job is done, and paid once', async (fault) => {
    const { it, client } = await faulty('client', [fault])
    const asked = it.request(client, {})
    await ended(it, asked)
    // Of what was cut nobody knows at first.
    if (fault === 'cut')
      expect(asked.outcome?.fault).toMatchObject({ kind: 'uncertain', code: 'payment.unknown' })
    else expect(asked.outcome?.fault).toBeNull()
    await recovers(it, asked)
  })

  test.each([
    ['stuck', 120_000],
    ['settles after timeout', 120_000],
  ] as const)(
    '%s: nobody can say how it ended, and it is not paid again',
    async (fault, deadlineMs) => {
      const { it, client } = await faulty('client', [fault])
      const asked = it.request(client, { deadlineMs })
      await ended(it, asked, 200_000)
      const { fault: said } = asked.outcome!
      expect(said).toMatchObject({ kind: 'uncertain', code: 'payment.unknown' })
      expect(said!.hint).toContain('fedai pay resolve')
      const purse = it.bank!.purses[0]!
      if (fault === 'stuck') {
        expect(purse.open()).toHaveLength(1)
        const again = it.request(client, {})
        await ended(it, again)
        expect(again.outcome?.fault?.kind).toBe('uncertain')
        expect(purse.open()).toHaveLength(1)
        expect(await it.bank!.balance('node 0', it.clock)).toBe(0n)
        return it.close()
      }
      await it.clock.advance(100_000)
      const resolved = purse.resolve()
      await it.clock.advance(100)
      expect(await resolved).toEqual([])
      await recovers(it, asked)
      expect(it.clients[0]!.store.money.payments(10)).toHaveLength(1)
    },
  )

  test('says failed, then settles: it is on the tab when that is known', async () => {
    const { it, client } = await faulty('client', ['settles after failure'])
    const asked = it.request(client, {})
    await ended(it, asked)
    expect(asked.outcome?.fault).toMatchObject({ kind: 'again', code: 'payment.failed' })
    // The invoice is the same until it is over: it is not paid by another meanwhile.
    const again = it.request(client, {})
    await ended(it, again)
    expect(again.outcome?.fault).toMatchObject({ code: 'payment.failed' })
    await it.clock.advance(61_000)
    expect(await it.bank!.balance('node 0', it.clock)).toBe(10_000n)
    // The next job pays the next invoice; its statement says that the node has more than that.
    const next = it.request(client, {})
    await ended(it, next)
    expect(next.outcome?.fault).toBeNull()
    await it.clock.advance(1_000)
    expect(it.bank!.purses[0]!.view(it.nodes[0]!.signer.pubkey).paid).toBe(tabOf(it.nodes[0]!).paid)
    await recovers(it, asked, 1_000)
    const payments = it.clients[0]!.store.money.payments(10)
    expect(payments.map(({ state, late }) => [state, late])).toEqual([
      ['settled', false],
      ['settled', true],
    ])
  })

  test.each(['down', 'page'] as const)(
    '%s: nothing was sent, and the fault says so',
    async (fault) => {
      const { it, client } = await faulty('client', [fault])
      const asked = it.request(client, {})
      await ended(it, asked)
      expect(asked.outcome?.fault).toMatchObject({ kind: 'again', code: 'payment.failed' })
      expect(asked.outcome!.fault!.message).toContain('wallet.')
      await recovers(it, asked)
    },
  )
})

describe('the wallet of a node', () => {
  test.each(['late answer', 'duplicate', 'late notice', 'lost'] as const)(
    '%s: the job is done, and credited once',
    async (fault) => {
      const { it, client } = await faulty('node', [fault])
      const asked = it.request(client, { waitMs: 30_000 })
      await ended(it, asked)
      expect(asked.outcome?.fault).toBeNull()
      expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 10_000n, seq: 1 })
      // Asked by its client the node looks, whatever it was told.
      const { times } = asked.outcome!
      if (fault === 'lost') expect(times.done - times.asked).toBeLessThan(6_000)
      await recovers(it, asked)
    },
  )

  test.each(['down', 'page', 'cut'] as const)(
    '%s when an invoice is asked for: another is made, or the job ends; nothing is paid twice',
    async (fault) => {
      const { it, client } = await faulty('node', [fault])
      const asked = it.request(client, { deadlineMs: 100_000 })
      await ended(it, asked)
      if (fault === 'down') expect(asked.outcome?.fault).toMatchObject({ code: 'funding.silent' })
      else expect(asked.outcome?.fault).toBeNull()
      await recovers(it, asked)
    },
  )

  test.each([
    ['wrong net', 1],
    ['other invoice', 1],
    ['other invoice', 2],
    ['other invoice', 5],
  ] as const)(
    '%s (%d): nobody is asked to pay it, and the next one is right',
    async (fault, seed) => {
      const { it, client } = await faulty('node', [fault], seed)
      const asked = it.request(client, { deadlineMs: 100_000 })
      await ended(it, asked)
      expect(asked.outcome?.fault).toBeNull()
      expect(it.clients[0]!.store.money.payments(10)).toHaveLength(1)
      await recovers(it, asked)
    },
  )

  test.each([1, 2, 3, 4])(
    'wrong amount (%d): half of it credits nothing, twice of it no more than BOLT 4 lets it',
    async (seed) => {
      const { it, client } = await faulty('node', ['wrong amount'], seed)
      const asked = it.request(client, {})
      await ended(it, asked)
      const received = await it.bank!.balance('node 0', it.clock)
      expect(received).toBe(10_000n)
      const tab = tabOf(it.nodes[0]!)
      expect([undefined, 20_000n]).toContain(tab?.paid)
      if (!tab) {
        // The wallet says that too little came: nothing is served for that, and the client hears why.
        expect(asked.outcome?.fault).toMatchObject({ code: 'funding.uncredited' })
        expect(it.nodes[0]!.store.newest(10).filter(({ kind }) => kind === 'receipt')).toEqual([])
      } else expect(asked.outcome?.fault).toBeNull()
      await it.close()
    },
  )
})

/** 50 sat for each job. */
const DEAR = {
  pieces: [{ delta: { text: 'x'.repeat(20_000) }, usage: { in_token: 5, out_token: 20_000 } }],
}

test('both at once, at random: over many days and jobs everything adds up', async () => {
  for (const seed of [1, 2, 3]) {
    const odds = (of: readonly WalletFault[]) => Object.fromEntries(of.map((it) => [it, 80]))
    const plans: FaultPlan[] = []
    const { it } = await paying({ seed, script: DEAR, purse: 10_000_000n }, (world) => {
      const plan = (n: number, of: readonly WalletFault[]) =>
        newFaultPlan({ clock: world.clock, random: seededRandom(seed * 10 + n), odds: odds(of) })
      const payer = plan(1, [
        'down',
        'page',
        'cut',
        'late answer',
        'settles after timeout',
        'settles after failure',
        'no preimage',
        'zero preimage',
      ])
      const till = plan(2, [
        'down',
        'page',
        'cut',
        'duplicate',
        'lost',
        'late notice',
        'late answer',
        'wrong net',
        'other invoice',
      ])
      plans.push(payer, till)
      world.bank!.wrapPayer = (inner) => faultyPayer(inner, payer)
      world.bank!.wrapWallet = (inner) => ({ ...faultyWallet(inner, till), info: inner.info })
      world.bank!.caps = { budget: null, exposure: null }
    })
    const all: Asked[] = []
    let done = 0
    for (let n = 0; n < 20; n++) {
      const asked = it.request(it.clients[0]!.client!, { outTokens: 20_000, waitMs: 10_000 })
      await ended(it, asked)
      all.push(asked)
      if (asked.outcome?.fault === null) done++
      await it.clock.advance(60_000)
    }
    // What failed and settles after all is asked for within an hour of its end.
    await it.clock.advance(4_200_000)
    expect(done).toBeGreaterThan(8)
    for (const { injected } of plans) expect(injected.length).toBeGreaterThan(2)
    checkInvariants(it, all)
    await checkMoney(it)
    await it.close()
  }
}, 60_000)
