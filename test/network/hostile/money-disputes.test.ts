// What a node gets for receipts that were disputed: by an invoice after the job, for the next job, by a top-up.
import { describe, expect, test } from 'bun:test'
import { MOST_AMOUNT, msat } from '../../../src/engine/base/money.ts'
import { elsewhere } from '../../../src/engine/roles/client/tab-faults.ts'
import type { TabView } from '../../../src/engine/spending/ledger.ts'
import { scriptedChat } from '../../fakes/scripted-runner.ts'
import { done, outcomeOf, piece, wish } from './cast.ts'
import { contentOf, forged, rawFrame, withEvent } from './parcel.ts'
import {
  type MoneyScene,
  addPaidNode,
  asksFor,
  inLetters,
  lettersTo,
  moneyScene,
  paidIn,
  tabAt,
  tabKey,
  topUp,
  viewAt,
} from './money-scene.ts'
import { type Change, lies } from './receipt-lies.ts'
import { heardBy, held, onFrames, onWay, unharmed } from './scene.ts'

const wide = { ...scriptedChat(), limits: { inputBytes: 8192, outTokens: 100_000 } }

/** A job that is paid ahead, whose node signs another receipt than it should. */
const disputed = (change: Change, wanted: Parameters<typeof wish>[2] = {}) => {
  const it = moneyScene({ capabilities: [wide] })
  onWay(it.stage, it.router, 'receipt', (receipt) =>
    forged(it.node.signer, receipt, change(contentOf(receipt), it)),
  )
  // What its own books say is about the honest one.
  onFrames(it.stage, it.client, 'money', () => [])
  inLetters(it, 'client', 'statement', () => null)
  const job = wish(it.stage, it.client, wanted)
  it.stage.advance(5_000)
  return { it, outcome: outcomeOf(it.stage, job), before: paidIn(it) }
}

/** The node counts that much as used: its lie, and what it asks for, agree. */
const counts = (it: MoneyScene, used: bigint): void => {
  const { tabs } = it.node.state.till!.tabs
  const key = tabKey(it).pubkey
  tabs.set(key, { ...tabs.get(key)!, used: msat(used) })
}

const next = (it: MoneyScene, more: Parameters<typeof wish>[2] = {}) => {
  const job = wish(it.stage, it.client, more)
  it.stage.advance(20_000)
  return outcomeOf(it.stage, job)
}

describe('a disputed receipt is paid by nothing, with', () => {
  for (const [what, [reason, change]] of Object.entries(lies))
    test(what, () => {
      const { it, outcome, before } = disputed(change)
      expect(outcome.verified).toBe(false)
      expect(heardBy(it.router, 'acknowledgement')).toMatchObject([{ verdict: 'dispute', reason }])
      const { cost, ceiling } = outcome
      const isOver = cost > ceiling
      // It counts on the tab, since its node keeps it: up to what was agreed to.
      const counted = isOver ? ceiling : cost
      // But for what was paid ahead: its node has that.
      const wrong = counted > before ? counted - before : 0n
      expect(viewAt(it)).toMatchObject({ used: counted, disputed: wrong, broken: isOver })
      expect(outcome).toMatchObject({ disputedDebt: wrong, broken: isOver })
      counts(it, 10_000n + cost)
      asksFor(it, 'after', cost > 1_000n ? cost : 1_000n)
      expect(paidIn(it)).toBe(before)
      asksFor(it, 'topup', 100_000n)
      expect(paidIn(it)).toBe(before)
      unharmed(it.stage)
    })
})

