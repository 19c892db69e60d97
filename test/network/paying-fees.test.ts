// Routing that costs more than it may, over a wallet that takes no limit for it (NWC).
import { expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import type { News } from '../../src/engine/roles/client/news.ts'
import { ended, paying } from './paying.ts'

const isPaid = (news: News) => news.type === 'paid'

test('it is told with the payment, written down beside the limit, and counted for the day in full', async () => {
  const { it, client } = await paying({}, ({ bank }) => {
    bank!.wrapPayer = (payer) => ({
      ...payer,
      pay: async (...of) => {
        const payment = await payer.pay(...of)
        return payment.state === 'settled' ? { ...payment, fee: msat(77_000n) } : payment
      },
    })
  })
  const asked = it.request(client, {})
  await ended(it, asked)
  expect(asked.outcome!.fault).toBeNull()
  const paid = asked.news.find(isPaid) as Extract<News, { type: 'paid' }>
  expect(paid).toMatchObject({ msat: msat(10_000n), fee: msat(77_000n), maxFee: msat(10_000n) })
  const [entry] = it.clients[0]!.store.money.payments(9)
  expect(entry).toMatchObject({ state: 'settled', fee: msat(77_000n), maxFee: msat(10_000n) })
  expect(it.bank!.purseOf.get('client 0')!.spentToday()).toBe(87_000n)
  await it.close()
})
