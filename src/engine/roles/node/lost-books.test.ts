import { describe, expect, test } from 'bun:test'
import type { BookedInvoice } from '../../metering/invoice-book-rows.ts'
import { openBook } from '../../metering/invoice-book.ts'
import type { Tab } from '../../metering/tab-rows.ts'
import { openTabs } from '../../metering/tab.ts'
import type { Has } from '../../protocol/has.ts'
import { KEY, NODE, now, row } from './hold.case.ts'
import { lacks } from './lost-books.ts'
import type { Till } from './till.ts'

/** Whether a node that has these of a tab refuses who says that it has more. */
const refuses = (
  has: Has | undefined,
  of: { tab?: Partial<Tab>; invoice?: Partial<BookedInvoice>; rests?: boolean } = {},
): boolean => {
  const tab = of.tab ? ({ key: KEY, ...of.tab } as Tab) : null
  const tabs = tab && !of.rests ? [tab] : []
  const { state } = openTabs(NODE, { tabs, draws: [] }, now, () => tab)
  const book = openBook(NODE, of.invoice ? [row({ preimage: null, ...of.invoice })] : [], now)
  return lacks({ tabs: state, book } as never as Till, KEY, has)
}

describe('a payer is refused who has more of its tab than the ledger', () => {
  const tab = { n: 3, seq: 2 }

  test('a statement, or a payment', () => {
    expect(refuses({ n: 1, seq: 0 })).toBe(true)
    expect(refuses({ n: 0, seq: 1 })).toBe(true)
    expect(refuses({ n: 4, seq: 2 }, { tab })).toBe(true)
    expect(refuses({ n: 3, seq: 3 }, { tab })).toBe(true)
  })

  test('and nobody who has as much, or less, or says nothing', () => {
    expect(refuses(undefined)).toBe(false)
    expect(refuses({ n: 0, seq: 0 })).toBe(false)
    for (let n = 0; n <= 3; n++)
      for (let seq = 0; seq <= 2; seq++) expect(refuses({ n, seq }, { tab })).toBe(false)
  })

  test('nor one whose tab rests on the disk', () =>
    expect(refuses({ n: 3, seq: 2 }, { tab, rests: true })).toBe(false))

  // The payer's wallet may say it first.
  test.each(['issued', 'canceled'] as const)('nor one whose last invoice is %s here', (state) => {
    const invoice = { ref: KEY, seq: 3, state }
    expect(refuses({ n: 3, seq: 3 }, { tab, invoice })).toBe(false)
    expect(refuses({ n: 3, seq: 4 }, { tab, invoice })).toBe(true)
  })

  test('an invoice for a job is numbered by itself, and shows nothing', () =>
    expect(refuses({ n: 3, seq: 3 }, { tab, invoice: { seq: 3 } })).toBe(true))
})
