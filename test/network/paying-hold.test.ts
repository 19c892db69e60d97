import { describe, expect, test } from 'bun:test'
import { unixMs } from '../../src/engine/base/clock.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import { checkInvariants } from './invariants.ts'
import { HELD, PRICE, holding, paymentsOf, preimagesOf, summary, until } from './holding.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, toldOf } from './paying.ts'
import type { Asked, World } from './world.ts'

const FULL = 1_000_000n
const has = (it: World, name: string) => it.bank!.balance(name, it.clock)
const told = (asked: Asked, type: string) => asked.news.some((news) => news.type === type)

/** Nothing is charged, the money is back, and both sides say so. */
const expectNothingPaid = async (it: World, asked: Asked): Promise<void> => {
  expect(asked.outcome!.cost).toBe(0n as never)
  expect(asked.outcome!.output).toBeNull()
  expect(told(asked, 'piece')).toBe(false)
  await checkMoney(it)
  // No receipt is counted, no statement waited for: nothing of it was ever on the tab.
  for (const view of it.clients[0]!.store.money.spending(unixMs(0)).views)
    expect(view).toMatchObject({ paid: 0n, used: 0n, session: false })
  expect(await has(it, 'client 0')).toBe(FULL)
  expect(await has(it, 'node 0')).toBe(0n)
  expect(paymentsOf(it.clients[0]!).every(({ state }) => state === 'failed')).toBe(true)
  expect(it.nodes[0]!.store.money.openInvoices(it.nodes[0]!.signer.pubkey)).toMatchObject(
    paymentsOf(it.clients[0]!).map(() => ({ state: 'canceled' })),
  )
}

describe('a job that is paid by hold', () => {
  test('money waits, the result comes locked, and both change hands at once', async () => {
    const { it, client } = await holding()
    const asked = it.request(client, HELD)
    await ended(it, asked)
    expect(asked.outcome?.fault).toBeNull()
    expect(toldOf(asked).join(' ')).toBe('offers funding paying held accepted started paid ended')
    expect(asked.outcome).toMatchObject({ cost: PRICE, left: 0n, verified: true, finish: 'stop' })
    expect(asked.outcome!.output).toMatchObject({ text: 'hello' })
    expect(asked.outcome!.receipt).toMatchObject({ status: 'ok', usage: { byte: 5 } })
    // No piece of it was there before it was paid.
    const order = asked.news.map((news) => news.type)
    expect(order.indexOf('piece')).toBeGreaterThan(order.indexOf('started'))
    checkInvariants(it, [asked])
    await checkMoney(it)
    expect(await has(it, 'node 0')).toBe(PRICE)
    expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: PRICE, used: PRICE, seq: 0, n: 1 })
    expect(paymentsOf(it.clients[0]!)).toMatchObject([
      { purpose: 'job', ref: asked.outcome!.job, seq: 1, msat: PRICE, state: 'settled' },
    ])
    await it.close()
  })

  test('the same with the tab off: the session key pays', async () => {
    const { it, client } = await holding({}, (world) => (world.bank!.tab = 'off'))
    const asked = it.request(client, HELD)
    await ended(it, asked)
    expect(asked.outcome?.fault).toBeNull()
    expect(tabOf(it.nodes[0]!)).toMatchObject({ key: client.key, paid: PRICE, used: PRICE })
    await checkMoney(it)
    await it.close()
  })

  test('one that costs less than Lightning carries leaves the rest on the tab', async () => {
    const { it, client } = await holding({ rows: PLAY_PRICES })
    const cheap = it.request(client, { ...HELD, input: { input: 'x'.repeat(500) } })
    await ended(it, cheap)
    expect(cheap.outcome?.fault?.code ?? 'ok').toBe('ok')
    expect(cheap.outcome!.left).toBe(1_000n - cheap.outcome!.cost)
    await checkMoney(it)
    await it.close()
  })

  test('several at once, and one that draws on the tab beside them', async () => {
    const { it, client } = await holding()
    const two = [it.request(client, HELD), it.request(client, HELD)]
    const chat = it.request(client, {
      outTokens: 10,
      input: { messages: [{ role: 'user', content: 'hi' }] },
    })
    for (const asked of [...two, chat]) await ended(it, asked)
    expect(two.map(({ outcome }) => outcome!.fault)).toEqual([null, null])
    expect(chat.outcome!.fault?.code ?? 'ok').toBe('ok')
    expect(two.map(({ outcome }) => outcome!.cost)).toEqual([PRICE, PRICE] as never)
    await checkMoney(it)
    await it.close()
  })

  test('a router in between sees no key, no invoice, no payment hash', async () => {
    let known = new Map<string, string>()
    const { it, client } = await holding({}, (world) => (known = preimagesOf(world)))
    const asked = it.request(client, HELD)
    await ended(it, asked)
    const [{ bolt11, hash } = { bolt11: '', hash: '' }] = paymentsOf(it.clients[0]!)
    const seen = it.recorded.events.map(({ text }) => text).join('\n')
    for (const secret of [bolt11, hash, known.get(hash)!]) {
      expect(secret.length).toBeGreaterThan(60)
      expect(seen).not.toContain(secret)
    }
    // Nor is the key in what is told, kept as proof, or written as a receipt.
    const outcome = JSON.stringify(asked.outcome, (_, value: unknown) =>
      typeof value === 'bigint' ? String(value) : value,
    )
    expect(outcome).not.toContain(known.get(hash)!)
    await it.close()
  })
})

