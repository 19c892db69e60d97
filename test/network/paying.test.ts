import { describe, expect, test } from 'bun:test'
import { FREE_PRICES } from '../../src/engine/roles/node/prices.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { paymentsOf } from './holding.ts'
import { checkInvariants } from './invariants.ts'
import { checkMoney, letters, tabOf } from './money-books.ts'
import { ended, paying, toldOf, words } from './paying.ts'
import type { Asked } from './world.ts'

test('a job is paid before it goes out: a top-up, a draw, a receipt, a statement', async () => {
  const { it, client } = await paying()
  const asked = it.request(client, { outTokens: 64 })
  await it.clock.advance(10_000)
  expect(asked.outcome?.fault).toBeNull()
  const told = ['offers', 'funding', 'paying', 'paid', 'accepted', 'started', 'ended']
  expect(toldOf(asked)).toEqual(told)
  const { cost, left } = asked.outcome!
  expect(cost).toBeGreaterThan(0n)
  expect(left).toBe(10_000n - cost)
  expect(await it.bank!.balance('node 0', it.clock)).toBe(10_000n)
  expect(await it.bank!.balance('client 0', it.clock)).toBe(990_000n)
  expect(tabOf(it.nodes[0]!)).toMatchObject({
    paid: 10_000n,
    used: cost,
    reserved: 0n,
    seq: 1,
    n: 1,
  })
  const view = it.bank!.purses[0]!.view(it.nodes[0]!.signer.pubkey)
  expect(view).toMatchObject({ paid: 10_000n, used: cost, seq: 1, n: 1, broken: false })
  checkInvariants(it, [asked])
  await checkMoney(it)
  await it.close()
})

test('the next job draws on what is left, and pays nothing first', async () => {
  const { it, client } = await paying()
  const first = it.request(client, {})
  await ended(it, first)
  // At once: the receipt of the first is not in the books yet, and counts all the same.
  const second = it.request(client, {})
  await ended(it, second)
  expect(second.outcome?.fault).toBeNull()
  expect(second.news.some(({ type }) => type === 'paying')).toBe(false)
  expect(second.outcome!.left).toBe(10_000n - first.outcome!.cost - second.outcome!.cost)
  expect(await it.bank!.balance('node 0', it.clock)).toBe(10_000n)
  await checkMoney(it)
  await it.close()
})

test('several jobs at once draw on one tab: one funding serves all, and none overdraws it', async () => {
  const { it, client } = await paying({ slots: 6, queue: 0 })
  const all = Array.from({ length: 6 }, () => it.request(client, { outTokens: 500 }))
  for (const asked of all) await ended(it, asked)
  expect(all.map((asked) => asked.outcome?.fault ?? null)).toEqual(all.map(() => null))
  expect(all.filter((asked) => toldOf(asked).includes('funding'))).toHaveLength(1)
  expect(it.bank!.purses[0]!.view(it.nodes[0]!.signer.pubkey).seq).toBe(1)
  expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 10_000n, n: 6 })
  checkInvariants(it, all)
  await checkMoney(it)
  await it.close()
})

test('several jobs that together cost more than one top-up each get what they draw on', async () => {
  const { it, client } = await paying({ slots: 5, queue: 0 })
  const all = Array.from({ length: 4 }, () => it.request(client, { outTokens: 12_000 }))
  for (const asked of all) await ended(it, asked)
  expect(all.map((asked) => asked.outcome?.fault ?? null)).toEqual(all.map(() => null))
  const { paid } = tabOf(it.nodes[0]!)
  expect(paid).toBeGreaterThan(130_000n)
  expect(paid).toBeLessThan(131_000n)
  await checkMoney(it)
  await it.close()
})

test('a tab that is low is topped up after the job, and the next job waits for nothing', async () => {
  const { it, client } = await paying({ script: { pieces: textPieces(words(100)) } })
  const first = it.request(client, { outTokens: 3_900 })
  await ended(it, first)
  expect(first.outcome?.fault).toBeNull()
  await it.clock.advance(2_000)
  expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 110_000n, seq: 2 })
  const second = it.request(client, { outTokens: 3_900 })
  await ended(it, second)
  expect(toldOf(second)).toEqual(['offers', 'accepted', 'started', 'ended'])
  await checkMoney(it)
  await it.close()
})

test('a tab that has enough is not topped up, whatever its node sends', async () => {
  const { it, client } = await paying()
  for (let n = 0; n < 3; n++) await ended(it, it.request(client, {}))
  await it.clock.advance(5_000)
  expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 10_000n, seq: 1 })
  await it.close()
})

