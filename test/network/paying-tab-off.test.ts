import { describe, expect, test } from 'bun:test'
import { standingOf } from '../../src/commands/pay/ledger.ts'
import { unixMs } from '../../src/engine/base/clock.ts'
import { leftOn } from '../../src/engine/spending/ledger.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { checkInvariants } from './invariants.ts'
import { until } from './holding.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying, toldOf, words } from './paying.ts'
import type { Bank } from './bank.ts'
import type { World } from './world.ts'

const off =
  (prepare: (bank: Bank) => void = () => {}) =>
  (it: World) => {
    it.bank!.tab = 'off'
    prepare(it.bank!)
  }

/** The payments of the only client, oldest first. */
const payments = (it: World) => it.clients[0]!.store.money.payments(100).toReversed()

test('before: one invoice for the ceiling of the job, paid by the session key', async () => {
  const { it, client } = await paying({}, off())
  const asked = it.request(client, { outTokens: 2_000 })
  await ended(it, asked)
  const { cost, ceiling, fault } = asked.outcome!
  expect(fault).toBeNull()
  expect(ceiling).toBeGreaterThan(1_000n)
  expect(payments(it)).toMatchObject([
    { purpose: 'job', ref: asked.outcome!.job, seq: 1, msat: ceiling, state: 'settled' },
  ])
  expect(asked.outcome!.left).toBe(ceiling - cost)
  const tab = tabOf(it.nodes[0]!)
  expect(tab).toMatchObject({ key: client.key, paid: ceiling, used: cost, seq: 0, n: 1 })
  checkInvariants(it, [asked])
  await checkMoney(it)
  await it.close()
})

test('a job that costs less than a sat is paid with one, and what is left of it serves the next', async () => {
  const { it, client } = await paying({}, off())
  const jobs = []
  for (let n = 0; n < 6; n++) {
    const asked = it.request(client, { outTokens: 64 })
    await ended(it, asked)
    expect(asked.outcome!.fault).toBeNull()
    jobs.push(asked)
  }
  const paid = payments(it)
  expect(paid.every(({ msat, purpose }) => msat === 1_000n && purpose === 'job')).toBe(true)
  expect(paid.length).toBeLessThan(6)
  const used = jobs.reduce((sum, { outcome }) => sum + outcome!.cost, 0n)
  expect(tabOf(it.nodes[0]!).used).toBe(used as never)
  await checkMoney(it)
  await it.close()
})

test('several jobs at once each have an invoice of their own', async () => {
  const { it, client } = await paying({ slots: 4 }, off())
  const asked = Array.from({ length: 3 }, () => it.request(client, { outTokens: 2_000 }))
  for (const one of asked) await ended(it, one)
  expect(asked.map((one) => one.outcome!.fault)).toEqual([null, null, null])
  const refs = payments(it).map(({ ref }) => ref)
  expect(refs.toSorted()).toEqual(asked.map((one) => one.outcome!.job as string).toSorted())
  await checkMoney(it)
  await it.close()
})

test('stream: invoices of the job rise, and none is for more than it may still cost', async () => {
  const script = { pieces: textPieces(words(8_000)), pieceMs: 2 }
  // What it has used by now is not unused, though no receipt says so yet.
  const { it, client } = await paying(
    { script },
    off((bank) => (bank.caps = { ...bank.caps, exposure: 12_000n as never })),
  )
  const asked = it.request(client, { outTokens: 8_000, timings: ['stream'] })
  await ended(it, asked)
  const { fault, ceiling, cost, job, left } = asked.outcome!
  expect(fault).toBeNull()
  const paid = payments(it)
  expect(paid.length).toBeGreaterThan(1)
  expect(paid.map(({ seq }) => seq)).toEqual(paid.map((_, i) => i + 1))
  expect(new Set(paid.map(({ ref }) => ref))).toEqual(new Set([job]))
  const sum = paid.reduce((all, { msat }) => all + msat, 0n)
  expect(sum - cost).toBe(left!)
  expect(sum).toBeLessThan(ceiling + 1_000n)
  expect(left!).toBeLessThan(10_000n)
  await checkMoney(it)
  await it.close()
})

describe('after', () => {
  const CREDIT = { each: 1_000_000n, all: 10_000_000n } as never

  test('a key with history pays exactly what was used, by an invoice for that job', async () => {
    const script = { pieces: textPieces(words(2_000)) }
    const { it, client } = await paying(
      { script },
      off((bank) => (bank.credit = CREDIT)),
    )
    // History: nine jobs that were paid first.
    for (let n = 0; n < 12; n++)
      await ended(it, it.request(client, { outTokens: 2_000, timings: ['before'] }))
    // What is left of it is used up by jobs on trust, until one of them owes something.
    const before = payments(it).length
    const asked = []
    for (let n = 0; n < 3 && payments(it).length === before; n++) {
      const one = it.request(client, { outTokens: 2_000, timings: ['after'] })
      await ended(it, one)
      await it.clock.advance(2_000)
      expect(one.outcome!.fault).toBeNull()
      asked.push(one)
    }
    const last = payments(it).at(-1)!
    expect(last).toMatchObject({ purpose: 'after', ref: asked.at(-1)!.outcome!.job, seq: 1 })
    const tab = tabOf(it.nodes[0]!)
    expect(tab.paid).toBe(tab.used)
    await checkMoney(it)
    await it.close()
  })

  test('a session key is new, so it has none', async () => {
    const { it, client } = await paying({}, off())
    const asked = it.request(client, { timings: ['after'] })
    await ended(it, asked)
    expect(asked.outcome!.fault!.code).toBe('credit.none')
    expect(payments(it)).toEqual([])
    await it.close()
  })
})

