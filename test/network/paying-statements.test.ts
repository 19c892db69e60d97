import { describe, expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { checkMoney, letters, tabOf } from './money-books.ts'
import { ended, paying, toldOf } from './paying.ts'
import type { World } from './world.ts'

const viewOf = (it: World) => it.bank!.purseOf.get('client 0')!.view(it.nodes[0]!.signer.pubkey)

const numbers = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1)

/** Frames of money to the client are lost until the returned function is called. */
const losing = (it: World): (() => void) => {
  const life = it.clients[0]!.life!
  life.loses = (bytes) => bytes[1] === 6
  return () => void (life.loses = () => false)
}

test('a statement that was lost is fetched when the next one shows that it is missing', async () => {
  const { it, client } = await paying()
  const find = losing(it)
  await ended(it, it.request(client, {}))
  await ended(it, it.request(client, {}))
  await it.clock.advance(100)
  expect(viewOf(it)).toMatchObject({ n: 0 })
  expect(tabOf(it.nodes[0]!).n).toBe(2)
  find()
  await ended(it, it.request(client, {}))
  await it.clock.advance(1_000)
  const kept = it.clients[0]!.store.money.statements(viewOf(it).payee, viewOf(it).ref, 1, 10)
  expect(kept.map(({ n }) => n)).toEqual([1, 2, 3])
  await checkMoney(it)
  await it.close()
})

test('a job is told to have ended with its statement, which a client that leaves then has', async () => {
  const { it, client } = await paying()
  const asked = it.request(client, {})
  const began = it.clock.now()
  for (let ms = 0; ms < 5_000 && !asked.outcome; ms++) await it.clock.advance(1)
  const { bundle, times, receipt } = asked.outcome!
  expect(JSON.parse(bundle.statement!.content)).toMatchObject({ receipt: bundle.receipt!.id })
  // It follows its receipt at once, and the receipt is as early as ever.
  expect(it.clock.now() - times.done).toBeLessThanOrEqual(10)
  expect(receipt!.times.done).toBeGreaterThan(began)
  await client.close()
  await it.clock.advance(100)
  expect(viewOf(it).n).toBe(1)
  await checkMoney(it)
  await it.close()
})

test('Ctrl-C ends the wait for it at once', async () => {
  const { it, client } = await paying()
  losing(it)
  const abort = new AbortController()
  const asked = it.request(client, {}, abort.signal)
  const hasReceipt = () => it.recorded.events.some(({ event }) => event.kind === KINDS.receipt)
  for (let ms = 0; ms < 5_000 && !hasReceipt(); ms++) await it.clock.advance(1)
  await it.clock.advance(20)
  expect(asked.outcome).toBeUndefined()
  abort.abort()
  await it.clock.advance(0)
  expect(asked.outcome!).toMatchObject({ fault: null, verified: true })
  expect(asked.news.filter(({ type }) => type === 'ended')).toHaveLength(1)
  await it.clock.advance(2_000)
  expect(asked.news.filter(({ type }) => type === 'ended')).toHaveLength(1)
  await it.close()
})

test('one that is lost is waited for a second, and not by a client that is closed', async () => {
  const { it, client } = await paying()
  losing(it)
  const asked = it.request(client, {})
  for (let ms = 0; ms < 5_000 && !asked.outcome; ms++) await it.clock.advance(1)
  expect(it.clock.now() - asked.outcome!.times.done).toBe(1_000)
  expect(asked.outcome!).toMatchObject({ fault: null, verified: true })
  expect(asked.outcome!.bundle.statement).toBeUndefined()
  const next = it.request(client, {})
  await it.clock.advance(500)
  expect(next.outcome).toBeUndefined()
  await client.close()
  await it.clock.advance(1)
  expect(next.outcome!.verified).toBe(true)
  await it.close()
})

test('one that never comes is asked for by itself', async () => {
  const { it, client } = await paying()
  losing(it)
  await ended(it, it.request(client, {}))
  await it.clock.advance(28_000)
  expect(viewOf(it).n).toBe(0)
  await it.clock.advance(5_000)
  expect(viewOf(it)).toMatchObject({ n: 1, used: tabOf(it.nodes[0]!).used })
  await it.close()
})

test('many are given again page by page, a page a second', async () => {
  const { it, client } = await paying()
  const find = losing(it)
  for (let n = 0; n < 20; n++) await ended(it, it.request(client, {}))
  find()
  const before = letters(it)
  const asked = it.request(client, {})
  const { payee, ref } = viewOf(it)
  const kept = () => it.clients[0]!.store.money.statements(payee, ref, 1, 100).map(({ n }) => n)
  await it.clock.advance(800)
  expect(kept()).toEqual([...numbers(16), 21])
  expect(asked.outcome).toBeUndefined()
  await it.clock.advance(1_200)
  expect(asked.outcome!.bundle.statement).toBeDefined()
  expect(kept()).toEqual(numbers(21))
  // Two pages, each asked for, and nothing beyond them.
  await it.clock.advance(5_000)
  expect(letters(it) - before).toBe(2 + 21)
  await checkMoney(it)
  await it.close()
})

