// A top-up in which one of the parties dies at any of its deeds: one number, one payment at most.
import { describe, expect, test } from 'bun:test'
import { checkMoney } from './money-books.ts'
import { paying } from './paying.ts'
import { keyOf, over, topUp } from './topping.ts'

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
