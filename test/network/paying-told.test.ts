import { expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { HELD, holding, paymentsOf } from './holding.ts'
import { ended, paying, words } from './paying.ts'
import type { Asked, World } from './world.ts'

// Nothing is paid whose sum was not said before.

/** What was said to be paid, and for what; and that it was paid comes after. */
const said = ({ news }: Pick<Asked, 'news'>): string[] => {
  const told = news.flatMap((it) => (it.type === 'paying' ? [`${it.msat} ${it.for}`] : []))
  const first = news.findIndex(({ type }) => type === 'paid')
  if (first >= 0) expect(news.findIndex(({ type }) => type === 'paying')).toBeLessThan(first)
  return told
}

const expectTold = async (it: World, asked: Asked[], sums: string[]): Promise<void> => {
  const last = said({ news: it.background })
  expect([...asked.flatMap(said), ...last]).toEqual(sums)
  const paid = paymentsOf(it.clients[0]!).map((entry) => String(entry.msat))
  expect(paid).toEqual(sums.map((sum) => sum.split(' ')[0]!))
  await it.close()
}

test('the first top-up of a tab, and the next one, which is paid in the background after a job', async () => {
  const script = { pieces: textPieces(words(2_000)) }
  const { it, client } = await paying({ script })
  const asked: Asked[] = []
  for (let n = 0; n < 3; n++) {
    const one = it.request(client, { outTokens: 2_000 })
    await ended(it, one)
    expect(one.outcome!.fault).toBeNull()
    asked.push(one)
    await it.clock.advance(2_000)
  }
  await expectTold(it, asked, ['10000 tab', '100000 tab'])
})

test('a job alone', async () => {
  const { it, client } = await paying({}, (world) => void (world.bank!.tab = 'off'))
  const asked = it.request(client, {})
  await ended(it, asked)
  await expectTold(it, [asked], ['1000 job'])
})

test('what is held', async () => {
  const { it, client } = await holding()
  const asked = it.request(client, HELD)
  await ended(it, asked)
  await expectTold(it, [asked], ['5000 hold'])
})

test('a router', async () => {
  const { it, client } = await paying({ fee: { pack: 4_000n, routes: 4 } })
  const asked = it.request(client, {})
  await ended(it, asked)
  await expectTold(it, [asked], ['4000 route', '10000 tab'])
})

test('a top-up that an earlier process sent, and that is still on its way, is not said again', async () => {
  const script = { pieces: textPieces(words(2_000)) }
  const sent: string[] = []
  const { it } = await paying({ script }, ({ bank }) => {
    // The first is paid; of the second the wallet knows no end yet.
    bank!.wrapPayer = (payer) => ({
      ...payer,
      pay: async (bolt11, limits) => {
        sent.push(bolt11)
        return sent.length === 1 ? payer.pay(bolt11, limits) : { state: 'inflight' }
      },
      payStatus: async (hash, bolt11) =>
        bolt11 === sent[1] ? { state: 'inflight' } : payer.payStatus(hash, bolt11),
    })
  })
  const asked: Asked[] = []
  for (let n = 0; n < 3; n++) {
    const one = it.request(it.clients[0]!.client!, { timings: ['stream'] })
    await ended(it, one)
    expect(one.outcome!.fault).toBeNull()
    asked.push(one)
    await it.clock.advance(2_000)
    it.kill(it.clients[0]!)
    await it.startClient(it.clients[0]!)
    await it.clock.advance(2_000)
  }
  expect(sent).toHaveLength(2)
  await expectTold(it, asked, ['10000 tab', '100000 tab'])
})

test('nor is one that a cap does not allow: the job before it is done all the same', async () => {
  const { it, client } = await paying({}, ({ bank }) => {
    bank!.caps = { budget: msat(1_000_000n), exposure: msat(50_000n) }
  })
  const asked: Asked[] = []
  for (let n = 0; n < 3; n++) {
    const one = it.request(client, { timings: ['stream'] })
    await ended(it, one)
    expect(one.outcome!.fault).toBeNull()
    asked.push(one)
    await it.clock.advance(2_000)
  }
  await expectTold(it, asked, ['10000 tab'])
})

test('what a job lacks and a cap refuses is refused before it is said to be paid', async () => {
  const { it, client } = await paying({}, ({ bank }) => {
    bank!.caps = { budget: msat(1_000n), exposure: null }
  })
  const asked = it.request(client, {})
  await ended(it, asked)
  expect(asked.outcome!.fault).toMatchObject({ code: 'budget.exceeded' })
  await expectTold(it, [asked], [])
})