describe('after', () => {
  test('draws on what is paid and not used, first', async () => {
    const { it, client } = await paying()
    await ended(it, it.request(client, { outTokens: 64 }))
    const { used, paid } = tabOf(it.nodes[0]!)
    expect(used).toBeLessThan(paid)
    const asked = it.request(client, { timings: ['after'] })
    await ended(it, asked)
    expect(asked.outcome?.fault).toBeNull()
    expect(toldOf(asked)).not.toContain('funding')
    await checkMoney(it)
    await it.close()
  })

  const indebted = async () => {
    // Each job costs 3,755 msat; the node trusts with as much as was bought.
    const made = await paying({ script: { pieces: textPieces(words(1_500)) } }, ({ bank }) => {
      bank!.credit = { each: 50_000n as never, all: 1_000_000n as never }
    })
    const { it, client } = made
    for (let n = 0; n < 20; n++) await ended(it, it.request(client, { outTokens: 1_500 }))
    return made
  }

  test('what is owed is paid by its invoice before the job is over: whoever asked may leave then', async () => {
    const { it, client } = await indebted()
    const before = tabOf(it.nodes[0]!)
    const all: Asked[] = []
    // What lies on the tab is used up first.
    while (tabOf(it.nodes[0]!).used <= before.paid && all.length < 60) {
      const asked = it.request(client, { timings: ['after'], outTokens: 1_500 })
      await ended(it, asked)
      expect(asked.outcome?.fault).toBeNull()
      all.push(asked)
    }
    await client.close()
    const last = all.at(-1)!
    expect(toldOf(last)).toEqual(['offers', 'accepted', 'started', 'paying', 'paid', 'ended'])
    expect(last.outcome!.left).toBe(0n)
    expect(last.outcome!.bundle.statement).toBeDefined()
    const payment = paymentsOf(it.clients[0]!).at(-1)!
    expect(payment).toMatchObject({ purpose: 'after', state: 'settled' })
    await it.clock.advance(5_000)
    const after = tabOf(it.nodes[0]!)
    expect(after.seq).toBe(before.seq + 1)
    expect(after.paid).toBe((before.paid + payment.msat) as never)
    expect(after.paid).toBe(after.used)
    expect(after.due).toBeNull()
    await checkMoney(it)
    await it.close()
  }, 20_000)

  test('unpaid past due: no credit any more, but what is paid before is served', async () => {
    const { it, client } = await indebted()
    const node = it.nodes[0]!
    const before = tabOf(node)
    it.bank!.down = true
    let tries = 0
    while (tabOf(node).used <= before.paid && tries++ < 60)
      await ended(it, it.request(client, { timings: ['after'], outTokens: 1_500 }))
    expect(tabOf(node).due).not.toBeNull()
    await it.clock.advance(11 * 60_000)
    expect(tabOf(node)).toMatchObject({ credit: 0n, defaulted: true })
    const refused = it.request(client, { timings: ['after'], outTokens: 1_500 })
    await ended(it, refused)
    expect(refused.outcome?.fault).toMatchObject({ kind: 'refused', code: 'credit.none' })
    it.bank!.down = false
    const paid = it.request(client, { outTokens: 1_500 })
    await ended(it, paid)
    expect(paid.outcome?.fault).toBeNull()
    await checkMoney(it)
    await it.close()
  }, 20_000)

  test('what outgrows the credit ends there: nothing is paid ahead for it', async () => {
    const { it, client } = await paying({ script: { pieces: textPieces(words(4_000)) } })
    await ended(it, it.request(client, { outTokens: 10 }))
    // Without a word of credit: what is paid covers it.
    await ended(it, it.request(client, { timings: ['after'], outTokens: 3_900 }))
    const before = tabOf(it.nodes[0]!)
    const asked = it.request(client, { timings: ['after'], outTokens: 3_900 })
    await ended(it, asked)
    const { outcome } = asked
    expect(outcome).toMatchObject({ finish: 'payment', verified: true })
    expect(outcome!.fault).toMatchObject({ kind: 'refused', code: 'credit.none' })
    expect(toldOf(asked)).not.toContain('paying')
    // A tenth of what it had bought, and what was left.
    const most = before.paid - before.used + before.used / 10n
    expect(outcome!.cost).toBeLessThanOrEqual(most)
    expect(outcome!.cost).toBeGreaterThan(most - 10n)
    expect(tabOf(it.nodes[0]!).paid).toBe(before.paid)
    await checkMoney(it)
    await it.close()
  })

  test('a key without history has none, and hears that it pays before', async () => {
    const { it, client } = await paying()
    const asked = it.request(client, { timings: ['after'] })
    await ended(it, asked)
    expect(asked.outcome?.fault).toMatchObject({ kind: 'refused', code: 'credit.none' })
    expect(await it.bank!.balance('node 0', it.clock)).toBe(0n)
    await it.close()
  })
})

test('what costs nothing is free: no letter, no draw, no tab', async () => {
  const { it, client } = await paying({ rows: FREE_PRICES })
  const asked = it.request(client, {})
  await ended(it, asked)
  expect(asked.outcome).toMatchObject({ fault: null, cost: 0n, left: null })
  expect(toldOf(asked)).toEqual(['offers', 'accepted', 'started', 'ended'])
  expect(letters(it)).toBe(0)
  expect(it.nodes[0]!.store.money.tabs(it.nodes[0]!.signer.pubkey)).toEqual([])
  await it.close()
})
