// A node that takes held money late, on purpose or because its wallet stumbles; a client or a router that dies
// meanwhile: the money and the result change hands together, or neither does.
import { describe, expect, test } from 'bun:test'
import { unsettledOn } from '../../src/commands/pay/unsettled.ts'
import { Fault } from '../../src/engine/base/fault.ts'
import { msat } from '../../src/engine/base/money.ts'
import type { Wallet } from '../../src/engine/payments/wallet.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import type { MoneyChange } from '../../src/engine/storage/money-store.ts'
import { HELD, PRICE, holding, paymentsOf, until } from './holding.ts'
import { checkMoney } from './money-books.ts'
import { ended } from './paying.ts'
import { unreachable } from '../fakes/faulty-wallet-plan.ts'
import type { Asked, World } from './world.ts'

const FULL = 1_000_000n
/** What the one job by `hold` cost, by its receipt. */
const fixedCost = (it: World): bigint => {
  const receipts = it.recorded.events.filter(({ event }) => event.kind === KINDS.receipt)
  return BigInt(JSON.parse(receipts[0]!.event.content).cost)
}
const has = (it: World, name: string) => it.bank!.balance(name, it.clock)
const told = (asked: Asked, type: string) => asked.news.some((news) => news.type === type)

type Hold = NonNullable<Wallet['hold']>
/** What becomes of what a node's wallet is told to do with held money. */
const closing = (make: (it: World, hold: Hold) => Partial<Hold>) => (world: World) => {
  world.bank!.wrapWallet = (wallet) => ({
    ...wallet,
    hold: { ...wallet.hold!, ...make(world, wallet.hold!) },
  })
}
const after = (it: World, ms: number) =>
  new Promise<void>((resolve) => void it.clock.after(ms, resolve))

/** From its first call on, for so long. */
const answers500 = (ms: number) =>
  closing((it, hold) => {
    let since: number | null = null
    return {
      settle: async (preimage) => {
        since ??= it.clock.now()
        if (it.clock.now() < since + ms) throw unreachable()
        return hold.settle(preimage)
      },
    }
  })
const settlesAfter = (ms: number) =>
  closing((it, hold) => ({
    settle: async (preimage) => {
      await after(it, ms)
      return hold.settle(preimage)
    },
  }))
/** All of it is slow, what gives money back, too. */
const isSlow = (ms: number) =>
  closing((it, hold) => ({
    settle: async (preimage) => {
      await after(it, ms)
      return hold.settle(preimage)
    },
    cancel: async (hash) => {
      await after(it, ms)
      return hold.cancel(hash)
    },
  }))

const job = async (tab: 'on' | 'off', prepare: (world: World) => void) => {
  const { it, client } = await holding({}, (world) => {
    world.bank!.tab = tab
    prepare(world)
  })
  const asked = it.request(client, HELD)
  const begun = it.clock.now()
  await ended(it, asked, 300_000)
  return { it, asked, tookMs: it.clock.now() - begun }
}

/** All that its client has kept, as `fedai pay resolve` finds it. */
const handedOut = async (it: World) => {
  const purse = it.bank!.purseOf.get('client 0')!
  const asked = purse.resolve()
  await it.clock.advance(1_000)
  await asked
  return purse.results.all().map(({ output }) => output)
}

