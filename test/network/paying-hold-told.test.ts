// Why a job by `hold`, or by any timing, was not paid: what its client says of it is what happened.
import { expect, test } from 'bun:test'
import type { PayFailure } from '../../src/engine/payments/payer.ts'
import { HELD, holding, paymentsOf, until } from './holding.ts'
import { ended, paying, toldOf } from './paying.ts'
import type { World } from './world.ts'

/** The wallet of every client fails at once what some nodes made. */
const failing = (reason: PayFailure, isFailed: (node: string) => boolean) => (it: World) => {
  const nodeOf = (bolt11: string): string =>
    it.nodes.find(({ store, signer }) =>
      store.money.openInvoices(signer.pubkey).some((row) => row.bolt11 === bolt11),
    )!.name
  it.bank!.wrapPayer = (payer) => ({
    ...payer,
    pay: async (bolt11, limits) =>
      isFailed(nodeOf(bolt11)) ? { state: 'failed', reason } : payer.pay(bolt11, limits),
  })
}

test.each([
  ['no_route', 'no_route'],
  ['no_balance', 'no_balance'],
  ['rejected', 'the node gave it back'],
] as const)('a hold that the wallet fails with %s', async (reason, told) => {
  const { it, client } = await holding(
    {},
    failing(reason, () => true),
  )
  const asked = it.request(client, HELD)
  await ended(it, asked)
  expect(asked.outcome!.fault).toMatchObject({
    kind: 'again',
    code: 'payment.failed',
    message: `the node could not be paid (${told})`,
  })
  expect(toldOf(asked)).not.toContain('held')
  expect(paymentsOf(it.clients[0]!).map(({ state }) => String(state))).toEqual(['failed'])
  await it.close()
})

test('a node that could not be paid, and that alone is offered again: the reason is that of the payment', async () => {
  const paid: string[] = []
  const { it, client } = await paying(
    { nodes: 2 },
    // The first that is paid, whenever it is.
    failing('no_route', (node) => paid.push(node) > 0 && node === paid[0]),
  )
  const asked = it.request(client, {})
  await until(it, () => toldOf(asked).includes('paid'))
  // The other one is gone before it takes the job, and the first has other tickets than those that were offered.
  const [first, other] = it.nodes.toSorted((a) => (a.name === paid[0] ? -1 : 1))
  it.kill(first!)
  await it.start(first!)
  it.kill(other!)
  await ended(it, asked)
  expect(toldOf(asked)).toContain('again')
  expect(asked.outcome!.fault).toMatchObject({
    code: 'payment.failed',
    message: 'the node could not be paid (no_route)',
  })
  await it.close()
})

test('a node whose ticket died says that it makes no invoice by hold for it: its client asks for another at once', async () => {
  const { it, client } = await holding({ nodes: 2 })
  const asked = it.request(client, HELD)
  await until(it, () => toldOf(asked).includes('funding'))
  const [funding] = asked.news.flatMap((news) => (news.type === 'funding' ? [news.node] : []))
  const first = it.nodes.find(({ signer }) => signer.pubkey === funding)!
  it.kill(first)
  await it.start(first)
  const began = it.clock.now()
  await ended(it, asked)
  expect(asked.outcome!.fault).toBeNull()
  expect(toldOf(asked)).toContain('again')
  expect(it.clock.now() - began).toBeLessThan(8_000)
  await it.close()
})