test('what was paid and not used is gone with the session: the next one begins with nothing', async () => {
  const { it, client } = await paying({}, off())
  await ended(it, it.request(client, { outTokens: 2_000 }))
  await client.close()
  const next = await it.addClient()
  await it.clock.advance(1_000)
  const asked = it.request(next, { outTokens: 2_000 })
  await ended(it, asked)
  expect(toldOf(asked)).toContain('paid')
  await checkMoney(it)
  await it.close()
})

test('what a session left is nobody’s: it counts as unused no more', async () => {
  const { it, client } = await paying({}, off())
  await ended(it, it.request(client, { outTokens: 2_000 }))
  const [party] = it.clients
  const views = () => party!.store.money.spending(unixMs(0)).views
  expect(views()).toMatchObject([{ ref: client.key, session: true }])
  it.kill(party!)
  expect(standingOf(party!.store.money)).toMatchObject({ unused: 0n, tabs: [], past: [{}] })
  it.bank!.tab = 'on'
  await it.start(party!)
  await it.clock.advance(1_000)
  await ended(it, it.request(party!.client!, { outTokens: 2_000 }))
  const [, tab] = views()
  expect(views()).toMatchObject([{ session: true }, { session: false }])
  expect(standingOf(party!.store.money).unused).toBe(leftOn(tab!))
  await it.close()
})

test('a cancel is charged what came, and the rest of its invoice serves the next job', async () => {
  const script = { pieces: textPieces(words(2_000)), pieceMs: 20 }
  const { it, client } = await paying({ script }, off())
  const stop = new AbortController()
  const asked = it.request(client, { outTokens: 2_000 }, stop.signal)
  await it.clock.advance(2_000)
  stop.abort()
  await ended(it, asked)
  const { cost, ceiling, left, fault } = asked.outcome!
  expect(fault!.code).toBe('job.cancelled')
  expect(cost).toBeGreaterThan(0n)
  expect(left).toBe(ceiling - cost)
  await checkMoney(it)
  await it.close()
})

test('caps hold as with tabs: one job may not leave more at a node than is allowed', async () => {
  const { it, client } = await paying(
    {},
    off((bank) => (bank.caps = { ...bank.caps, exposure: 2_000n as never })),
  )
  const asked = it.request(client, { outTokens: 2_000, timings: ['before'] })
  await ended(it, asked)
  expect(asked.outcome!.fault).toMatchObject({ kind: 'refused' })
  expect(payments(it)).toEqual([])
  await it.close()
})

test('a job whose node dies when it is paid moves on, and its next node’s first invoice is paid at once', async () => {
  const { it, client } = await paying({ nodes: 2 }, off())
  const asked = it.request(client, { outTokens: 2_000 })
  await until(it, () => toldOf(asked).includes('paid'))
  const first = it.nodes.find(({ signer }) => signer.pubkey === payments(it)[0]!.payee)!
  it.kill(first)
  await ended(it, asked, 10_000)
  expect(asked.outcome?.fault).toBeNull()
  const next = it.nodes.find((node) => node !== first)!
  const { ceiling: msat, job: ref } = asked.outcome!
  expect(payments(it)).toMatchObject([
    { payee: first.signer.pubkey, ref, seq: 1, msat, state: 'settled' },
    { payee: next.signer.pubkey, ref, seq: 1, msat, state: 'settled' },
  ])
  await it.startNode(first)
  await checkMoney(it)
  await it.close()
})

test('a router that passes it all sees no invoice, no amount and no payment hash', async () => {
  const { it, client } = await paying({}, off())
  const asked = it.request(client, { outTokens: 2_000 })
  await ended(it, asked)
  const { bolt11, hash } = payments(it)[0]!
  const seen = it.recorded.events.map(({ text }) => text).join('\n')
  expect(it.recorded.events.some(({ event }) => event.kind === KINDS.money)).toBe(true)
  expect(seen).not.toContain(bolt11)
  expect(seen).not.toContain(hash)
  await it.close()
})

test('a payment that the node never credits ends the job, and is not made again', async () => {
  const { it, client } = await paying(
    {},
    off((bank) => {
      bank.wrapWallet = (wallet) => ({
        ...wallet,
        lookup: async (paymentHash) => ({ paymentHash, state: 'open', received: null }),
        subscribe: () => () => {},
      })
    }),
  )
  const asked = it.request(client, { outTokens: 2_000 })
  await ended(it, asked)
  expect(asked.outcome!.fault).toMatchObject({ kind: 'again' })
  expect(payments(it)).toHaveLength(1)
  await it.close()
})
