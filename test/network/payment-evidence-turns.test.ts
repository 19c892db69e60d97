// A router that begins to want proofs while tabs are used through it, or no longer wants them.
import { describe, expect, test } from 'bun:test'
import { textPieces } from '../fakes/scripted-runner.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import { paymentsOf, until } from './holding.ts'
import { checkMoney } from './money-books.ts'
import { ended, paying, toldOf, words } from './paying.ts'
import type { Asked, World } from './world.ts'

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
    expect(paymentsOf(it.clients[0]!).map(({ purpose }) => purpose)).toEqual(['topup', 'job'])
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
    expect(paymentsOf(it.clients[0]!).map(({ purpose }) => purpose)).toEqual([
      'topup',
      'job',
      'job',
    ])
    const [party] = it.clients
    it.kill(party!)
    await it.start(party!)
    await it.clock.advance(1_000)
    expect(toldOf(await serve(it))).not.toContain('paying')
    expect(viewOf(it).used).toBeGreaterThan(tab.used)
    expect(paymentsOf(it.clients[0]!)).toHaveLength(3)
    await checkMoney(it)
    await it.close()
  })

  test('a job that runs on a tab goes on; the next one is paid alone', async () => {
    const { it, client } = await paying({
      payment: 'before',
      script: { pieces: textPieces(words(40)), pieceMs: 100 },
    })
    const running = it.request(client, { outTokens: 2_000 })
    await until(it, () => toldOf(running).includes('started'), 5_000)
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
  expect(paymentsOf(it.clients[0]!).map(({ ref }) => ref)).not.toContain(first.outcome!.job)
  await checkMoney(it)
  await it.close()
})
