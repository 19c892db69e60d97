import { describe, expect, test } from 'bun:test'
import { type Msat, msat } from '../../src/engine/base/money.ts'
import type { Client, News, ToppedUp } from '../../src/engine/roles/client/news.ts'
import type { PubKey } from '../../src/engine/protocol/ids.ts'
import type { Bank } from './bank.ts'
import { checkMoney, letters, tabOf } from './money-books.ts'
import { ended, paying } from './paying.ts'
import type { World } from './world.ts'

type Topping = { news: News[]; end: ToppedUp | undefined }

const topUp = (
  client: Client,
  node: PubKey,
  amount: Msat | null = null,
  more: { maxFee?: Msat; dryRun?: boolean; signal?: AbortSignal } = {},
): Topping => {
  const it: Topping = { news: [], end: undefined }
  const { maxFee = null, dryRun = false, signal } = more
  void (async () => {
    for await (const news of client.topUp({ node, amount, maxFee, dryRun }, signal)) {
      it.news.push(news)
      if (news.type === 'topped_up') it.end = news
    }
  })()
  return it
}

const over = async (it: World, topping: Topping, ms = 60_000): Promise<ToppedUp> => {
  for (let waited = 0; waited < ms && !topping.end; waited += 100) await it.clock.advance(100)
  return topping.end!
}

const told = ({ news }: Topping): string[] => news.map(({ type }) => type)
const keyOf = (it: World): PubKey => it.nodes[0]!.signer.pubkey

