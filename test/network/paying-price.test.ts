import { describe, expect, test } from 'bun:test'
import { type Msat, msat, parseAmount } from '../../src/engine/base/money.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import type { Client, Wish } from '../../src/engine/roles/client/news.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { HELD, holding, paymentsOf } from './holding.ts'
import { checkMoney } from './money-books.ts'
import { ended, paying, words } from './paying.ts'
import { type Asked, type World, wishOf } from './world.ts'

// What a job can cost that is paid by an invoice of its own is that whole invoice: what is said, and what caps hold for.

const off = (it: World): void => void (it.bank!.tab = 'off')

const paidFor = (it: World): bigint =>
  paymentsOf(it.clients[0]!).reduce(
    (sum, { state, msat: one }) => (state === 'settled' ? sum + one : sum),
    0n,
  )

const saidOf = ({ news }: Asked): bigint | undefined =>
  news.findLast((it) => it.type === 'offers')?.ceiling

/** The sum that a refusal names. */
const named = ({ outcome }: Asked): Msat => {
  const { fault } = outcome!
  expect(fault).toMatchObject({ kind: 'refused', code: 'cap.exceeded' })
  return parseAmount(/--max-price (\S+)$/.exec(fault!.hint!)![1]!, '--max-price')
}

type Place = { it: World; client: Client }
const job = async ({ it, client }: Place, wish: Partial<Wish>): Promise<Asked> => {
  const asked = it.request(client, wish)
  await ended(it, asked)
  return asked
}

/** Under the cap that is said nothing is paid; the one that the refusal names does, and is what is paid. */
const holds = async (place: Place, wish: Partial<Wish>, cap: bigint, price: bigint) => {
  const { it } = place
  const refused = await job(place, { ...wish, cap: msat(cap) })
  expect(named(refused)).toBe(msat(price))
  expect(paidFor(it)).toBe(0n)
  const served = await job(place, { ...wish, cap: named(refused) })
  expect(served.outcome!.fault).toBeNull()
  expect([saidOf(served), paidFor(it)]).toEqual([price, price])
  await checkMoney(it)
  await it.close()
}

describe('a job under a sat, paid alone, costs a sat', () => {
  test.each([['before'], ['stream']] as const)('tab off, %s', async (timing) => {
    await holds(await paying({}, off), { outTokens: 64, timings: [timing] }, 999n, 1_000n)
  })

  test('also where the router has said already that it has nothing so cheap', async () => {
    await holds(await paying({}, off), { outTokens: 64, timings: ['before'] }, 20n, 1_000n)
  })

  test('hold', async () => {
    const place = await holding({ rows: PLAY_PRICES })
    await holds(place, HELD, 999n, 1_000n)
  })

  test('a router that wants proof', async () => {
    await holds(await paying({ payment: 'proven' }), { outTokens: 64 }, 999n, 1_000n)
  })
})

describe('over a sat the sum that a refusal names is what the node’s wallet takes, to the msat', () => {
  const wish = { outTokens: 700, timings: ['before' as const] }
  const priceOf = async (make: () => Promise<Place>): Promise<bigint> => {
    const place = await make()
    const price = saidOf(await job(place, wish))!
    await place.it.close()
    expect(price > 1_000n && price % 1_000n !== 0n).toBe(true)
    return price
  }

  test.each([
    ['tab off', () => paying({}, off)],
    ['a router that wants proof', () => paying({ payment: 'proven' })],
  ] as const)('%s', async (_, make) => {
    const price = await priceOf(make)
    await holds(await make(), wish, price - 1n, price)
    await holds(await make(), wish, 20n, price)
  })

  test('also where nothing is paid, and then nothing of it is held for anybody', async () => {
    const price = await priceOf(() => paying({}, off))
    const { it, client } = await paying({ slots: 1 }, off)
    const found = client.offers(wishOf({ ...wish, cap: msat(price - 1n) })).then(
      () => null,
      (fault: unknown) => fault,
    )
    await it.clock.advance(1_000)
    expect(await found).toMatchObject({ code: 'cap.exceeded' })
    for (let n = 0; n < 3; n++) named(await job({ it, client }, { ...wish, cap: msat(price - 1n) }))
    expect((await job({ it, client }, { ...wish, waitMs: 0 })).outcome!.fault).toBeNull()
    await it.close()
  })
})

test.each(['off', 'proven', 'tab'] as const)(
  'a dry run names it and says so, with no money at hand (%s)',
  async (how) => {
    const options = how === 'proven' ? { payment: 'proven' as const } : {}
    const { it, client } = await paying(options, how === 'off' ? off : () => {})
    const rich = await job({ it, client }, { outTokens: 64 })
    const party = it.clients[0]!
    it.kill(party)
    party.isPoor = true
    await it.startClient(party)
    await it.clock.advance(1_000)
    const found = party.client!.offers(wishOf({ outTokens: 64 }))
    await it.clock.advance(1_000)
    const { ceiling, lines, alone, proof } = await found
    expect(ceiling).toBe(msat(saidOf(rich)!))
    expect(lines[0]!.ceiling).toBe(ceiling)
    expect({ alone, proof }).toEqual({ alone: how !== 'tab', proof: how === 'proven' })
    expect(ceiling === msat(1_000n)).toBe(alone)
    await it.close()
  },
)

test('what was paid to a node that then did not serve counts: a job is not paid twice under one cap', async () => {
  const place = await paying({ nodes: 2 }, off)
  const { it } = place
  const asked = it.request(place.client, { outTokens: 64, cap: msat(1_000n), deadlineMs: 20_000 })
  const isPaid = () => asked.news.some(({ type }) => type === 'paid')
  for (let waited = 0; waited < 5_000 && !isPaid(); waited++) await it.clock.advance(1)
  expect(isPaid()).toBe(true)
  const paid = asked.news.find((news) => news.type === 'paid')!
  const its = it.nodes.find(({ signer }) => signer.pubkey === paid.node)!
  it.kill(its)
  await ended(it, asked)
  expect(asked.outcome!.fault).not.toBeNull()
  expect(paidFor(it)).toBe(1_000n)
  await it.close()
})

test('paid while it runs, the invoices together come to what was said, and no more', async () => {
  const script = { pieces: textPieces(words(8_000)), pieceMs: 2 }
  const place = await paying({ script }, off)
  const { it } = place
  const asked = await job(place, { outTokens: 8_000, timings: ['stream'] })
  expect(asked.outcome!.fault).toBeNull()
  expect(paymentsOf(it.clients[0]!).length).toBeGreaterThan(1)
  // The last one would be under a sat: it is paid with the one before.
  expect(saidOf(asked)! % 10_000n).toBeLessThan(1_000n)
  expect(paidFor(it)).toBe(saidOf(asked)!)
  await it.close()
})
