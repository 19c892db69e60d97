// Attacks that take a whole network to see. Numbers are those of the table (lightning.md, section 5).
import { expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying, words } from './paying.ts'

test('attack 12: many small jobs are few larger payments', async () => {
  // 3,755 msat each.
  const { it, client } = await paying({ script: { pieces: textPieces(words(1_500)) } })
  for (let n = 0; n < 40; n++) await ended(it, it.request(client, { outTokens: 1_500 }))
  const { paid, used, seq } = tabOf(it.nodes[0]!)
  expect(used).toBe(msat(40n * 3_755n))
  expect(paid).toBe(msat(210_000n))
  expect(seq).toBe(3)
  await checkMoney(it)
  await it.close()
}, 20_000)

test('attack 14: what is paid in its last seconds is credited whenever the node hears of it', async () => {
  // Two minutes is how long an invoice can be paid; its payment is told, and found, only after that.
  const { it, client } = await paying({}, ({ bank, clock }) => {
    const since = clock.now()
    bank!.wrapWallet = (wallet) => ({
      ...wallet,
      subscribe: () => () => {},
      lookup: async (hash) => {
        const said = await wallet.lookup(hash)
        const isHeard = clock.now() - since > 130_000
        return isHeard ? said : { paymentHash: hash, state: 'open', received: null }
      },
    })
  })
  const asked = it.request(client, { deadlineMs: 100_000 })
  await ended(it, asked)
  expect(asked.outcome?.fault).toMatchObject({ kind: 'again', code: 'funding.uncredited' })
  await it.clock.advance(150_000)
  expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 10_000n, used: 0n })
  const next = it.request(client, {})
  await ended(it, next)
  expect(next.outcome?.fault).toBeNull()
  expect(next.news.some(({ type }) => type === 'paying')).toBe(false)
  await checkMoney(it)
  await it.close()
})

test('attack 17: a node that is paid and does nothing gets one top-up, and nothing after it', async () => {
  const script = { startMs: 1_000_000 }
  const { it, client } = await paying({ nodes: 1, script })
  const asked = it.request(client, { deadlineMs: 20_000 })
  await ended(it, asked)
  expect(asked.outcome).toMatchObject({ cost: 0n })
  expect(asked.outcome?.fault).not.toBeNull()
  for (let n = 0; n < 3; n++) await ended(it, it.request(client, { deadlineMs: 5_000 }))
  // Nothing was used, so nothing more was paid, and it can still be used.
  expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 10_000n, used: 0n, reserved: 0n })
  await checkMoney(it)
  await it.close()
})

test('attack 19: a stream that its client leaves is charged as far as it credited, and holds nothing', async () => {
  const script = { pieces: textPieces(words(2_000)), pieceMs: 5 }
  const { it, client } = await paying({ script })
  const asked = it.request(client, { timings: ['stream'], outTokens: 2_000 })
  await it.clock.advance(3_000)
  const came = asked.news.filter(({ type }) => type === 'piece').length
  expect(came).toBeGreaterThan(100)
  it.kill(it.clients[0]!, 'vanished')
  await it.clock.advance(60_000)
  const { used, reserved, paid } = tabOf(it.nodes[0]!)
  expect(reserved).toBe(msat(0n))
  // All that it was seen to have, but for a tenth of it at most.
  expect(Number(used)).toBeGreaterThan(came * 2.5 * 0.85)
  expect(used).toBeLessThanOrEqual(paid)
  await it.startClient(it.clients[0]!)
  await it.clock.advance(1_000)
  await checkMoney(it, false)
  await it.close()
})

test('attack 21: parts of a sat are neither lost nor won, however many jobs', async () => {
  const rows = [
    {
      row: 0,
      task: 'text.chat' as const,
      model: '*',
      rates: { in_token: '333333', out_token: '777777' },
      minimum: '0',
      cold_surcharge: '0',
      timings: ['before' as const],
    },
  ]
  const { it, client } = await paying({ rows, script: { pieces: textPieces(words(7)) } })
  let sum = 0n
  for (let n = 0; n < 25; n++) {
    const asked = it.request(client, {})
    await ended(it, asked)
    // ⌈(5 × 333,333 + 7 × 777,777) / 10⁶⌉: rounded up, once.
    expect(asked.outcome!.cost).toBe(msat(8n))
    sum += asked.outcome!.cost
  }
  expect(tabOf(it.nodes[0]!).used).toBe(msat(sum))
  await checkMoney(it)
  await it.close()
})

test('attack 21: a wallet that counts whole sats is asked for whole sats', async () => {
  const { it, client } = await paying({}, ({ bank }) => {
    bank!.wrapWallet = (wallet) => ({
      ...wallet,
      info: async () => {
        const info = await wallet.info()
        return { ...info, caps: { ...info.caps, granularity: msat(1_000n) } }
      },
    })
  })
  const asked = it.request(client, { outTokens: 4_001 })
  await ended(it, asked)
  expect(asked.outcome?.fault).toBeNull()
  expect(asked.outcome!.ceiling % 1_000n).not.toBe(0n)
  expect(tabOf(it.nodes[0]!).paid % 1_000n).toBe(0n)
  await checkMoney(it)
  await it.close()
})
