// A top-up or a job where an invoice over another sum is still out for that tab.
import { describe, expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import type { Bank } from './bank.ts'
import { checkMoney, letters, tabOf } from './money-books.ts'
import { ended, paying } from './paying.ts'
import { keyOf, over, told, topUp } from './topping.ts'

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