describe.each(['on', 'off'] as const)('tab %s', (tab) => {
  test.each([
    ['answers 500 for 45 s', answers500(45_000)],
    ['answers 500 for a minute', answers500(60_000)],
    ['settles after 31 s', settlesAfter(31_000)],
    ['settles after 50 s', settlesAfter(50_000)],
    ['is slow in all, 100 s', isSlow(100_000)],
  ])('a wallet that %s: it is waited for, said so, and the result comes', async (_, prepare) => {
    const { it, asked } = await job(tab, prepare)
    expect(asked.outcome).toMatchObject({ fault: null, cost: PRICE, output: { text: 'hello' } })
    expect(told(asked, 'locked')).toBe(true)
    expect(await has(it, 'node 0')).toBe(PRICE)
    expect(paymentsOf(it.clients[0]!)).toMatchObject([{ state: 'settled' }])
    await checkMoney(it)
    await it.close()
  })

  test.each([
    ['settles after 100 s', settlesAfter(100_000)],
    ['answers 500 for 3 minutes', answers500(180_000)],
  ])(
    'a wallet that %s: past 90 s the money goes back, and nobody has anything',
    async (_, prepare) => {
      const { it, asked, tookMs } = await job(tab, prepare)
      expect(asked.outcome!.fault).toMatchObject({ kind: 'again' })
      expect(asked.outcome).toMatchObject({ cost: 0n, output: null })
      expect(tookMs).toBeLessThan(100_000)
      expect(await has(it, 'client 0')).toBe(FULL)
      await it.clock.advance(200_000)
      expect(await has(it, 'client 0')).toBe(FULL)
      expect(await has(it, 'node 0')).toBe(0n)
      expect(await handedOut(it)).toEqual([])
      await checkMoney(it)
      await it.close()
    },
  )

  test('a node that takes it after 10 minutes, on purpose: exit 80, and the result can be had', async () => {
    const { it, asked } = await job(
      tab,
      closing((world, hold) => ({
        settle: async (preimage) => {
          await after(world, 600_000)
          return hold.settle(preimage)
        },
        cancel: () => new Promise(() => {}),
      })),
    )
    expect(asked.outcome!.fault).toMatchObject({ kind: 'uncertain', code: 'payment.unknown' })
    expect(asked.outcome!.fault!.hint).toContain('fedai pay resolve')
    expect(asked.outcome!.output).toBeNull()
    expect(await handedOut(it)).toEqual([])
    await it.clock.advance(600_000)
    expect(await has(it, 'node 0')).toBe(PRICE)
    expect(await handedOut(it)).toMatchObject([{ text: 'hello' }])
    await it.close()
  })
})

describe('a client that is killed', () => {
  const locked = async (prepare: (world: World) => void) => {
    const { it, client } = await holding({}, prepare)
    const asked = it.request(client, HELD)
    const { store } = it.clients[0]!
    await until(it, () => store.money.locked().length > 0)
    return { it, asked, store }
  }

  test('before it said that it has all: the money comes back, and what it kept stays shut', async () => {
    const { it } = await locked(() => {})
    it.kill(it.clients[0]!)
    await it.clock.advance(100_000)
    await it.startClient(it.clients[0]!)
    await it.clock.advance(1_000)
    expect(await has(it, 'client 0')).toBe(FULL)
    expect(await handedOut(it)).toEqual([])
    await it.close()
  })

  test.each([
    ['at once', 0],
    ['after 40 s', 40_000],
  ])(
    'before it saw the preimage, where it is paid %s: the next process hands it out, once',
    async (_, ms) => {
      const { it, store } = await locked(settlesAfter(ms + 10))
      const { node } = it.nodes[0]!
      expect(node).toBeDefined()
      await until(it, () => it.nodes[0]!.deeds.includes('settle'))
      it.kill(it.clients[0]!, 'vanished')
      await it.clock.advance(100_000)
      expect(await has(it, 'node 0')).toBe(PRICE)
      await it.startClient(it.clients[0]!)
      await it.clock.advance(1_000)
      expect(await handedOut(it)).toMatchObject([{ text: 'hello' }])
      const { results } = it.bank!.purseOf.get('client 0')!
      const taken = results.taken(results.all()[0]!.job)
      await it.clock.advance(10)
      await taken
      expect(store.money.locked()).toEqual([])
      await it.close()
    },
  )
})

