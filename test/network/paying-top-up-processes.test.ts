// Top-ups of two processes of one user at a time.
import { expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { tabOf } from './money-books.ts'
import { another, paying } from './paying.ts'
import { keyOf, over, told, topUp } from './topping.ts'

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
  const second = await another(it)
  await it.clock.advance(1_000)
  const both = [topUp(client, keyOf(it), msat(100_000n))]
  while (!told(both[0]!).includes('paying')) await it.clock.advance(5)
  both.push(topUp(second, keyOf(it), msat(100_000n)))
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