describe('a top-up with no job behind it', () => {
  test('is asked for, checked, paid and credited; the next job draws on it and pays nothing', async () => {
    const { it, client } = await paying()
    const first = topUp(client, keyOf(it))
    expect(await over(it, first)).toMatchObject({
      msat: 10_000n,
      maxFee: 10_000n,
      paid: true,
      left: 10_000n,
      fault: null,
    })
    expect(told(first)).toEqual(['funding', 'paying', 'paid', 'topped_up'])
    expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 10_000n, seq: 1 })
    const second = await over(it, topUp(client, keyOf(it), msat(150_000n)))
    expect(second).toMatchObject({ msat: 150_000n, left: 160_000n, fault: null })
    expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 160_000n, seq: 2 })
    const asked = it.request(client, {})
    await ended(it, asked)
    expect(asked.outcome!.fault).toBeNull()
    expect(asked.news.map(({ type }) => type)).not.toContain('paying')
    await checkMoney(it)
    await it.close()
  })

  test('through a router that wants to see each payment is refused: no job there would draw on it', async () => {
    const { it, client } = await paying({ payment: 'proven' })
    const end = await over(it, topUp(client, keyOf(it)))
    expect(end).toMatchObject({ paid: false, fault: { kind: 'refused', code: 'top_up.proof' } })
    expect(letters(it)).toBe(0)
    // Asked before the router was there to say it.
    const party = it.clients[0]!
    it.kill(party)
    await it.startClient(party)
    const early = await over(it, topUp(party.client!, keyOf(it)))
    expect(early.fault).toMatchObject({ code: 'top_up.proof' })
    expect(letters(it)).toBe(0)
    await it.close()
  })

  test('asked what it would come to, pays nothing and asks for no invoice', async () => {
    const { it, client } = await paying()
    const looked = await over(it, topUp(client, keyOf(it), null, { dryRun: true }))
    expect(looked).toMatchObject({ msat: 10_000n, maxFee: 10_000n, paid: false, fault: null })
    for (const [amount, code] of [
      [msat(9_999n), 'too_little'],
      [msat(1_000_000_001n), 'too_much'],
    ] as const) {
      const end = await over(it, topUp(client, keyOf(it), amount))
      expect(end.fault).toMatchObject({ kind: 'usage', code: `top_up.${code}` })
    }
    expect(letters(it)).toBe(0)
    await it.close()
  })

  test('a node that nobody knows, and one that is gone', async () => {
    const { it, client } = await paying()
    const nobody = await over(it, topUp(client, client.key))
    expect(nobody).toMatchObject({ paid: false, fault: { code: 'top_up.unknown' } })
    await it.stopNode(it.nodes[0]!)
    await it.clock.advance(1_000)
    const gone = await over(it, topUp(client, keyOf(it)))
    expect(gone).toMatchObject({ paid: false, fault: { kind: 'unavailable' } })
    expect(it.clients[0]!.store.money.payments(10)).toEqual([])
    // One that comes back is paid.
    await it.startNode(it.nodes[0]!)
    await it.clock.advance(2_000)
    expect((await over(it, topUp(client, keyOf(it)))).fault).toBeNull()
    await checkMoney(it)
    await it.close()
  })

  test('an invoice that does not hold is not paid', async () => {
    const { it, client } = await paying({}, ({ bank }) => {
      bank!.wrapWallet = (wallet) => ({
        ...wallet,
        info: async () => ({ ...(await wallet.info()), nodeKey: `02${'ab'.repeat(32)}` }),
      })
    })
    const end = await over(it, topUp(client, keyOf(it)))
    expect(end).toMatchObject({ paid: false, fault: { kind: 'verification' } })
    expect(it.clients[0]!.store.money.payments(10)).toEqual([])
    expect(await it.bank!.balance('client 0', it.clock)).toBe(1_000_000n)
    await it.close()
  })

  test('a node that counts more payments than we know of gets the amount that was said, or nothing', async () => {
    const { it, client } = await paying()
    expect((await over(it, topUp(client, keyOf(it)))).fault).toBeNull()
    // A ledger that was lost: the node's next one is of 100 sat.
    const party = it.clients[0]!
    it.kill(party)
    const { memoryStore } = await import('../../src/engine/storage/memory.ts')
    Object.assign(party, { store: memoryStore() })
    await it.startClient(party)
    await it.clock.advance(1_000)
    const end = await over(it, topUp(party.client!, keyOf(it)))
    expect(end).toMatchObject({ paid: false, fault: { code: 'invoice.wrong' } })
    const said = await over(it, topUp(party.client!, keyOf(it), msat(100_000n)))
    expect(said).toMatchObject({ msat: 100_000n, fault: null })
    await it.close()
  })

  test.each([
    ['budget', { budget: msat(19_999n), exposure: msat(200_000n) }, '--budget 20sat'],
    ['exposure', { budget: msat(1_000_000n), exposure: msat(9_999n) }, '--max-exposure 10sat'],
  ])('over %s: refused, with the sum that would allow it', async (name, caps, flag) => {
    const { it, client } = await paying({}, ({ bank }) => (bank!.caps = caps))
    const end = await over(it, topUp(client, keyOf(it)))
    expect(end.fault).toMatchObject({ kind: 'refused', code: `${name}.exceeded` })
    expect(end).toMatchObject({ paid: false, fault: { hint: `allow it with ${flag}` } })
    expect(await it.bank!.balance('client 0', it.clock)).toBe(1_000_000n)
    await it.close()
  })

  test('whoever leaves while it is asked for pays nothing; while it is paid, it is not known', async () => {
    const { it, client } = await paying()
    const early = new AbortController()
    const left = topUp(client, keyOf(it), null, { signal: early.signal })
    while (!told(left).includes('funding')) await it.clock.advance(1)
    early.abort()
    expect(await over(it, left)).toMatchObject({ paid: false, fault: { kind: 'interrupted' } })
    await it.clock.advance(20_000)
    expect(it.clients[0]!.store.money.payments(10)).toEqual([])
    const slow = new AbortController()
    const paid = topUp(client, keyOf(it), null, { signal: slow.signal })
    while (!told(paid).includes('paying')) await it.clock.advance(1)
    slow.abort()
    expect(await over(it, paid)).toMatchObject({ fault: { kind: 'uncertain' } })
    await checkMoney(it)
    expect(tabOf(it.nodes[0]!).paid).toBe(msat(10_000n))
    await it.close()
  })

  test('a payment whose end nobody knows ends as that, and no other one is made meanwhile', async () => {
    const { it, client } = await paying({}, ({ bank }) => {
      bank!.wrapPayer = (payer) => ({
        ...payer,
        pay: async () => ({ state: 'unknown' }),
        payStatus: async () => ({ state: 'inflight' }),
      })
    })
    const end = await over(it, topUp(client, keyOf(it)), 200_000)
    expect(end).toMatchObject({ paid: false, fault: { kind: 'uncertain' } })
    const again = await over(it, topUp(client, keyOf(it)), 200_000)
    expect(again.paid).toBe(false)
    expect(again.fault).not.toBeNull()
    expect(it.clients[0]!.store.money.payments(10)).toHaveLength(1)
    await it.close()
  })
})

