import { describe, expect, test } from 'bun:test'
import { textPieces } from '../fakes/scripted-runner.ts'
import { toSec, unixMs } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import { paymentHash } from '../../src/engine/protocol/ids.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { checkInvariants } from './invariants.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying, toldOf, words } from './paying.ts'
import type { Asked, World } from './world.ts'

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
      lookup: async (hash) => ({ paymentHash: hash, state: 'open', received: null }),
      subscribe: () => () => {},
    })
  })
  const asked = it.request(client, { outTokens: 2_000 })
  await ended(it, asked)
  expect(asked.outcome!.fault!.code).toBe('proof.none')
  expect(payments(it)).toHaveLength(1)
  await it.close()
})

const jobs = (it: World) =>
  it.recorded.events.filter(({ event }) => event.kind === KINDS.job).map(({ event }) => event)

/** Runs until something was told of a job. */
const until = async (it: World, asked: Asked, type: string): Promise<void> => {
  for (let ms = 0; ms < 5_000 && !toldOf(asked).includes(type); ms++) await it.clock.advance(1)
}

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
    expect(payments(it)).toHaveLength(2)
    await checkMoney(it)
    await it.close()
  })

  test('a job that was paid before it is routed after it, and not paid again', async () => {
    const { it, client } = await paying({ payment: 'proven' })
    const asked = it.request(client, { outTokens: 2_000 })
    await until(it, asked, 'paid')
    expect(jobs(it)).toEqual([])
    await it.stopRouter()
    await it.clock.advance(2_000)
    await it.startRouter()
    await ended(it, asked)
    expect(asked.outcome!.fault).toBeNull()
    expect(payments(it)).toHaveLength(1)
    checkInvariants(it, [asked])
    await checkMoney(it)
    await it.close()
  })

  test('what is shown is written before its job has ended, and that it is used up with its receipt', async () => {
    const { it, client } = await paying({ payment: 'proven' })
    const asked = it.request(client, { outTokens: 2_000 })
    await until(it, asked, 'accepted')
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

/** What the job says that was sent last. */
const jobOf = (it: World) => JSON.parse(jobs(it).at(-1)!.content) as { job: string }

describe('a router that begins to want proofs, or no longer does', () => {
  const switched = async (it: World, to: 'before' | 'proven'): Promise<void> => {
    await it.stopRouter()
    it.payment = to
    await it.startRouter()
    await it.clock.advance(15_000)
  }
  const viewOf = (it: World) => {
    const { views } = it.clients[0]!.store.money.spending(it.clock.now())
    const tab = it.bank!.purseOf.get('client 0')!.tab(it.nodes[0]!.signer.pubkey).pubkey
    return views.find(({ ref }) => ref === tab)!
  }
  const serve = async (it: World): Promise<Asked> => {
    const asked = it.request(it.clients[0]!.client!, { outTokens: 2_000 })
    await ended(it, asked)
    expect(asked.outcome!.fault).toBeNull()
    await it.clock.advance(1_000)
    return asked
  }

  test('a session with a tab pays its next jobs one by one; the tab lies there, untouched', async () => {
    const { it } = await paying({ payment: 'before' })
    await serve(it)
    const tab = viewOf(it)
    expect(tab.paid - tab.used).toBeGreaterThan(0n)
    await switched(it, 'proven')
    const next = await serve(it)
    expect(toldOf(next)).toContain('proof')
    expect(payments(it).map(({ purpose }) => purpose)).toEqual(['topup', 'job'])
    expect(viewOf(it)).toEqual(tab)
    await checkMoney(it)
    await it.close()
  })

  test('a session that began to show goes on so; the next one has its tab, with all that was on it', async () => {
    const { it } = await paying({ payment: 'before' })
    await serve(it)
    const tab = viewOf(it)
    await switched(it, 'proven')
    await serve(it)
    await switched(it, 'before')
    await serve(it)
    expect(payments(it).map(({ purpose }) => purpose)).toEqual(['topup', 'job', 'job'])
    const [party] = it.clients
    it.kill(party!)
    await it.start(party!)
    await it.clock.advance(1_000)
    expect(toldOf(await serve(it))).not.toContain('paying')
    expect(viewOf(it).used).toBeGreaterThan(tab.used)
    expect(payments(it)).toHaveLength(3)
    await checkMoney(it)
    await it.close()
  })

  test('a job that runs on a tab goes on; the next one is paid alone', async () => {
    const { it, client } = await paying({
      payment: 'before',
      script: { pieces: textPieces(words(40)), pieceMs: 100 },
    })
    const running = it.request(client, { outTokens: 2_000 })
    await until(it, running, 'started')
    await switched(it, 'proven')
    await ended(it, running)
    expect(running.outcome!.fault).toBeNull()
    expect(running.outcome!.receipt!.status).toBe('ok')
    const next = await serve(it)
    expect(toldOf(next)).toContain('proof')
    await checkMoney(it)
    await it.close()
  })
})

test('a job that draws on a tab when its router begins to want proofs is counted on that tab', async () => {
  const script = { pieces: textPieces(words(200)), pieceMs: 50 }
  const { it, client } = await paying({ slots: 3, script })
  const first = it.request(client, { outTokens: 500 })
  while (!first.news.some(({ type }) => type === 'piece')) await it.clock.advance(50)
  await it.stopRouter()
  await it.clock.advance(500)
  it.payment = 'proven'
  await it.startRouter()
  await it.clock.advance(3_000)
  expect(first.outcome).toBeUndefined()
  const next = it.request(client, { outTokens: 64 })
  await ended(it, next)
  await ended(it, first)
  expect([first.outcome!.fault, next.outcome!.fault]).toEqual([null, null])
  expect(toldOf(next)).toContain('proof')
  const [purse] = it.bank!.purses
  const node = it.nodes[0]!.signer.pubkey
  await it.clock.advance(5_000)
  // Each under the key that it drew by, with its statement.
  expect(purse!.view(node)).toMatchObject({ used: first.outcome!.cost, n: 1, broken: false })
  expect(purse!.view(node, client.key)).toMatchObject({ used: next.outcome!.cost, n: 1 })
  expect(first.outcome!.left).toBeNull()
  await checkMoney(it)
  await it.close()
})

test('a job that draws on such a tab gets no more when that is used up: it would be paid for another', async () => {
  const script = { pieces: textPieces(words(200)), pieceMs: 50 }
  // A hundred times as dear.
  const rows = PLAY_PRICES.map((row) => ({ ...row, rates: { out_token: '250000000' } }))
  const { it, client } = await paying({ slots: 3, script, rows })
  const first = it.request(client, { outTokens: 200, timings: ['stream'] })
  while (!first.news.some(({ type }) => type === 'piece')) await it.clock.advance(50)
  await it.stopRouter()
  await it.clock.advance(500)
  it.payment = 'proven'
  await it.startRouter()
  await it.clock.advance(1_000)
  const next = it.request(client, { outTokens: 64 })
  await ended(it, first)
  await ended(it, next)
  expect(first.outcome).toMatchObject({ finish: 'payment', fault: { code: 'job.unpaid' } })
  expect(payments(it).map(({ ref }) => ref)).not.toContain(first.outcome!.job)
  await checkMoney(it)
  await it.close()
})
