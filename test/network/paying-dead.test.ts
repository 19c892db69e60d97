import { expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying, words } from './paying.ts'

/** A client with 10 sat on its tab, and none of it used, whose jobs are killed when a piece has come. */
const dying = async (pieceMs = 50) => {
  const script = { pieces: textPieces(words(400)), pieceMs }
  const { it } = await paying({ slots: 8, script })
  const die = async (outTokens: number): Promise<void> => {
    const asked = it.request(it.clients[0]!.client!, { outTokens })
    for (let ms = 0; ms < 3_000 && !asked.news.some(({ type }) => type === 'piece'); ms += 5)
      await it.clock.advance(5)
    it.kill(it.clients[0]!)
    await it.clock.advance(200)
    await it.startClient(it.clients[0]!)
    await it.clock.advance(200)
  }
  return { it, die }
}

test('what jobs of a client that died hold of a tab is called reserved, and is free a while later', async () => {
  const { it, die } = await dying()
  await die(3_500)
  const tab = tabOf(it.nodes[0]!)
  expect(tab.reserved > tab.paid / 2n).toBe(true)
  // On another machine: our ledger knows nothing of it, and a node's word alone is not paid for.
  const { money } = it.clients[0]!.store
  const [row] = money.openDraws(it.nodes[0]!.signer.pubkey)
  await money.write([{ do: 'drop', table: 'draws', row: row! }])
  const asked = it.request(it.clients[0]!.client!, { outTokens: 3_000, timings: ['before'] })
  await ended(it, asked)
  const { fault } = asked.outcome!
  expect(fault).toMatchObject({ kind: 'again', code: 'tab.reserved' })
  expect(fault!.hint).toContain('within 2 minutes')
  await it.clock.advance(120_000)
  const next = it.request(it.clients[0]!.client!, { outTokens: 3_000, timings: ['before'] })
  await ended(it, next)
  expect(next.outcome!.fault).toBeNull()
  await checkMoney(it)
  await it.close()
})

test('what it lacks of a tab that a killed one holds is paid, where our own ledger says so, too', async () => {
  const { it, die } = await dying()
  await die(3_500)
  const asked = it.request(it.clients[0]!.client!, { outTokens: 3_000, timings: ['before'] })
  await it.clock.advance(2_000)
  expect(asked.news.some(({ type }) => type === 'piece')).toBe(true)
  expect(tabOf(it.nodes[0]!).paid).toBe(msat(110_000n))
  await ended(it, asked)
  expect(asked.outcome!.fault).toBeNull()
  await it.clock.advance(120_000)
  await checkMoney(it)
  await it.close()
})

test.each([1, 2, 3])(
  'a client waits for nothing that killed ones had: %p of them',
  async (deaths) => {
    // Their runners have made it all when they die: their jobs are results that are kept for them.
    const { it, die } = await dying(0)
    for (let n = 0; n < deaths; n++) await die(800)
    const next = it.request(it.clients[0]!.client!, { outTokens: 400 })
    await ended(it, next, 500)
    expect(next.outcome?.fault).toBeNull()
    await it.clock.advance(120_000)
    await checkMoney(it)
    await it.close()
  },
)

test('a tab that covers a job serves it, though many clients died with pieces in their hands', async () => {
  const { it, die } = await dying()
  for (let n = 0; n < 6; n++) {
    await die(400)
    await it.clock.advance(120_000)
  }
  const next = it.request(it.clients[0]!.client!, { outTokens: 500 })
  await ended(it, next)
  expect(next.outcome!.fault).toBeNull()
  await checkMoney(it)
  await it.close()
})