describe('where the node still has an invoice over less for that tab', () => {
  /** A job asked for 10 sat there, which were not allowed. */
  const asked = async (wrap: Bank['wrapWallet'] = (wallet) => wallet) => {
    const { it, client } = await paying({}, ({ bank }) => {
      bank!.wrapWallet = wrap
      bank!.caps = { ...bank!.caps, exposure: msat(5_000n) }
    })
    const job = it.request(client, { timings: ['before'] })
    await ended(it, job)
    expect(job.outcome!.fault!.code).toBe('exposure.exceeded')
    const party = it.clients[0]!
    it.bank!.caps = { ...it.bank!.caps, exposure: msat(200_000n) }
    it.kill(party)
    await it.start(party)
    await it.clock.advance(1_000)
    return { it, client: party.client! }
  }

  test('who types 150 sat waits for its end, and pays 150 sat', async () => {
    const { it, client } = await asked()
    const topping = topUp(client, keyOf(it), msat(150_000n))
    await it.clock.advance(60_000)
    expect(told(topping)).toEqual(['funding', 'other_invoice'])
    expect(topping.news[1]).toMatchObject({ msat: 10_000n, untilMs: expect.any(Number) })
    const before = letters(it)
    expect(await over(it, topping, 180_000)).toMatchObject({ msat: 150_000n, fault: null })
    // Nobody is asked each second meanwhile.
    expect(letters(it) - before).toBeLessThan(16)
    expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 150_000n, seq: 1 })
    await checkMoney(it)
    await it.close()
  })

  describe('over more, by one that a cap refused (77),', () => {
    const refused = async (nodes: number) => {
      const { it, client } = await paying({ nodes })
      const end = await over(it, topUp(client, keyOf(it), msat(500_000n)))
      expect(end.fault!.code).toBe('exposure.exceeded')
      return { it, client }
    }

    test('typed again with less is paid when the first has ended', async () => {
      const { it, client } = await refused(1)
      const end = await over(it, topUp(client, keyOf(it), msat(150_000n)), 180_000)
      expect(end).toMatchObject({ msat: 150_000n, fault: null })
      await checkMoney(it)
      await it.close()
    })

    test('a job there ends with 75, and says for how long; later one is done', async () => {
      const { it, client } = await refused(1)
      const job = it.request(client, {})
      await ended(it, job)
      expect(job.outcome!.fault).toMatchObject({ kind: 'again', code: 'invoice.other' })
      expect(job.outcome!.fault!.message).toContain('over 500 sat out, for 1 min')
      await it.clock.advance(130_000)
      const later = it.request(client, {})
      await ended(it, later)
      expect(later.outcome!.fault).toBeNull()
      await checkMoney(it)
      await it.close()
    })

    test('and a job goes to another node', async () => {
      const { it, client } = await refused(2)
      const [first, second] = [it.request(client, {}), it.request(client, {})]
      await ended(it, first)
      await ended(it, second)
      expect(first.outcome!.fault).toBeNull()
      expect(second.outcome!.fault).toBeNull()
      expect(first.outcome!.node).not.toBe(keyOf(it))
      await it.close()
    })
  })

  test('which another process pays meanwhile, it goes on at once', async () => {
    const { it, client } = await asked()
    await it.addClient()
    const [first, second] = it.clients
    it.kill(second!)
    const purse = it.bank!.purse.bind(it.bank!)
    it.bank!.purse = (party, life) => purse({ ...party, signer: first!.signer }, life)
    Object.assign(second!, { store: first!.store })
    await it.startClient(second!)
    await it.clock.advance(1_000)
    const topping = topUp(client, keyOf(it), msat(150_000n))
    await it.clock.advance(3_000)
    expect(told(topping)).toEqual(['funding', 'other_invoice'])
    expect((await over(it, topUp(second!.client!, keyOf(it)))).fault).toBeNull()
    expect(await over(it, topping, 10_000)).toMatchObject({ msat: 150_000n, fault: null })
    expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 160_000n, seq: 2 })
    await it.close()
  })

  test('who is offered it until after its end is told so, and pays nothing', async () => {
    // The node's wallet never says that it has ended.
    const { it, client } = await asked((wallet) => ({
      ...wallet,
      lookup: async (paymentHash) => ({ paymentHash, state: 'open', received: null }),
      subscribe: () => () => {},
    }))
    const before = letters(it)
    const end = await over(it, topUp(client, keyOf(it), msat(150_000n)), 300_000)
    expect(end).toMatchObject({ paid: false, fault: { kind: 'again' } })
    expect(end.fault!.code).toBe('top_up.other_invoice')
    // It is asked for each second after its end, and for half a minute.
    expect(letters(it) - before).toBeLessThan(150)
    expect(it.clients[0]!.store.money.payments(10)).toEqual([])
    await it.close()
  })

  test('a job that comes meanwhile makes it no other sum', async () => {
    const { it, client } = await paying()
    const topping = topUp(client, keyOf(it), msat(20_000n))
    const job = it.request(client, { outTokens: 20_000 })
    expect(await over(it, topping)).toMatchObject({ msat: 20_000n, fault: null })
    await ended(it, job)
    expect(job.outcome!.fault).toBeNull()
    expect(job.outcome!.ceiling).toBeGreaterThan(20_000n)
    const paid = it.clients[0]!.store.money.payments(10).map((one) => one.msat)
    expect(paid).toContain(msat(20_000n))
    await checkMoney(it)
    await it.close()
  })
})

