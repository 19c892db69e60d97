import { expect, test } from 'bun:test'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { checkInvariants } from './invariants.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying, toldOf } from './paying.ts'
import type { World } from './world.ts'

/** A router that wants to see each payment (`--payment-evidence proof`), as its clients meet it. */

const payments = (it: World) => it.clients[0]!.store.money.payments(100).toReversed()

test('a job is paid alone, by the session key, and shown; nothing has to be said for it', async () => {
  const { it, client } = await paying({ payment: 'proven' })
  const asked = it.request(client, { outTokens: 2_000 })
  await ended(it, asked)
  const { fault, ceiling, cost, job, left } = asked.outcome!
  expect(fault).toBeNull()
  expect(toldOf(asked).slice(0, 5)).toEqual(['offers', 'proof', 'funding', 'paying', 'paid'])
  const paid = payments(it)
  expect(paid).toMatchObject([{ purpose: 'job', ref: job, msat: ceiling, state: 'settled' }])
  expect(JSON.parse(paid[0]!.terms)).toMatchObject({
    router: it.routerParty.signer.pubkey,
    payer: client.key,
  })
  expect(left).toBe(ceiling - cost)
  checkInvariants(it, [asked])
  await checkMoney(it)
  await it.close()
})

test('each job is paid and shown anew: what is left of the one before is no proof for the next', async () => {
  const { it, client } = await paying({ payment: 'proven' })
  const jobs = []
  for (let n = 0; n < 3; n++) {
    const asked = it.request(client, { outTokens: 2_000 })
    await ended(it, asked)
    expect(asked.outcome!.fault).toBeNull()
    jobs.push(asked.outcome!.job as string)
  }
  expect(payments(it).map(({ ref }) => ref)).toEqual(jobs)
  expect(tabOf(it.nodes[0]!).key).toBe(client.key)
  await checkMoney(it)
  await it.close()
})

test('a wallet that shows no preimage: the word of the node that is paid is proof, too', async () => {
  const { it, client } = await paying({ payment: 'proven' }, ({ bank }) => {
    bank!.wrapPayer = (payer) => ({
      ...payer,
      pay: async (...of) => {
        const end = await payer.pay(...of)
        return end.state === 'settled' ? { ...end, preimage: null } : end
      },
    })
  })
  const asked = it.request(client, { outTokens: 2_000 })
  await ended(it, asked)
  expect(asked.outcome!.fault).toBeNull()
  await it.close()
})

test('no key that lasts is shown: terms name the session, and never the key of a tab', async () => {
  const { it, client } = await paying({ payment: 'proven' })
  await ended(it, it.request(client, { outTokens: 2_000 }))
  const purse = it.bank!.purses[0]!
  const tab = purse.tab(it.nodes[0]!.signer.pubkey).pubkey
  const terms = payments(it).map((one) => one.terms)
  expect(terms.join()).not.toContain(tab)
  const money = it.recorded.events.filter(({ event }) => event.kind === KINDS.money)
  expect(money.some(({ event }) => event.pubkey === client.key)).toBe(true)
  await it.close()
})

test('a client that pays by nothing but a stream is told so, and pays nothing', async () => {
  const { it, client } = await paying({ payment: 'proven' })
  const asked = it.request(client, { timings: ['stream'] })
  await ended(it, asked)
  expect(asked.outcome!.fault!.code).toBe('timing.none')
  expect(payments(it)).toEqual([])
  await it.close()
})

test('a router that takes the word of nodes sees no invoice and is shown no proof', async () => {
  const { it, client } = await paying({ payment: 'before' })
  const asked = it.request(client, { outTokens: 2_000 })
  await ended(it, asked)
  expect(asked.outcome!.fault).toBeNull()
  expect(toldOf(asked)).not.toContain('proof')
  const router = it.routerParty.signer.pubkey
  const toRouter = it.recorded.events.filter(
    ({ event }) =>
      event.kind === KINDS.money && event.tags.some((tag) => tag[0] === 'p' && tag[1] === router),
  )
  expect(toRouter).toEqual([])
  expect(payments(it)[0]!.terms).toContain('"router":""')
  await it.close()
})

test('a payment that nobody can show is not made again', async () => {
  const { it, client } = await paying({ payment: 'proven' }, ({ bank }) => {
    bank!.wrapPayer = (payer) => ({
      ...payer,
      pay: async (...of) => {
        const end = await payer.pay(...of)
        return end.state === 'settled' ? { ...end, preimage: null } : end
      },
    })
    bank!.wrapWallet = (wallet) => ({
      ...wallet,
      lookup: async (paymentHash) => ({ paymentHash, state: 'open', received: null }),
      subscribe: () => () => {},
    })
  })
  const asked = it.request(client, { outTokens: 2_000 })
  await ended(it, asked)
  expect(asked.outcome!.fault!.code).toBe('proof.none')
  expect(payments(it)).toHaveLength(1)
  await it.close()
})

test('after a restart of the router jobs are paid and shown as before', async () => {
  const { it, client } = await paying({ payment: 'proven' })
  const first = it.request(client, { outTokens: 2_000 })
  await ended(it, first)
  await it.stopRouter()
  await it.clock.advance(1_000)
  await it.startRouter()
  await it.clock.advance(5_000)
  const next = it.request(client, { outTokens: 2_000 })
  await ended(it, next)
  expect(next.outcome!.fault).toBeNull()
  expect(payments(it)).toHaveLength(2)
  await checkMoney(it)
  await it.close()
})