describe('a receipt over the ceiling', () => {
  const dear = (cost: bigint) => disputed(() => ({ cost: String(cost) }))

  test.each([150_000n, 900_000n, MOST_AMOUNT])('of %p msat breaks the tab', (cost) => {
    const { it, outcome, before } = dear(cost)
    expect(viewAt(it)).toMatchObject({ used: outcome.ceiling, broken: true })
    counts(it, cost)
    asksFor(it, 'after', 90_000n)
    expect(next(it).fault).toMatchObject({
      kind: 'verification',
      code: 'tab.broken',
      hint: elsewhere(it.node.signer.pubkey),
    })
    // A top-up has no --where.
    expect(topUp(it, 150_000n)).toMatchObject({
      paid: false,
      fault: { code: 'tab.broken', hint: expect.not.stringContaining('--where') },
    })
    expect(paidIn(it)).toBe(before)
    it.stage.tampers.length = 0
    const far = addPaidNode(it.stage, it.router, it.mint)
    expect(next(it)).toMatchObject({ fault: null, node: far.signer.pubkey })
    unharmed(it.stage)
  })

  test('pins its node, whatever key it was paid under: the next session pays it nothing', () => {
    const it = moneyScene()
    it.client.state.money!.off = true
    onWay(it.stage, it.router, 'receipt', (receipt) =>
      forged(it.node.signer, receipt, { cost: '900000' }),
    )
    const pinned: string[] = []
    const before = it.stage.onWork
    it.stage.onWork = (party, effect) => {
      if (effect.do === 'pin') pinned.push(effect.node)
      return before(party, effect)
    }
    expect(next(it).verified).toBe(false)
    expect(pinned).toEqual([it.node.signer.pubkey])
  })

  test('breaks it at once: a job that waits to be paid there when it comes is not', () => {
    const it = moneyScene({ capabilities: [wide] })
    next(it)
    const before = paidIn(it)
    const receipts = held(it.stage, it.client, 'receipt')
    const first = wish(it.stage, it.client)
    it.stage.tampers.length = 0
    const invoices = held(it.stage, it.client, 'money')
    const late = wish(it.stage, it.client, { outTokens: 30_000 })
    it.stage.tampers.length = 0
    expect([receipts, invoices].map(({ length }) => length)).toEqual([1, 1])
    const [receipt] = receipts
    if (receipt?.kind !== 'event') throw new Error('no receipt')
    const event = forged(it.node.signer, receipt.event, { cost: '900000' })
    // The invoice is there before the books have the receipt.
    it.client.slowDisk = true
    it.stage.deliver(withEvent(receipt, event))
    expect(viewAt(it).broken).toBe(false)
    it.stage.deliver(invoices[0]!)
    expect(outcomeOf(it.stage, late).fault?.code).toBe('tab.broken')
    for (const written of it.mint.unwritten) written()
    it.stage.advance(5_000)
    expect(outcomeOf(it.stage, first).verified).toBe(false)
    expect(viewAt(it).broken).toBe(true)
    expect(paidIn(it)).toBe(before)
  })
})

/** A tab with such sums, on both sides. */
const standing = (
  sums: Partial<Record<'paid' | 'used' | 'disputed', bigint>> & { broken?: true },
) => {
  const it = moneyScene({ capabilities: [wide] })
  next(it)
  const row = { ...viewAt(it), ...sums } as TabView
  void it.mint.stores.get(it.client)!.money.write([{ do: 'put', table: 'views', row }])
  counts(it, row.used)
  return { it, before: paidIn(it) }
}

describe('what is owed after a job', () => {
  test.each([
    ['all of it agreed', 0n, 2_000n, true],
    ['all of it agreed, and an msat more asked for', 0n, 2_001n, false],
    ['some of it disputed, and no more asked for than was agreed', 500n, 1_500n, true],
    ['some of it disputed, and all asked for', 500n, 2_000n, false],
    ['all of it disputed', 2_000n, 1_000n, false],
  ])('%s', (_, wrong, asked, isPaid) => {
    const { it, before } = standing({ used: 12_000n, disputed: wrong })
    asksFor(it, 'after', asked)
    expect(paidIn(it) - before).toBe(isPaid ? asked : 0n)
    unharmed(it.stage)
  })

  test('nothing, where the tab is broken', () => {
    const { it, before } = standing({ used: 12_000n, broken: true })
    asksFor(it, 'after', 2_000n)
    expect(paidIn(it)).toBe(before)
  })
})

describe('a disputed sum that its node counts as owed', () => {
  const tab = { used: 12_000n, disputed: 2_000n }

  test('is paid by no next job there, of whatever timing, nor by a top-up: nothing more goes there', () => {
    const { it, before } = standing(tab)
    const letters = lettersTo(it.node, 'fund').length
    for (const timings of [['before'], ['stream'], ['after']] as const)
      expect(next(it, { timings }).fault).toMatchObject({
        kind: 'verification',
        code: 'tab.disputed',
        hint: elsewhere(it.node.signer.pubkey),
      })
    expect(topUp(it, 150_000n)).toMatchObject({ paid: false, fault: { code: 'tab.disputed' } })
    expect(paidIn(it)).toBe(before)
    expect(lettersTo(it.node, 'fund')).toHaveLength(letters)
    const far = addPaidNode(it.stage, it.router, it.mint)
    expect(next(it)).toMatchObject({ fault: null, node: far.signer.pubkey })
    unharmed(it.stage)
  })

  test('where what was paid ahead covers it, later jobs draw on the rest, and pay for themselves alone', () => {
    const { it, before } = standing({ used: 9_900n, disputed: 2_000n })
    expect(next(it)).toMatchObject({ fault: null, left: 100_090n })
    expect(paidIn(it) - before).toBe(100_000n)
    unharmed(it.stage)
  })

  test('is no part of what the next job needs', () => {
    const { it, before } = standing({ used: 12_000n, disputed: 0n })
    const { ceiling, fault } = next(it, { outTokens: 60_000 })
    expect(fault).toBeNull()
    // What is owed and agreed to is.
    expect(paidIn(it) - before).toBe(ceiling + 2_000n)
  })

  test('nor of what one needs to begin that is paid while it runs', () => {
    const { it, before } = standing({ used: 12_000n, disputed: 0n })
    expect(next(it, { timings: ['stream'] }).fault).toBeNull()
    expect(paidIn(it) - before).toBe(102_000n)
  })
})