describe('nothing is charged for', () => {
  test('a cancel before the end', async () => {
    const { it, client } = await holding({ script: { pieces: summary(), pieceMs: 2_000 } })
    const stop = new AbortController()
    const asked = it.request(client, HELD, stop.signal)
    await until(it, () => told(asked, 'started'))
    await it.clock.advance(2_500)
    stop.abort()
    await ended(it, asked)
    expect(asked.outcome!.fault!.code).toBe('job.cancelled')
    expect(asked.outcome!.receipt).toMatchObject({ status: 'client_cancelled', cost: 0n })
    checkInvariants(it, [asked])
    await expectNothingPaid(it, asked)
    await it.close()
  })

  test('a runner that fails in the middle', async () => {
    const script = { pieces: summary(), fail: { after: 1, trouble: 'crashed' } } as const
    const { it, client } = await holding({ script })
    const asked = it.request(client, HELD)
    await ended(it, asked)
    expect(asked.outcome!.fault!.code).toBe('job.runner_failed')
    checkInvariants(it, [asked])
    await expectNothingPaid(it, asked)
    await it.close()
  })

  test('a deadline that passes', async () => {
    const { it, client } = await holding({ script: { pieces: summary(), pieceMs: 8_000 } })
    const asked = it.request(client, { ...HELD, deadlineMs: 10_000 })
    await ended(it, asked)
    expect(asked.outcome!.fault!.code).toBe('job.timeout')
    await expectNothingPaid(it, asked)
    await it.close()
  })

  test('work that outlasts the 90 s for which money is held', async () => {
    const { it, client } = await holding({ script: { pieces: summary(), pieceMs: 60_000 } })
    const asked = it.request(client, { ...HELD, deadlineMs: 300_000 })
    const begun = it.clock.now()
    await ended(it, asked, 300_000)
    expect(asked.outcome!.fault!.code).toBe('job.timeout')
    expect(it.clock.now() - begun).toBeLessThan(87_000)
    await expectNothingPaid(it, asked)
    await it.close()
  })

  test('a client that vanishes after it paid, before it sent anything', async () => {
    const { it, client } = await holding({}, (world) => {
      world.bank!.wrapWallet = (wallet) => ({
        ...wallet,
        subscribe: (changed) =>
          wallet.subscribe((status) => {
            if (status.state === 'accepted') world.kill(world.clients[0]!, 'vanished')
            changed(status)
          }),
      })
    })
    it.request(client, HELD)
    await it.clock.advance(40_000)
    expect(await has(it, 'client 0')).toBe(FULL - PRICE)
    await it.clock.advance(10_000)
    expect(await has(it, 'client 0')).toBe(FULL)
    await it.startClient(it.clients[0]!)
    await it.clock.advance(10_000)
    await checkMoney(it)
    expect(paymentsOf(it.clients[0]!)).toMatchObject([{ state: 'failed' }])
    await it.close()
  })

  test('a client that vanishes while its job runs', async () => {
    const { it, client } = await holding({ script: { pieces: summary(), pieceMs: 3_000 } })
    const asked = it.request(client, HELD)
    await until(it, () => told(asked, 'started'))
    it.kill(it.clients[0]!)
    await it.clock.advance(100_000)
    expect(await has(it, 'client 0')).toBe(FULL)
    expect(await has(it, 'node 0')).toBe(0n)
    await it.close()
  })

  test('a node that dies while it works, and comes back', async () => {
    const { it, client } = await holding({ script: { pieces: summary(), pieceMs: 3_000 } })
    const asked = it.request(client, HELD)
    await until(it, () => told(asked, 'started'))
    it.kill(it.nodes[0]!)
    await it.clock.advance(2_000)
    await it.startNode(it.nodes[0]!)
    await ended(it, asked)
    expect(asked.outcome!.fault).toMatchObject({ kind: 'again' })
    await expectNothingPaid(it, asked)
    await it.close()
  })
})
