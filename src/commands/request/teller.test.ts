import { expect, test } from 'bun:test'
import { msat } from '../../engine/base/money.ts'
import type { PaymentHash, PubKey } from '../../engine/protocol/ids.ts'
import type { LateNews, News } from '../../engine/roles/client/news.ts'
import { teller } from './teller.ts'

const hash = (n: number): PaymentHash => n.toString(16).padStart(64, '0') as PaymentHash
const about = (n: number) => ({
  hash: hash(n),
  node: 'a1'.repeat(32) as PubKey,
  msat: msat(1_000n),
  maxFee: msat(0n),
})
const paying = (n: number): LateNews => ({ type: 'paying', for: 'tab', ...about(n) })
const paid = (n: number): LateNews => ({ type: 'paid', fee: null, ...about(n) })

const scene = () => {
  const [shown, lines]: [string[], string[]] = [[], []]
  const note = (of: string[]) => (news: News) =>
    void of.push(
      news.type === 'paid' || news.type === 'paying'
        ? `${news.type} ${+`0x${news.hash}`}`
        : news.type,
    )
  const it = teller(note(lines))
  it.to({ news: async (news) => note(shown)(news) })
  return { ...it, shown, lines }
}

test('each payment is said once to be made and once to be paid, to whoever shows the job', async () => {
  const it = scene()
  await it.news(paying(1))
  it.background(paying(1))
  it.background(paid(1))
  await it.news(paid(1))
  await it.news({ type: 'started' })
  expect(it.shown).toEqual(['paying 1', 'paid 1', 'started'])
  expect([...it.said.paying]).toEqual([hash(1)])
})

test('what comes when the job was shown is a line of its own, and nothing that was said before', async () => {
  const it = scene()
  await it.news(paying(1))
  it.to(null)
  it.background(paid(1))
  it.background(paying(2))
  it.background(paid(2))
  it.background(paid(2))
  expect(it.shown).toEqual(['paying 1'])
  expect(it.lines).toEqual(['paid 1', 'paying 2', 'paid 2'])
})
