// Several processes of one user, at once: they share a tab, as `xargs -P 8 fedai request` does.
import { expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { tabOf } from './money-books.ts'
import { another, ended, paying, toldOf, words } from './paying.ts'

/** So many processes, and a node whose jobs take 20 ms a word. */
const crowd = async (processes: number, count: number) => {
  const script = { pieces: textPieces(words(count)), pieceMs: 20 }
  const { it, client } = await paying({ slots: 16, script })
  await ended(it, it.request(client, { outTokens: 1 }))
  const all = [client]
  while (all.length < processes) all.push(await another(it))
  await it.clock.advance(1_000)
  return { it, all }
}

test.each(['before', 'stream'] as const)(
  'eight at once on a tab of 10 sat are served at once, and what they lack is paid: %s',
  async (timing) => {
    const { it, all } = await crowd(8, 450)
    const asked = all.map((of) => it.request(of, { outTokens: 520, timings: [timing] }))
    await it.clock.advance(3_000)
    const begun = asked.filter(({ news }) => news.some(({ type }) => type === 'piece'))
    expect(begun).toHaveLength(8)
    for (const one of asked) await ended(it, one)
    expect(asked.map(({ outcome }) => outcome!.fault)).toEqual(asked.map(() => null))
    // One first top-up, and one more.
    expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: 110_000n, reserved: 0n })
    expect(it.clients[0]!.store.money.openDraws(it.nodes[0]!.signer.pubkey)).toEqual([])
    await it.close()
  },
)

test('a job that lasts goes on being counted by others; one whose process was killed does not', async () => {
  const { it, all } = await crowd(2, 2_000)
  const [first, second] = all
  const money = it.clients[0]!.store.money
  const open = () =>
    money.openDraws(it.nodes[0]!.signer.pubkey).filter(({ at }) => at > it.clock.now())
  const long = it.request(first!, { outTokens: 2_100 })
  await it.clock.advance(35_000)
  expect(open()).toHaveLength(1)
  it.kill(it.clients[0]!)
  await it.clock.advance(10_000)
  expect(open()).toHaveLength(1)
  await it.clock.advance(25_000)
  expect(open()).toEqual([])
  expect(long.outcome).toBeUndefined()
  const next = it.request(second!, { outTokens: 64 })
  await ended(it, next)
  expect(next.outcome!.fault).toBeNull()
  expect(toldOf(next)).not.toContain('again')
  // Nothing more was paid: what the killed one drew on was free.
  expect(tabOf(it.nodes[0]!).paid).toBe(msat(10_000n))
  expect(money.openDraws(it.nodes[0]!.signer.pubkey)).toEqual([])
  await it.close()
})
