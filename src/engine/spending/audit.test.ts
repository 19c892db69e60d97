import { describe, expect, test } from 'bun:test'
import { audit } from '../metering/audit.ts'
import { CLIENT, NODE, messageOf } from '../metering/scene.ts'
import type { PubKey } from '../protocol/ids.ts'
import type { Message } from '../protocol/messages.ts'
import { auditMoney } from './audit.ts'
import { OTHER, TAB, documentsOf, historyOf } from './audit.case.ts'
import { secp } from './invoice-check.case.ts'

const HEX = 'e'.repeat(64)
const money = (documents: readonly Message[]) => auditMoney(documents, { secp })
const wrong = (documents: readonly Message[]): string[] => [
  ...new Set(
    money(documents)
      .findings.filter((it) => !it.ok)
      .map((it) => it.check),
  ),
]

describe('a tab whose history is right', () => {
  test('has nothing wrong, in the work either, and is summed up', () => {
    const all = documentsOf(historyOf())
    const { findings, unchecked, tabs } = money(all)
    expect(findings.filter((it) => !it.ok)).toEqual([])
    expect(audit(all).findings.filter((it) => !it.ok)).toEqual([])
    expect(unchecked).toEqual([])
    expect(tabs).toEqual([
      {
        node: NODE,
        tab: TAB,
        sim: true,
        statements: 2,
        n: 2,
        paid: 10_000n,
        used: 422n,
        left: 9_578n,
      },
    ])
    const said = findings.map((it) => it.detail)
    expect(said).toContain('statements 1 to 2 follow from one another')
    expect(said).toContain('the statements count what their node acknowledged, 10,000 msat')
    expect(said).toContainEqual(expect.stringMatching(/^invoice .{7} was paid: here is its preim/))
  })

  test('without any one of its documents is not wrong: some are not here yet', () => {
    const all = documentsOf(historyOf())
    for (const absent of all) expect(wrong(all.filter((it) => it !== absent))).toEqual([])
  })

  test('has its sums from what there is', () => {
    const { paid, invoice, proof, draw, receipt, statements } = historyOf()
    const sums = (...documents: Message[]) =>
      money(documents).tabs.map((it) => [it.statements, it.paid, it.used, it.left])
    expect(sums(invoice, paid)).toEqual([[0, 10_000n, 0n, null]])
    expect(sums(invoice, proof)).toEqual([[0, 10_000n, 0n, null]])
    // Where no statement is, nobody knows what else was paid or used: nothing is called left or owed.
    expect(money([draw, receipt]).unchecked.at(-1)).toMatch(/^what is left or owed on tab \S+: no/)
    // An invoice alone is no payment, and a receipt alone is of no tab.
    expect(sums(invoice, receipt)).toEqual([])
    expect(sums(draw, receipt)).toEqual([[0, 0n, 211n, null]])
    expect(sums(statements[1]!)).toEqual([[1, 10_000n, 422n, 9_578n]])
    expect(sums(invoice, paid, paid, invoice)).toEqual([[0, 10_000n, 0n, null]])
  })

  test('what is missing is said', () => {
    const { draw, paid, invoice, accepted, statements } = historyOf()
    const said = (...documents: Message[]) => money(documents).unchecked
    expect(said(draw)[0]).toContain('neither its job nor its receipt is given')
    expect(said(paid)[0]).toContain('its invoice is not given')
    expect(said(invoice)[0]).toContain('its price sheet is not given')
    expect(said(accepted)[0]).toContain('which tab it was charged to was not checked')
    expect(said(...statements)).toEqual([
      'receipts of 2 of 2 statements of tab cccc…cc: not given, so their costs were not checked',
    ])
  })
})