test('one that was on its way when a link broke is asked for soon', async () => {
  const { it, client } = await paying()
  const asked = it.request(client, {})
  for (let ms = 0; ms < 500 && !asked.news.some(({ type }) => type === 'piece'); ms++)
    await it.clock.advance(1)
  await it.clock.advance(14)
  it.memory.cut(it.clients[0]!.life!.linkIds()[0]!)
  await ended(it, asked)
  expect(asked.outcome?.fault).toBeNull()
  await it.clock.advance(3_000)
  expect(viewOf(it)).toMatchObject({ n: 1, used: asked.outcome!.cost })
  await checkMoney(it)
  await it.close()
})

test('one whose receipt was on its way when its node’s link broke comes with it, and is not asked for', async () => {
  const { it, client } = await paying()
  const asked = it.request(client, {})
  const [node] = it.nodes
  for (let ms = 0; ms < 500 && node!.store.newest(1).length === 0; ms++) await it.clock.advance(1)
  it.memory.cut(node!.life!.linkIds()[0]!)
  const before = letters(it)
  await ended(it, asked)
  expect(asked.outcome!).toMatchObject({ fault: null, receipt: { status: 'ok' } })
  expect(asked.outcome!.bundle.statement).toBeDefined()
  expect(letters(it)).toBe(before)
  expect(viewOf(it)).toMatchObject({ n: 1, used: asked.outcome!.cost })
  await checkMoney(it)
  await it.close()
})

/** Whose tickets the last offers hold. */
const offeredBy = (it: World): string[] => {
  const { event } = it.recorded.events.findLast((one) => one.event.kind === KINDS.offers)!
  const { entries } = JSON.parse(event.content) as { entries: { ticket: { pubkey: string } }[] }
  return entries.map(({ ticket }) => ticket.pubkey)
}

describe('a client that lost a receipt', () => {
  /** It is killed when all output has come, and its receipt has not. */
  const die = async (it: World): Promise<void> => {
    const [party] = it.clients
    const asked = it.request(party!.client!, { outTokens: 2_000 })
    for (let ms = 0; ms < 500 && !asked.news.some(({ type }) => type === 'piece'); ms++)
      await it.clock.advance(1)
    await it.clock.advance(14)
    it.kill(party!)
    await it.clock.advance(30_000)
    await it.startClient(party!)
    await it.clock.advance(3_000)
    expect(asked.outcome).toBeUndefined()
  }

  const forgetful = async () => {
    const { it, client } = await paying()
    await ended(it, it.request(client, { outTokens: 3_000 }))
    const counted = viewOf(it).used
    await die(it)
    expect(viewOf(it).used).toBe(counted)
    expect(tabOf(it.nodes[0]!).used).toBeGreaterThan(counted)
    return it
  }

  test('counts it by its statement, as soon as it hears of it', async () => {
    const it = await forgetful()
    const next = it.request(it.clients[0]!.client!, {})
    await ended(it, next)
    expect(next.outcome?.fault).toBeNull()
    await it.clock.advance(2_000)
    expect(viewOf(it)).toMatchObject({ used: tabOf(it.nodes[0]!).used, broken: false })
    await checkMoney(it)
    await it.close()
  })

  test('and twenty more of them has counted all a second or two after its next job', async () => {
    const it = await forgetful()
    for (let n = 0; n < 20; n++) await die(it)
    const { n, used } = viewOf(it)
    expect(tabOf(it.nodes[0]!).n - n).toBeGreaterThan(16)
    expect(tabOf(it.nodes[0]!).used).toBeGreaterThan(used)
    const next = it.request(it.clients[0]!.client!, {})
    await ended(it, next)
    expect(next.outcome?.fault).toBeNull()
    await it.clock.advance(2_000)
    expect(viewOf(it)).toMatchObject({ used: tabOf(it.nodes[0]!).used, broken: false })
    await checkMoney(it)
    await it.close()
  })

  test('whose process leaves as soon as its next job has ended has counted them then', async () => {
    const it = await forgetful()
    const next = it.request(it.clients[0]!.client!, {})
    while (!next.outcome) await it.clock.advance(1)
    const took = it.clock.now() - next.outcome.times.done
    await it.clients[0]!.client!.close()
    it.kill(it.clients[0]!)
    expect(took).toBeLessThan(100)
    expect(next.outcome.bundle.statement).toBeDefined()
    // What it says is left is what `fedai pay tabs` says then: the lost one is counted.
    const { paid, used } = tabOf(it.nodes[0]!)
    expect(next.outcome.left).toBe(paid - used)
    await it.startClient(it.clients[0]!)
    expect(viewOf(it)).toMatchObject({ used: tabOf(it.nodes[0]!).used, n: tabOf(it.nodes[0]!).n })
    await checkMoney(it)
    await it.close()
  })

  test('whose draw is refused hears what is left, pays what is lacking, and is served', async () => {
    const it = await forgetful()
    const { paid, used } = tabOf(it.nodes[0]!)
    // More than the node has left for it, no more than the client thinks there is.
    const tokens = Math.floor(Number(paid - used + 20n) / 2.5)
    const next = it.request(it.clients[0]!.client!, { outTokens: tokens })
    await ended(it, next)
    expect(next.outcome?.fault).toBeNull()
    expect(toldOf(next)).toContain('again')
    // Another ticket of that node would be refused for the same.
    expect(offeredBy(it).length).toBeGreaterThan(1)
    expect(toldOf(next)).not.toContain('moved')
    expect(tabOf(it.nodes[0]!).paid).toBe(msat(110_000n))
    await checkMoney(it)
    await it.close()
  })
})
