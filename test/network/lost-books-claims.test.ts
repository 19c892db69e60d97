// A node that lost its ledger is told with each draw and letter what it signed before: it numbers nothing anew, by no way.
import { expect, test } from 'bun:test'
import { unixMs } from '../../src/engine/base/clock.ts'
import { msat } from '../../src/engine/base/money.ts'
import type { ToppedUp, Wish } from '../../src/engine/roles/client/news.ts'
import { memoryStore } from '../../src/engine/storage/memory.ts'
import { HELD, holding } from './holding.ts'
import { checkMoney } from './money-books.ts'
import { ended } from './paying.ts'

/** A client has paid twice into a tab, a moment ago, and worked there; then the ledger of that node is another one. */
const lost = async (store = memoryStore()) => {
  const { it } = await holding()
  const [node, party] = [it.nodes[0]!, it.clients[0]!]
  const key = node.signer.pubkey
  const ask = async (wish: Partial<Wish>) => {
    const job = it.request(party.client!, wish)
    await ended(it, job)
    return job.outcome!.fault?.code ?? 'done'
  }
  const topUp = async () => {
    const wish = { node: key, amount: msat(100_000n), maxFee: null, dryRun: false }
    const ends: ToppedUp[] = []
    void (async () => {
      for await (const news of party.client!.topUp(wish))
        if (news.type === 'topped_up') ends.push(news)
    })()
    const begun = it.clock.now()
    while (ends.length === 0) await it.clock.advance(100)
    expect(it.clock.now() - begun).toBeLessThan(2_000)
    return ends[0]!.fault?.code ?? 'done'
  }
  expect([await ask({}), await topUp(), await ask({})]).toEqual(['done', 'done', 'done'])
  const before = node.store
  const serve = async (ledger: typeof store): Promise<void> => {
    await it.stopNode(node)
    Object.assign(node, { store: ledger })
    await it.startNode(node)
    await it.clock.advance(2_000)
  }
  const anew = async (): Promise<void> => {
    it.kill(party, 'killed')
    await it.startClient(party)
    await it.clock.advance(1_000)
  }
  await serve(store)
  await anew()
  const view = () => party.store.money.spending(unixMs(0)).views[0]!
  const payments = () => party.store.money.payments(10).length
  const tabs = () => node.store.money.tabs(key)
  return { it, ask, topUp, anew, serve, view, payments, tabs, before, store }
}

type Lost = Awaited<ReturnType<typeof lost>>
type Step = 'job' | 'hold' | 'after' | 'top-up'

const DO: Record<Step, (it: Lost) => Promise<string>> = {
  job: ({ ask }) => ask({}),
  hold: ({ ask }) => ask(HELD),
  after: ({ ask }) => ask({ timings: ['after'] }),
  'top-up': ({ topUp }) => topUp(),
}

/** Each as a command of its own. */
const all = async (it: Lost, steps: readonly Step[]): Promise<string[]> => {
  const ends: string[] = []
  for (const step of steps) {
    ends.push(await DO[step](it))
    await it.anew()
  }
  return ends
}

const STEPS: Step[][][] = [
  [['hold', 'job', 'hold']],
  [['job', 'hold', 'job']],
  [['top-up', 'job', 'top-up']],
  [['job', 'after', 'top-up', 'job']],
]

test.each(STEPS)('after %p nothing is paid, and it is as lost as before', async (steps) => {
  const it = await lost()
  const payments = it.payments()
  expect(await all(it, steps)).toEqual(steps.map(() => 'tab.lost'))
  expect(it.payments()).toBe(payments)
  expect(it.view()).toMatchObject({ paid: 110_000n, broken: false, lostAt: expect.any(Number) })
  // It began no tab, gave no invoice, and signed nothing.
  expect(it.tabs()).toEqual([])
  await it.it.close()
})

test('with its old ledger back the tab is as it was: both count the same, and nobody is accused', async () => {
  const it = await lost()
  await all(it, ['hold', 'top-up', 'job'])
  await it.serve(it.before)
  const { paid, used, n } = it.view()
  expect(it.tabs()).toMatchObject([{ paid, used, n }])
  expect(await all(it, ['job', 'hold'])).toEqual(['done', 'done'])
  expect(it.view()).toMatchObject({ broken: false, lostAt: null, n: n + 2 })
  await checkMoney(it.it)
  await it.it.close()
})

test('with an older copy of its ledger it signs no number again', async () => {
  const older = memoryStore()
  const it = await lost(older)
  const [first] = it.before.money.tabs(it.it.nodes[0]!.signer.pubkey)
  const { n } = first!
  // As it was before the last job.
  const row = { ...first!, n: n - 1 }
  await older.money.write([{ do: 'put', table: 'tabs', row }])
  await it.serve(older)
  expect(await all(it, ['job', 'hold', 'top-up'])).toEqual(['tab.lost', 'tab.lost', 'tab.lost'])
  expect(it.tabs()).toEqual([row])
  await it.serve(it.before)
  expect(await all(it, ['job'])).toEqual(['done'])
  expect(it.view()).toMatchObject({ broken: false, lostAt: null, n: n + 1 })
  await it.it.close()
})
