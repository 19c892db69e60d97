// A debt, and a node that is restarted or whose clock is set: it lapses all the same.
import { expect, test } from 'bun:test'
import type { InvoiceStatus } from '../../src/engine/payments/wallet.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { hearing } from './holding.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying, words } from './paying.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** A client that owes its node something, which does not hear of what is paid; or which it cannot pay (`down`). */
const indebted = async (why: 'down' | 'mute' = 'down') => {
  let mute = false
  const say = (status: InvoiceStatus) => (mute ? null : status)
  // Each job costs 3,755 msat; the node trusts with as much as was bought.
  const made = await paying({ script: { pieces: textPieces(words(1_500)) } }, ({ bank }) => {
    bank!.credit = { each: 50_000n as never, all: 1_000_000n as never }
    bank!.wrapWallet = (wallet) => hearing(wallet, say)
  })
  const { it, client } = made
  const node = it.nodes[0]!
  const ask = async (timings?: ['after']) => {
    const asked = it.request(client, { outTokens: 1_500, ...(timings && { timings }) })
    await ended(it, asked)
    return asked.outcome?.fault ?? null
  }
  for (let n = 0; n < 20; n++) await ask()
  const { paid } = tabOf(node)
  if (why === 'down') it.bank!.down = true
  mute = why === 'mute'
  for (let tries = 0; tabOf(node).used <= paid && tries < 60; tries++) await ask(['after'])
  expect(tabOf(node).due).not.toBeNull()
  return { it, node, ask, unmute: () => void (mute = false) }
}
const LAPSED = { credit: 0n, defaulted: true }
const NO_CREDIT = { kind: 'refused', code: 'credit.none' }

for (const awayMs of [1_000, HOUR])
  test(`due over a restart of the node, that was away for ${awayMs / 1_000} s`, async () => {
    const { it, node, ask } = await indebted()
    it.kill(node)
    await it.clock.advance(awayMs)
    await it.startNode(node)
    await it.clock.advance(11 * MINUTE)
    expect(tabOf(node)).toMatchObject(LAPSED)
    expect(await ask(['after'])).toMatchObject(NO_CREDIT)
    it.bank!.down = false
    expect(await ask()).toBeNull()
    await checkMoney(it)
    await it.close()
  }, 20_000)

test('paid while the node was away, it is heard of before the debt lapses', async () => {
  const { it, node, unmute } = await indebted('mute')
  it.kill(node)
  unmute()
  await it.clock.advance(HOUR)
  await it.startNode(node)
  await it.clock.advance(HOUR)
  expect(tabOf(node)).toMatchObject({ due: null, defaulted: false })
  await checkMoney(it)
  await it.close()
}, 20_000)

for (const byMs of [-24 * HOUR, 24 * HOUR])
  test(`the clock of the node is set by ${byMs / 1_000} s: due in its ten minutes`, async () => {
    const { it, node } = await indebted()
    await it.clock.advance(5 * MINUTE)
    node.skewMs = byMs
    await it.clock.advance(4 * MINUTE)
    expect(tabOf(node)).toMatchObject({ defaulted: false })
    await it.clock.advance(2 * MINUTE)
    expect(tabOf(node)).toMatchObject(LAPSED)
    await it.close()
  }, 20_000)
