import { expect, test } from 'bun:test'
import type { Signer } from '../../src/engine/identity/seams.ts'
import type { Draft } from '../../src/engine/protocol/event.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import type { Timing } from '../../src/engine/roles/client/money.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { tabOf } from './money-books.ts'
import { ended, paying, words } from './paying.ts'
import type { Asked, World } from './world.ts'

// A node whose statements are honest in every sum and name receipts that are not those of our jobs.

/** Signs as its node does, and lies while `on`. */
const liar = () => {
  const lie = { on: false, said: 0 }
  const mangle = (draft: Draft): Draft => {
    if (!lie.on || draft.kind !== KINDS.statement) return draft
    const receipt = (++lie.said).toString(16).padStart(64, 'e')
    return { ...draft, content: JSON.stringify({ ...JSON.parse(draft.content), receipt }) }
  }
  const wrap = (signer: Signer): Signer => ({
    ...signer,
    sign: (draft) => signer.sign(mangle(draft)),
    write: (draft) => signer.write(mangle(draft)),
  })
  return { lie, wrap }
}

const viewOf = (it: World) => it.bank!.purseOf.get('client 0')!.view(it.nodes[0]!.signer.pubkey)

const wrongIn = ({ news }: Pick<Asked, 'news'>) =>
  news.flatMap((it) => (it.type === 'statement' ? [it] : []))

test('the first job that gets one is told of it at once; its tab is broken, and each job counted once', async () => {
  const { lie, wrap } = liar()
  const { it, client } = await paying({ wrap })
  await ended(it, it.request(client, {}))
  lie.on = true
  const asked = it.request(client, {})
  const began = it.clock.now()
  for (let ms = 0; ms < 5_000 && !asked.outcome; ms++) await it.clock.advance(1)
  expect(it.clock.now() - began).toBeLessThan(1_000)
  const [wrong, ...more] = wrongIn(asked)
  expect(more).toEqual([])
  const { used } = tabOf(it.nodes[0]!)
  expect(wrong).toMatchObject({ check: 'statement.answer', lie: true })
  expect(wrong!.detail).toContain(`${used} msat used by it, ${used} by the receipts that are here`)
  // What shows it is in the bundle of the job (metering/audit-bundle.ts).
  const { broken, bundle } = asked.outcome!
  const named = JSON.parse(bundle.statement!.content) as { receipt: string }
  expect([broken, named.receipt === bundle.receipt!.id]).toEqual([true, false])
  // And in the ledger, which `fedai pay tabs --statements` reads.
  const { money } = it.clients[0]!.store
  const { job } = asked.outcome!
  const text = money.receiptText(job, bundle.receipt!.id)
  expect(JSON.parse(text!)).toEqual(bundle.receipt)
  expect(money.charge(bundle.receipt!.id)).toMatchObject({ job, stated: 2 })
  await it.clock.advance(60_000)
  expect(viewOf(it)).toMatchObject({ used, broken: true })
  const next = it.request(client, {})
  await ended(it, next)
  expect(next.outcome!.fault?.code).toBe('tab.broken')
  await it.close()
})

test.each<[string, Timing[]]>([
  ['a tab', []],
  ['after the job', ['after']],
])(
  'one that sends none with its jobs counts them no second time when it is asked: %s',
  async (_, timings) => {
    const { lie, wrap } = liar()
    const script = { pieces: textPieces(words(600)) }
    const { it, client } = await paying({ wrap, script })
    await ended(it, it.request(client, {}))
    lie.on = true
    it.clients[0]!.life!.loses = (bytes) => bytes[1] === 6
    const asked: Asked[] = []
    for (let n = 0; n < 4; n++) {
      asked.push(it.request(client, { outTokens: 600, ...(timings.length > 0 && { timings }) }))
      await ended(it, asked.at(-1)!)
      expect(asked.at(-1)!.outcome!.fault).toBeNull()
    }
    await it.clock.advance(40_000)
    const { used, paid } = tabOf(it.nodes[0]!)
    expect(viewOf(it)).toMatchObject({ used, paid, broken: false })
    const told = [...asked.flatMap(wrongIn), ...wrongIn({ news: it.background })]
    expect(told.map(({ check, lie: isLie }) => [check, isLie])).toContainEqual([
      'statement.counted',
      false,
    ])
    // No job is paid twice: what is paid is what was bought, and used.
    expect(paid >= used).toBe(true)
    await it.close()
  },
)