const deeds = async (): Promise<Record<string, number>> => {
  const { it, client } = await paying()
  expect((await over(it, topUp(client, keyOf(it)))).fault).toBeNull()
  const parties = [it.clients[0]!, it.nodes[0]!, it.routerParty]
  const counts = Object.fromEntries(parties.map(({ name, deeds: done }) => [name, done.length]))
  await it.close()
  return counts
}

describe('dead at any of its deeds', async () => {
  const counts = await deeds()
  for (const [party, count] of Object.entries(counts))
    test(`${party}: the invoice is paid once at most, and both books say the same`, async () => {
      let paid = 0
      for (let at = 1; at <= count; at++)
        for (const side of ['before', 'after'] as const) {
          const { it, client } = await paying({ crash: { party, at, side } }, (world) => {
            world.onCrash = (dead) => void world.clock.after(500, () => void world.start(dead))
          })
          const topping = client && it.nodes[0] ? topUp(client, keyOf(it)) : null
          if (topping) await over(it, topping, 40_000)
          await it.clock.advance(2_000)
          const { money } = it.clients[0]!.store
          const before = money.payments(10)
          expect(before.length, `${party} ${at} ${side}`).toBeLessThanOrEqual(1)
          // Whoever asks again has the first one in the books by then, or hears that it is open.
          const again = topUp(it.clients[0]!.client!, keyOf(it))
          const end = await over(it, again, 60_000)
          const settled = money.payments(10).filter(({ state }) => state === 'settled')
          const sums = settled.map((one) => one.seq)
          expect(new Set(sums).size, `${party} ${at} ${side}: one number, one payment`).toBe(
            sums.length,
          )
          if (end?.fault === null) paid++
          await checkMoney(it)
          expect(it.faults).toEqual([])
          await it.close()
        }
      expect(paid).toBeGreaterThan(0)
    }, 120_000)
})

test('of two processes with one invoice both hear that their node has it, though it said so to one', async () => {
  const { it, client } = await paying({}, (world) => {
    // Long enough for the other one to ask meanwhile.
    world.bank!.wrapPayer = (payer) => ({
      ...payer,
      pay: async (...of) => {
        await new Promise<void>((resolve) => world.clock.after(1_000, resolve))
        return payer.pay(...of)
      },
    })
  })
  const [first] = it.clients
  await it.addClient()
  const [, second] = it.clients
  // The same user's: one ledger, one account, one key of the tab; the session is its own.
  it.kill(second!)
  Object.assign(second!, { name: first!.name, store: first!.store })
  const purse = it.bank!.purse.bind(it.bank!)
  it.bank!.purse = (party, life) => purse({ ...party, signer: first!.signer }, life)
  await it.startClient(second!)
  await it.clock.advance(1_000)
  const both = [topUp(client, keyOf(it), msat(100_000n))]
  while (!told(both[0]!).includes('paying')) await it.clock.advance(5)
  both.push(topUp(second!.client!, keyOf(it), msat(100_000n)))
  for (const one of both) expect(await over(it, one)).toMatchObject({ paid: true, fault: null })
  expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 100_000n, seq: 1 })
  expect(first!.store.money.payments(10)).toMatchObject([{ state: 'settled', msat: 100_000n }])
  await it.close()
})

test('of two processes that ask at one moment each has the invoice at once, though the tab was last heard by one', async () => {
  const { it, client } = await paying()
  const [first] = it.clients
  await it.addClient()
  const [, second] = it.clients
  it.kill(second!)
  const purse = it.bank!.purse.bind(it.bank!)
  it.bank!.purse = (party, life) => purse({ ...party, signer: first!.signer }, life)
  await it.startClient(second!)
  await it.clock.advance(1_000)
  const both = [client, second!.client!].map((of) => topUp(of, keyOf(it), msat(100_000n)))
  // Sooner than anybody asks again.
  await it.clock.advance(1_000)
  expect(both.map((one) => told(one).includes('paying'))).toEqual([true, true])
  await it.close()
})
