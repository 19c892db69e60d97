import { describe, expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying, words } from './paying.ts'

/** Jobs on credit that end at once: what each owes is paid once, and credit stays. */

const WORDS = 1_500
const onCredit = { timings: ['after'], outTokens: WORDS } as const

/** What was paid ahead is used up but for less than one job. */
const spent = async () => {
  /** How long the wallet of the client takes for a payment, ms. */
  const slow = { ms: 0 }
  /** Whether the wallet of the node makes no invoice. */
  const mute = { is: false }
  const it = await paying(
    { slots: 4, script: { pieces: textPieces(words(WORDS)) } },
    ({ bank, clock }) => {
      bank!.credit = { each: msat(50_000n), all: msat(1_000_000n) }
      bank!.wrapWallet = (wallet) => ({
        ...wallet,
        createInvoice: (...of) =>
          mute.is ? new Promise<never>(() => {}) : wallet.createInvoice(...of),
      })
      bank!.wrapPayer = (payer) => ({
        ...payer,
        pay: async (...of) => {
          if (slow.ms > 0) await new Promise<void>((done) => void clock.after(slow.ms, done))
          return payer.pay(...of)
        },
      })
    },
  )
  const { it: world, client } = it
  for (let n = 0; n < 20; n++) await ended(world, world.request(client, { outTokens: WORDS }))
  const node = world.nodes[0]!
  const cost = tabOf(node).used / 20n
  for (let n = 0; tabOf(node).used + cost <= tabOf(node).paid && n < 60; n++)
    await ended(world, world.request(client, onCredit))
  return { ...it, node, cost, slow, mute }
}

// At 0 ms one invoice is over both; at 10 ms the first is out when the second job ends, and is over the first alone.
test.each([0, 10])(
  'two jobs, the second %d ms later: all is paid before they end, and none is told to have left more than that',
  async (gap) => {
    const { it, client, node, cost } = await spent()
    const first = it.request(client, onCredit)
    await it.clock.advance(gap)
    const second = it.request(client, onCredit)
    await ended(it, first)
    await ended(it, second)
    expect(tabOf(node)).toMatchObject({ paid: tabOf(node).used, due: null })
    for (const { outcome } of [first, second]) {
      expect(outcome!.fault).toBeNull()
      // The other's receipt counts, too: never a debt of it that is paid once as something left.
      expect([0n, -cost]).toContain(outcome!.left!)
    }
    await it.clock.advance(11 * 60_000)
    expect(tabOf(node).defaulted).toBe(false)
    await checkMoney(it)
    await it.close()
  },
  60_000,
)

test('a node that says nothing of what is owed is asked for it for 10 s, and not without end', async () => {
  const { it, client, mute } = await spent()
  mute.is = true
  const before = it.recorded.events.length
  const asked = it.request(client, onCredit)
  await ended(it, asked)
  await it.clock.advance(20_000)
  const letters = it.recorded.events
    .slice(before)
    .filter(({ event }) => event.kind === KINDS.money && event.pubkey === client.key)
  // Every 0.6 s, as soon as it is looked.
  expect(letters.length).toBeGreaterThanOrEqual(12)
  expect(letters.length).toBeLessThanOrEqual(17)
  const { left, paying: sent, fault } = asked.outcome!
  expect({ owed: -left! >= 1_000n, sent, fault }).toEqual({
    owed: true,
    sent: msat(0n),
    fault: null,
  })
  await it.close()
}, 60_000)

describe('Ctrl-C while what is owed is being paid', () => {
  const left = async (ms: number, after: number) => {
    const { it, client, node, slow } = await spent()
    slow.ms = ms
    const leaving = new AbortController()
    const asked = it.request(client, onCredit, leaving.signal)
    const isPaying = () => asked.news.some(({ type }) => type === 'paying')
    for (let waited = 0; waited < 30_000 && !isPaying(); waited += 10) await it.clock.advance(10)
    expect(asked.outcome).toBeUndefined()
    leaving.abort()
    await it.clock.advance(after)
    const told = asked.news.flatMap((one) => (one.type === 'paid' ? [one.msat] : []))
    return { it, node, asked, told }
  }

  test('it is waited for, told as paid, and nothing is owed', async () => {
    const { it, node, asked, told } = await left(1_500, 1_600)
    expect(asked.outcome).toMatchObject({ left: 0n, paying: 0n, verified: true, fault: null })
    expect(told).toHaveLength(1)
    expect(tabOf(node)).toMatchObject({ paid: tabOf(node).used, due: null })
    await it.close()
  })

  test('not for long: what is on its way is told so', async () => {
    const { it, asked, told } = await left(60_000, 2_400)
    expect(asked.outcome).toBeUndefined()
    await it.clock.advance(200)
    const { left: owed, paying: sent } = asked.outcome!
    expect({ sent, told }).toEqual({ sent: msat(-owed!), told: [] })
    expect(sent).toBeGreaterThan(0n)
    await it.close()
  })
})
