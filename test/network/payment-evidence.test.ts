import { describe, expect, test } from 'bun:test'
import { toSec, unixMs } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { paymentHash } from '../../src/engine/protocol/ids.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { paymentsOf, until } from './holding.ts'
import { checkInvariants } from './invariants.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying, toldOf } from './paying.ts'
import type { World } from './world.ts'

/** A router that wants to see each payment (`--payment-evidence proof`), as its clients meet it. */

test('a job is paid alone, by the session key, and shown; nothing has to be said for it', async () => {
  const { it, client } = await paying({ payment: 'proven' })
  const asked = it.request(client, { outTokens: 2_000 })
  await ended(it, asked)
  const { fault, ceiling, cost, job, left } = asked.outcome!
  expect(fault).toBeNull()
  expect(toldOf(asked).slice(0, 5)).toEqual(['offers', 'proof', 'funding', 'paying', 'paid'])
  const paid = paymentsOf(it.clients[0]!)
  expect(paid).toMatchObject([{ purpose: 'job', ref: job, msat: ceiling, state: 'settled' }])
  expect(JSON.parse(paid[0]!.terms)).toMatchObject({
    router: it.routerParty.signer.pubkey,
    payer: client.key,
  })
  expect(left).toBe(ceiling - cost)
  // Its proof is part of what proves the job.
  const { proofs, invoices } = asked.outcome!.bundle
  expect(proofs).toMatchObject([{ kind: KINDS.proof, pubkey: client.key }])
  const shown = JSON.parse(proofs![0]!.content) as { invoice: object; preimage: string }
  expect([shown.invoice]).toEqual([...invoices!])
  expect(shown.preimage).toBe(paid[0]!.preimage!)
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
  expect(paymentsOf(it.clients[0]!).map(({ ref }) => ref)).toEqual(jobs)
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
  const terms = paymentsOf(it.clients[0]!).map((one) => one.terms)
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
  expect(paymentsOf(it.clients[0]!)).toEqual([])
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
  expect(paymentsOf(it.clients[0]!)[0]!.terms).toContain('"router":""')
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
      lookup: async (hash) => ({ paymentHash: hash, state: 'open', received: null }),
      subscribe: () => () => {},
    })
  })
  const asked = it.request(client, { outTokens: 2_000 })
  await ended(it, asked)
  expect(asked.outcome!.fault!.code).toBe('proof.none')
  expect(paymentsOf(it.clients[0]!)).toHaveLength(1)
  await it.close()
})

const jobs = (it: World) =>
  it.recorded.events.filter(({ event }) => event.kind === KINDS.job).map(({ event }) => event)

/** What the job says that was sent last. */
const jobOf = (it: World) => JSON.parse(jobs(it).at(-1)!.content) as { job: string }

describe('a restart of the router', () => {
  test('jobs are paid and shown as before', async () => {
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
    expect(paymentsOf(it.clients[0]!)).toHaveLength(2)
    await checkMoney(it)
    await it.close()
  })

  test('a job that was paid before it is routed after it, and not paid again', async () => {
    const { it, client } = await paying({ payment: 'proven' })
    const asked = it.request(client, { outTokens: 2_000 })
    await until(it, () => toldOf(asked).includes('paid'), 5_000)
    expect(jobs(it)).toEqual([])
    await it.stopRouter()
    await it.clock.advance(2_000)
    await it.startRouter()
    await ended(it, asked)
    expect(asked.outcome!.fault).toBeNull()
    expect(paymentsOf(it.clients[0]!)).toHaveLength(1)
    checkInvariants(it, [asked])
    await checkMoney(it)
    await it.close()
  })

  test('what is shown is written before its job has ended, and that it is used up with its receipt', async () => {
    const { it, client } = await paying({ payment: 'proven' })
    const asked = it.request(client, { outTokens: 2_000 })
    await until(it, () => toldOf(asked).includes('accepted'), 5_000)
    const rows = () => it.routerParty.store.money.proofs()
    const { job } = jobOf(it)
    const row = { job, client: client.key, node: it.nodes[0]!.signer.pubkey }
    expect(rows()).toMatchObject([{ ...row, used: false }])
    await it.stopRouter()
    await it.clock.advance(1_000)
    await it.startRouter()
    await ended(it, asked)
    expect(asked.outcome!.fault).toBeNull()
    expect(rows()).toMatchObject([{ ...row, used: true }])
    await it.close()
  })
})

test('what was shown is on the disk for its day alone, also where nobody shows more, or this run wants none', async () => {
  for (const payment of ['proven', 'before'] as const) {
    const { it } = await paying({ payment: 'proven' })
    await it.stopRouter()
    const { money } = it.routerParty.store
    const ends = toSec(unixMs(it.clock.now() + 90_000))
    const node = it.nodes[0]!.signer.pubkey
    const hash = paymentHash('7c'.repeat(32))
    const row = {
      hash,
      job: '1'.repeat(64),
      node,
      client: node,
      msat: msat(1n),
      used: true,
      until: ends,
    }
    await money.write([{ do: 'put', table: 'proofs', row }])
    it.payment = payment
    await it.startRouter()
    await it.clock.advance(80_000)
    expect(money.proofs()).toEqual([row])
    await it.clock.advance(70_000)
    expect({ payment, rows: money.proofs() }).toEqual({ payment, rows: [] })
    await it.close()
  }
})