describe('what a node signed twice', () => {
  const { statements, paid, invoice, ...rest } = historyOf()
  const [first, second] = statements as [Message<'statement'>, Message<'statement'>]
  const again = (over: object, at = 5_000) => {
    const { n, receipt } = first.body
    const content = { n, paid: '10000', used: '211', reserved: '0', receipt, cost: '211', ...over }
    return messageOf('statement', content, { by: NODE, to: TAB, at })
  }

  test('and equally contradicts nothing, though it is another event', () => {
    const same = again({})
    expect(same.event.id).not.toBe(first.event.id)
    expect(wrong([first, second, same])).toEqual([])
  })

  test.each([
    ['paid', { paid: '10001' }],
    ['used', { used: '212' }],
    ['reserved', { reserved: '1' }],
    ['receipt', { receipt: HEX }],
    ['cost', { cost: '210' }],
  ])('with another %s contradicts itself, in either order', (field, over) => {
    const other = again(over)
    for (const documents of [
      [first, other],
      [other, second, first],
    ]) {
      const lies = money(documents).findings.filter((it) => it.check === 'statement.once')
      expect(lies.map((it) => it.ok)).toEqual([false])
      expect(lies[0]!.detail).toContain(`both have number 1, with another ${field}`)
    }
  })

  test('for two tabs, or by two nodes, is none of that', () => {
    const content = { n: 1, paid: '5', used: '5', reserved: '0', receipt: HEX, cost: '5' }
    const theirs = messageOf('statement', content, { by: NODE, to: OTHER })
    const others = messageOf('statement', content, { by: OTHER, to: TAB })
    expect(wrong([first, theirs, others])).toEqual([])
    expect(money([first, theirs, others]).tabs).toHaveLength(3)
  })

  test('one receipt charged by two numbers', () => {
    const twice = again({ n: 3, used: '633' })
    expect(wrong([first, second, twice])).toEqual(['statement.receipt'])
  })

  test('a gap is said and not held against it; less used after a gap is', () => {
    const far = again({ n: 9, used: '900', receipt: HEX })
    expect(wrong([first, far])).toEqual([])
    expect(money([first, far]).findings.map((it) => it.detail)).toContain(
      'statements 1 to 9 follow from one another, as far as they are here',
    )
    expect(wrong([first, again({ n: 9, used: '421', receipt: HEX })])).toEqual(['statement.chain'])
  })

  test('more used than was paid and may be lent', () => {
    expect(wrong([again({ paid: '10000', used: '11000', cost: '211', n: 2 })])).toEqual([])
    const over = again({ paid: '160000', used: '999999000', cost: '211', n: 2 })
    const [lie] = money([over]).findings.filter((it) => !it.ok)
    expect(lie!.check).toBe('statement.credit')
    expect(lie!.detail).toBe(
      'statement 2 says 999,999,000 msat used of 160,000 msat paid: over the tenth that may be lent',
    )
    expect(wrong([again({ paid: '0', used: '1', cost: '1' })])).toEqual(['statement.credit'])
  })

  test('a number that is dated long before the one before it is told, and no proof', () => {
    const late = (at: number) => [first, again({ n: 2, used: '422', receipt: HEX }, at)]
    const told = (at: number) => money(late(at)).unchecked.filter((it) => it.startsWith('when '))
    expect(wrong(late(-500_000))).toEqual([])
    expect(told(-500_000)).toEqual([
      'when statement 2 was signed: it is dated 8 min 22 s before number 1, so a clock was set back or a date is false',
    ])
    expect(told(-50_000)).toEqual([])
  })

  test('a payment that was acknowledged at about the same time may be in it or not', () => {
    const { paid: later, invoice: owed } = historyOf({ paid: { late: 280_000 } })
    const none = { paid: '0', used: '0', cost: '0' }
    const before = again(none, 0)
    expect(wrong([owed, later, before])).toEqual([])
    expect(wrong([owed, later, again(none, 60_000)])).toEqual(['statement.paid'])
  })

  test('one payment acknowledged with two amounts, or for two terms', () => {
    const more = historyOf({ paid: { content: { received: '10001' }, late: 1_000 } }).paid
    expect(wrong([invoice, paid, more])).toEqual(['paid.once'])
    const other = historyOf({ invoice: { terms: { seq: 2 } } }).invoice
    expect(wrong([invoice, other])).toEqual(['invoice.once'])
    const later = historyOf({ invoice: { late: 5_000 } }).invoice
    expect(wrong([invoice, later, rest.sheet])).toEqual([])
  })
})

test('ten thousand statements of one tab take no more than their number', () => {
  const readsOf = (count: number): number => {
    let reads = 0
    /** What is read of it is counted, so that a busy machine changes nothing. */
    const counted = <T extends object>(it: T): T =>
      new Proxy(it, { get: (of, key) => (reads++, Reflect.get(of, key)) })
    const all = Array.from({ length: count }, (_, i) => {
      const sums = { n: i + 1, paid: '10000000', used: String(i + 1), reserved: '0', cost: '1' }
      const content = { ...sums, receipt: (i + 1).toString(16).padStart(64, '0') }
      const made = messageOf('statement', content, { by: NODE, to: TAB })
      return counted({ ...made, event: counted(made.event), body: counted(made.body) })
    })
    // Each follows from the one before by their numbers, in whichever order they stand.
    const mixed = all.toSorted(
      (a, b) => ((a.body.n * 7_919) % count) - ((b.body.n * 7_919) % count),
    )
    reads = 0
    expect(wrong(mixed)).toEqual([])
    return reads
  }
  const small = readsOf(500)
  expect(small).toBeGreaterThan(500)
  // Twenty times as many, and sorted; four hundred times as many reads, were each held against each.
  expect(readsOf(10_000)).toBeLessThan(small * 40)
})

test('a letter is sealed, and says nothing', () => {
  const letter = messageOf('money', { sealed: 'AAAA' }, { by: CLIENT, to: NODE as PubKey })
  expect(money([letter]).unchecked[0]).toContain('sealed, so what it says was not checked')
})
