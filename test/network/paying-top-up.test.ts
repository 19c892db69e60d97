// A top-up with no job behind it: what is paid, what is refused, and who leaves before its end.
import { describe, expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { checkMoney, letters, tabOf } from './money-books.ts'
import { ended, paying } from './paying.ts'
import { keyOf, over, told, topUp } from './topping.ts'

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
