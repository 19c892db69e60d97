// What a node says of a tab: two statements of one number, sums that are not so, a receipt that is lost, another's tab.
import { describe, expect, test } from 'bun:test'
import { fromUtf8, utf8 } from '../../../src/engine/base/bytes.ts'
import { msat } from '../../../src/engine/base/money.ts'
import { openOutput, sealOutput } from '../../../src/engine/identity/frame-seal.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { type Signed, eventText } from '../../../src/engine/protocol/event.ts'
import { frameHeader } from '../../../src/engine/protocol/frames.ts'
import type { Contents } from '../../../src/engine/protocol/messages.ts'
import { addPuppet, newsOf, outcomeOf, wish } from './cast.ts'
import { letterWith } from './money.ts'
import { addPaidNode, lettersTo, moneyScene, other, tabKey, viewAt } from './money-scene.ts'
import { forged } from './parcel.ts'
import { onFrames } from './scene.ts'

describe('a node that signs what is not so', () => {
  /** Its statement after the second job says something else. */
  const lying = (change: (said: Contents['statement']) => Partial<Contents['statement']>) => {
    const it = moneyScene()
    wish(it.stage, it.client)
    it.stage.advance(1_000)
    onFrames(it.stage, it.client, 'money', (frame) => {
      const money = it.node.state.jobs.get(frame.tag)?.secrets.money
      if (!money) return [frame]
      const header = frameHeader(frame)
      const inner = JSON.parse(
        fromUtf8(openOutput(money, header, frame.seq, frame.bytes)!)!,
      ) as Signed
      const said = JSON.parse(inner.content) as Contents['statement']
      const lie = utf8(eventText(forged(it.node.signer, inner, change(said))))
      return [{ ...frame, bytes: sealOutput(money, header, frame.seq, lie) }]
    })
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job).fault).toBeNull()
    const told = newsOf(it.stage, job)
    expect(told.at(-1)!.type).toBe('ended')
    return { it, told: told.filter((news) => news.type === 'statement') }
  }

  test('two statements of one number break the tab: it gets nothing more, and that is told', () => {
    const { it, told } = lying(() => ({ n: 1 }))
    expect(viewAt(it).broken).toBe(true)
    expect(told).toMatchObject([
      { node: it.node.signer.pubkey, check: 'statement.once', lie: true },
    ])
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({
      kind: 'verification',
      code: 'tab.broken',
    })
    // Where another node is offered, the job goes there.
    const far = addPaidNode(it.stage, it.router, it.mint)
    const next = wish(it.stage, it.client)
    it.stage.advance(2_000)
    expect(outcomeOf(it.stage, next)).toMatchObject({ fault: null, node: far.signer.pubkey })
  })

  test.each([
    [
      'charges more than its receipt',
      (said: Contents['statement']) => ({
        cost: String(Number(said.cost) + 1),
        used: String(Number(said.used) + 1),
      }),
    ],
    [
      'does not follow from the one before',
      (said: Contents['statement']) => ({ used: String(Number(said.used) + 1) }),
    ],
    ['has forgotten what was paid', () => ({ paid: '0' })],
  ] as const)('attack 4: a statement that %s breaks the tab, and is told of', (_, change) => {
    const { it, told } = lying(change)
    expect(viewAt(it).broken).toBe(true)
    expect(told.length).toBeGreaterThan(0)
    expect(told.every((news) => news.lie && news.check.startsWith('statement.'))).toBe(true)
  })

  test.each([
    ['holds more than it has', { reserved: '9000000' }, 'statement.reserved', '9000000 msat held'],
    ['has more than was paid', { paid: '15000' }, 'statement.paid', '15000 msat paid by the node'],
  ])('one that %s is told of before the job ends, and is no lie', (_, change, check, says) => {
    const { it, told } = lying(() => change)
    expect(told).toMatchObject([{ check, lie: false, detail: expect.stringContaining(says) }])
    expect(viewAt(it).broken).toBe(false)
  })

  test('one that is true is no news', () => {
    expect(lying(() => ({})).told).toEqual([])
  })
})

test.each([
  ['within what was paid is believed, once', '9000', 9_000n],
  ['of more than was paid is not', '10001', 10n],
] as const)('what a node charges for a receipt that is lost: %s', (_, used, counted) => {
  const it = moneyScene()
  wish(it.stage, it.client)
  it.stage.advance(1_000)
  expect(viewAt(it)).toMatchObject({ paid: 10_000n, used: 10n })
  const cost = String(Number(used) - 10)
  const said = { n: 2, paid: '10000', used, reserved: '0', receipt: other, cost }
  for (const ahead of [0, 1_000]) {
    const inner = it.node.signer.sign(
      draftOf('statement', said as never, {
        now: (it.stage.now + ahead) as never,
        net: 'sim',
        to: tabKey(it).pubkey,
      }),
    )
    it.stage.say(it.node, letterWith(it.stage, it.node.signer, it.client.signer.pubkey, inner))
    expect(viewAt(it)).toMatchObject({ used: counted, broken: false })
  }
})

test('what a node says of a tab is for its key alone', () => {
  const it = moneyScene()
  wish(it.stage, it.client)
  it.stage.advance(1_000)
  // Another client asks for this tab's statements: its key is not that tab's.
  const puppet = addPuppet(it.stage, it.router)
  const inner = puppet.signer.sign(
    draftOf('tab_sync', { nonce: '2'.repeat(32), since: 0 } as never, {
      now: it.stage.now,
      net: 'sim',
      to: it.node.signer.pubkey,
    }),
  )
  it.stage.say(puppet, letterWith(it.stage, puppet.signer, it.node.signer.pubkey, inner))
  it.stage.advance(1_000)
  expect(lettersTo(puppet, 'statement')).toEqual([])
  expect(viewAt(it).paid).toBe(msat(10_000n))
})