test.each([
  ['cost', {}, PRICE],
  ['cost, which was less than its invoice,', { rows: PLAY_PRICES }, 1_000n],
])(
  'what a result that was handed out later %s is not settled until the next job there, and then used',
  async (_, options, invoice) => {
    const { it, client } = await holding(options, settlesAfter(20_000))
    const party = it.clients[0]!
    const { money } = party.store
    const unsettled = () => [...unsettledOn(money, money.spending(it.clock.now()).views).values()]
    it.request(client, HELD)
    await until(it, () => it.nodes[0]!.deeds.includes('settle'))
    it.kill(party)
    await it.clock.advance(30_000)
    await it.start(party)
    await it.clock.advance(1_000)
    expect(await handedOut(it)).toMatchObject([{ text: 'hello' }])
    const view = () => it.bank!.purseOf.get('client 0')!.view(it.nodes[0]!.signer.pubkey)
    expect(view()).toMatchObject({ paid: invoice, used: 0n })
    expect(unsettled()).toEqual([invoice])
    const next = it.request(party.client!, {})
    await ended(it, next)
    expect(next.outcome!.fault).toBeNull()
    expect(view().used).toBe(msat(next.outcome!.cost + fixedCost(it)))
    expect(unsettled()).toEqual([])
    // And one that ends as it should was never anything else.
    const held = it.request(party.client!, HELD)
    await ended(it, held, 60_000)
    expect(held.outcome!.fault).toBeNull()
    expect(unsettled()).toEqual([])
    await it.close()
  },
)

test('a router that dies then: our own wallet opens it', async () => {
  const { it, client } = await holding({}, settlesAfter(20_000))
  const asked = it.request(client, HELD)
  await until(it, () => it.nodes[0]!.deeds.includes('settle'))
  await it.stopRouter()
  await ended(it, asked, 300_000)
  expect(asked.outcome!.output).toMatchObject({ text: 'hello' })
  expect(asked.outcome!.fault).toMatchObject({ code: 'receipt.missing' })
  expect(await has(it, 'node 0')).toBe(PRICE)
  await it.close()
})

test('a wallet that says yes and leaves it held is asked ever less often', async () => {
  let settles = 0
  const { it, client } = await holding(
    {},
    closing(() => ({ settle: async () => void settles++, cancel: async () => void settles++ })),
  )
  const asked = it.request(client, HELD)
  await ended(it, asked, 300_000)
  expect(asked.outcome!.fault).toMatchObject({ code: 'payment.unknown' })
  await it.clock.advance(300_000)
  expect(settles).toBeGreaterThan(10)
  expect(settles).toBeLessThan(50)
  await it.close()
})

describe('a disk of the client that', () => {
  const writing = async (locked: () => Promise<void>) => {
    const { it, client } = await holding()
    const { money } = it.clients[0]!.store
    const write = money.write.bind(money)
    const isLocked = (changes: readonly MoneyChange[]) =>
      changes.some(({ table, do: what }) => table === 'locked' && what === 'put')
    Object.assign(money, {
      write: (changes: readonly MoneyChange[]) => (isLocked(changes) ? locked() : write(changes)),
    })
    const asked = it.request(client, HELD)
    await ended(it, asked, 300_000)
    await it.clock.advance(100_000)
    return { it, asked }
  }
  const expectNothing = async (it: World, asked: Asked) => {
    expect(asked.outcome!.output).toBeNull()
    expect(it.nodes[0]!.deeds).not.toContain('settle')
    expect(await has(it, 'client 0')).toBe(FULL)
    await it.close()
  }

  test('has not written the locked result yet: the node does not hear that we have it, and takes nothing', async () => {
    const { it, asked } = await writing(() => new Promise(() => {}))
    await expectNothing(it, asked)
  })

  test('is full: the job ends, and the money comes back', async () => {
    const { it, asked } = await writing(async () => {
      throw new Fault('io', 'ledger.io', 'the disk is full')
    })
    expect(asked.outcome!.fault).toMatchObject({ kind: 'io', code: 'ledger.io' })
    await expectNothing(it, asked)
  })
})