test('a broken tab is topped up by nobody, and asked for no invoice', () => {
  const { it, before } = standing({ broken: true })
  const letters = lettersTo(it.node, 'fund').length
  expect(topUp(it, 150_000n)).toMatchObject({ paid: false, fault: { code: 'tab.broken' } })
  expect(lettersTo(it.node, 'fund')).toHaveLength(letters)
  expect(paidIn(it)).toBe(before)
})

describe('the top-up that follows a job which left the tab low', () => {
  test('is paid once', () => {
    const { it, before } = disputed(() => ({}), { outTokens: 30_000 })
    // The first, for the job, and the one after it: nobody asked for that.
    expect(it.mint.paid).toHaveLength(2)
    expect(tabAt(it)!.seq).toBe(2)
    asksFor(it, 'topup', 100_000n)
    expect(lettersTo(it.client, 'invoice')).toHaveLength(3)
    expect(paidIn(it)).toBe(before)
    // It is not even wanted of the purse.
    expect(it.mint.refused).toEqual([])
  })

  test('is not paid where that job was disputed', () => {
    const { it } = disputed(() => ({ finish: 'length' }), { outTokens: 30_000 })
    expect(lettersTo(it.client, 'invoice').length).toBeGreaterThan(1)
    expect(it.mint.paid).toHaveLength(1)
    expect(viewAt(it)).toMatchObject({ disputed: 0n, broken: false })
  })
})

test('a dispute about something else leaves both counts of the tab the same, and the tab in use', () => {
  const it = moneyScene({ words: null })
  const receipts = held(it.stage, it.client, 'receipt')
  const job = wish(it.stage, it.client)
  const [run] = it.node.runs
  piece(it.stage, it.node, run!, 'one ', 1)
  // The client has lost count of the frame that it credited: its node is honest, and so are its books.
  it.client.state.jobs.get(job)!.attempt!.credited = 0
  const frame = {
    type: 'reset',
    last: false,
    tag: run!.tag,
    seq: 0,
    bytes: new Uint8Array(),
  } as const
  it.stage.tell(it.node, {
    type: 'frame',
    link: [...it.node.links.keys()][0]!,
    frame: rawFrame(frame),
  })
  it.stage.tampers.length = 0
  it.stage.deliver(receipts[0]!)
  it.stage.advance(40_000)
  expect(outcomeOf(it.stage, job)).toMatchObject({ verified: false, cost: 8n })
  expect(viewAt(it)).toMatchObject({ used: 8n, disputed: 0n, n: 1, broken: false })
  expect(tabAt(it)).toMatchObject({ paid: viewAt(it).paid, used: 8n, n: 1 })
  const second = wish(it.stage, it.client)
  const [, later] = it.node.runs
  piece(it.stage, it.node, later!, 'one ', 1)
  done(it.stage, it.node, later!, 1)
  it.stage.advance(5_000)
  expect(outcomeOf(it.stage, second).fault).toBeNull()
  expect(viewAt(it)).toMatchObject({ used: tabAt(it)!.used, disputed: 0n, n: 2, broken: false })
  // Anybody finds the node's statements to be true.
  const { money } = it.mint.stores.get(it.client)!
  const said = money.statements(it.node.signer.pubkey, tabKey(it).pubkey, 1, 9)
  expect(said.map(({ n, used }) => [n, used] as const)).toEqual([
    [1, msat(8n)],
    [2, tabAt(it)!.used],
  ])
  expect(it.mint.paid).toHaveLength(1)
  unharmed(it.stage)
})
