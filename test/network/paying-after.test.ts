import { expect, test } from 'bun:test'
import { msat } from '../../src/engine/base/money.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying, words } from './paying.ts'

/** Jobs on credit that end at once: what each owes is paid once, and credit stays. */

const WORDS = 1_500
const onCredit = { timings: ['after'], outTokens: WORDS } as const

/** What was paid ahead is used up but for less than one job. */
const spent = async () => {
  const it = await paying(
    { slots: 4, script: { pieces: textPieces(words(WORDS)) } },
    ({ bank }) => {
      bank!.credit = { each: msat(50_000n), all: msat(1_000_000n) }
    },
  )
  const { it: world, client } = it
  for (let n = 0; n < 20; n++) await ended(world, world.request(client, { outTokens: WORDS }))
  const node = world.nodes[0]!
  const cost = tabOf(node).used / 20n
  for (let n = 0; tabOf(node).used + cost <= tabOf(node).paid && n < 60; n++)
    await ended(world, world.request(client, onCredit))
  return { ...it, node, cost }
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
