import { expect, test } from 'bun:test'
import { unixMs } from '../base/clock.ts'
import { type Msat, msat } from '../base/money.ts'
import { REST_MS, isResting } from '../metering/tab-rows.ts'
import type { Entry } from '../spending/journal-rows.ts'
import type { TakenProof } from '../spending/proofs.ts'
import {
  HUGE,
  KEY,
  at,
  chargeOf,
  drawOf,
  entryOf,
  hex,
  invoiceOf,
  proofOf,
  settledEntry,
  statementOf,
  tabOf,
  viewOf,
} from './money.case.ts'
import type { LockedResult } from '../spending/locked.ts'
import type { LedgerStore } from './money-store.ts'
import { NODE, OTHER, receiptOf } from './store.conformance.ts'

/** How a write ended. */
export const end = (written: Promise<unknown>): Promise<string> =>
  written.then(
    () => 'written',
    (error: { kind?: string; code?: string }) => `${error.kind} ${error.code}`,
  )

const sum = (entries: readonly Entry[]): Msat => msat(entries.reduce((n, it) => n + it.msat, 0n))

const CASES: Readonly<Record<string, (store: LedgerStore) => Promise<void>>> = {
  'rows come back as they were, to the msat': async ({ money }) => {
    await money.write([
      { do: 'put', table: 'tabs', row: tabOf() },
      { do: 'put', table: 'tabs', row: tabOf({ node: OTHER, due: at, defaulted: true }) },
      { do: 'add', table: 'draws', row: drawOf(1) },
      { do: 'add', table: 'draws', row: drawOf(2, { state: 'settled', receipt: hex(9) }) },
      { do: 'add', table: 'invoices', row: invoiceOf(1) },
      { do: 'add', table: 'payments', row: entryOf(1, { payee: null, purpose: 'other' }) },
      { do: 'put', table: 'views', row: viewOf({ broken: true, session: true, paidAt: null }) },
      { do: 'add', table: 'charges', row: chargeOf(1, { disputed: true }) },
    ])
    expect(money.tabs(NODE)).toEqual([tabOf()])
    expect(money.tabs(OTHER)).toEqual([tabOf({ node: OTHER, due: at, defaulted: true })])
    expect(money.openDraws(NODE)).toEqual([drawOf(1)])
    expect(money.openInvoices(NODE)).toEqual([invoiceOf(1)])
    expect(money.openInvoices(OTHER)).toEqual([])
    expect(money.spending(at)).toEqual({
      entries: [entryOf(1, { payee: null, purpose: 'other' })],
      views: [viewOf({ broken: true, session: true, paidAt: null })],
    })
    expect(money.charge(hex(1))).toEqual(chargeOf(1, { disputed: true }))
    expect(money.charge(hex(2))).toBeNull()
  },
  'views come in the order in which they were paid, and go when they are dropped': async ({
    money,
  }) => {
    const first = viewOf({ ref: OTHER, paidAt: null })
    const second = viewOf({ paidAt: unixMs(at + 1) })
    const third = viewOf({ ref: NODE, paidAt: unixMs(at + 2) })
    for (const row of [third, first, second])
      await money.write([{ do: 'put', table: 'views', row }])
    expect(money.spending(at).views).toEqual([first, second, third])
    await money.write([{ do: 'drop', table: 'views', row: second }])
    expect(money.spending(at).views).toEqual([first, third])
  },
  'what a router was shown is kept, changed and dropped, in the order in which it came': async ({
    money,
  }) => {
    const [first, second, third] = [1, 2, 3].map((n) => proofOf(n)) as [
      TakenProof,
      TakenProof,
      TakenProof,
    ]
    const put = (row: TakenProof) => ({ do: 'put', table: 'proofs', row }) as const
    await money.write([third, first, second].map(put))
    expect(money.proofs()).toEqual([third, first, second])
    await money.write([{ do: 'drop', table: 'proofs', row: first }, put({ ...third, used: true })])
    expect(money.proofs()).toEqual([{ ...third, used: true }, second])
    await money.write([put(first)])
    expect(money.proofs()).toEqual([{ ...third, used: true }, second, first])
  },
  'a result that came locked is there byte for byte until it is forgotten': async ({ money }) => {
    const row = (n: number): LockedResult => ({
      hash: hex(n),
      job: hex(n),
      node: NODE,
      task: 'text.summarize@1',
      frames: Uint8Array.from({ length: 300 }, (_, i) => i),
      at: unixMs(at + 10 - n),
    })
    await money.write([1, 2].map((n) => ({ do: 'put', table: 'locked', row: row(n) })))
    const about = (it: LockedResult) => {
      const { frames: _, ...rest } = it
      return rest
    }
    expect(money.locked()).toEqual([about(row(2)), about(row(1))])
    expect(money.lockedFrames(row(2).hash)).toEqual(row(2).frames)
    await money.write([{ do: 'drop', table: 'locked', row: row(2) }])
    expect(money.locked()).toEqual([about(row(1))])
    expect(money.lockedFrames(row(2).hash)).toBeNull()
  },
  'receipt, tab and invoice change together': async (store) => {
    const { money } = store
    const settled = invoiceOf(1, { state: 'settled', received: HUGE })
    await money.write([{ do: 'add', table: 'invoices', row: invoiceOf(1) }])
    const written = money.write([
      { do: 'put', table: 'kept', row: receiptOf(1) },
      { do: 'put', table: 'tabs', row: tabOf() },
      { do: 'put', table: 'invoices', row: settled },
    ])
    expect(store.chainHead(NODE)).toBe(receiptOf(1).id)
    await written
    expect([store.newest(9), money.tabs(NODE), money.openInvoices(NODE)]).toEqual([
      [receiptOf(1)],
      [tabOf()],
      [],
    ])
  },
  'a set in which one change is refused is not written, and takes no other with it': async (
    store,
  ) => {
    const { money } = store
    await money.write([{ do: 'add', table: 'charges', row: chargeOf(1) }])
    const [before, refused, after] = [
      money.write([{ do: 'put', table: 'tabs', row: tabOf({ key: hex(1) }) }]),
      end(
        money.write([
          { do: 'put', table: 'kept', row: receiptOf(1) },
          { do: 'put', table: 'tabs', row: tabOf() },
          { do: 'put', table: 'views', row: viewOf() },
          { do: 'add', table: 'charges', row: chargeOf(1) },
          { do: 'put', table: 'tabs', row: tabOf({ key: hex(3) }) },
        ]),
      ),
      money.write([{ do: 'put', table: 'tabs', row: tabOf({ key: hex(2) }) }]),
    ]
    await Promise.all([before, after])
    expect(await refused).toBe('io money.known')
    expect(money.tabs(NODE).map((it) => it.key)).toEqual([hex(1), hex(2)])
    expect([store.newest(9), store.chainHead(NODE), money.spending(at).views]).toEqual([
      [],
      null,
      [],
    ])
  },
  'a second receipt for one job and ticket is refused with all that came with it': async ({
    money,
    ...store
  }) => {
    const { job } = receiptOf(1)
    await store.keep(receiptOf(1))
    const second = money.write([
      { do: 'put', table: 'tabs', row: tabOf() },
      { do: 'put', table: 'kept', row: receiptOf(2, { job }) },
    ])
    expect(await end(second)).toBe('io receipt.duplicate')
    expect([money.tabs(NODE), store.chainHead(NODE)]).toEqual([[], receiptOf(1).id])
  },
  'a payment is begun once': async ({ money }) => {
    const begin = () => end(money.write([{ do: 'add', table: 'payments', row: entryOf(1) }]))
    expect(await Promise.all([begin(), begin()])).toEqual(['written', 'io money.known'])
    expect(await begin()).toBe('io money.known')
  },
  'what has settled changes no more, so that nothing is credited twice': async ({ money }) => {
    const invoice = invoiceOf(1, { state: 'settled', received: HUGE })
    const settle = async () => [
      await end(money.write([{ do: 'put', table: 'payments', row: settledEntry(1) }])),
      await end(money.write([{ do: 'put', table: 'invoices', row: invoice }])),
    ]
    await money.write([
      { do: 'add', table: 'payments', row: entryOf(1) },
      { do: 'add', table: 'invoices', row: invoiceOf(1) },
    ])
    expect([await settle(), await settle()]).toEqual([
      ['written', 'written'],
      ['io money.known', 'io money.known'],
    ])
    const failed = entryOf(1, { state: 'failed', final: true })
    expect(await end(money.write([{ do: 'put', table: 'payments', row: failed }]))).toBe(
      'io money.known',
    )
    expect(money.payments(9)).toEqual([settledEntry(1)])
  },
  'a draw is taken once, whatever it is signed as': async ({ money }) => {
    await money.write([{ do: 'add', table: 'draws', row: drawOf(1) }])
    const other = { ...drawOf(2), job: drawOf(1).job }
    expect(await end(money.write([{ do: 'add', table: 'draws', row: drawOf(1) }]))).toBe(
      'io money.known',
    )
    expect(await end(money.write([{ do: 'add', table: 'draws', row: other }]))).toBe(
      'io money.known',
    )
    const elsewhere = { ...other, node: OTHER }
    await money.write([{ do: 'add', table: 'draws', row: elsewhere }])
    expect(money.openDraws(OTHER)).toEqual([elsewhere])
  },
  'an invoice that was dropped is gone, one that was cancelled is there': async ({ money }) => {
    const canceled = invoiceOf(2, { state: 'canceled' })
    for (const n of [1, 2]) await money.write([{ do: 'add', table: 'invoices', row: invoiceOf(n) }])
    await money.write([
      { do: 'drop', table: 'invoices', row: invoiceOf(1) },
      { do: 'put', table: 'invoices', row: canceled },
    ])
    expect(money.openInvoices(NODE)).toEqual([canceled])
  },
  'the journal begins with what is open and what is of today': async ({ money }) => {
    for (const row of [1, 2, 3].map((n) => entryOf(n)))
      await money.write([{ do: 'add', table: 'payments', row }])
    for (const n of [1, 3])
      await money.write([{ do: 'put', table: 'payments', row: settledEntry(n) }])
    const { entries } = money.spending(unixMs(at + 3))
    expect(entries).toEqual([entryOf(2), settledEntry(3)])
    expect(sum(entries)).toBe(msat(2n * HUGE))
    expect(money.payments(2)).toEqual([settledEntry(3), entryOf(2)])
  },
  'a payment and an invoice are found by their hash, however they stand': async ({ money }) => {
    const settled = invoiceOf(2, { state: 'settled', received: HUGE })
    const failed = entryOf(2, { state: 'failed', final: true, at: unixMs(at - 86_400_000) })
    const invoices = [invoiceOf(1), settled, invoiceOf(3, { payee: OTHER, state: 'canceled' })]
    const payments = [entryOf(1), failed, settledEntry(3)]
    for (const row of invoices) await money.write([{ do: 'add', table: 'invoices', row }])
    for (const row of payments) await money.write([{ do: 'add', table: 'payments', row }])
    expect(invoices.map(({ hash }) => money.invoice(hash))).toEqual(invoices)
    expect(payments.map(({ hash }) => money.payment(hash))).toEqual(payments)
    expect([money.invoice(hex(9)), money.payment(hex(9))]).toEqual([null, null])
    await money.write([{ do: 'drop', table: 'invoices', row: invoiceOf(1) }])
    expect(money.invoice(invoiceOf(1).hash)).toBeNull()
  },
  'statements come by number, both of two that contradict each other': async ({ money }) => {
    const other = statementOf(2, { id: hex(77), used: msat(99n), at: unixMs(at + 1) })
    for (const row of [statementOf(3), other, statementOf(1), statementOf(2)])
      await money.write([{ do: 'put', table: 'statements', row }])
    await money.write([{ do: 'put', table: 'statements', row: statementOf(3) }])
    expect(money.statements(NODE, KEY, 2, 9)).toEqual([statementOf(2), other, statementOf(3)])
    expect(money.statements(NODE, KEY, 0, 1)).toEqual([statementOf(1)])
    expect(money.statements(OTHER, KEY, 0, 9)).toEqual([])
    expect(money.newestStatement(NODE, KEY)).toEqual(statementOf(3))
    expect(money.newestStatement(OTHER, KEY)).toBeNull()
  },
  'a receipt that was kept is found by its job, as its exact text': async ({ money }) => {
    const row = receiptOf(1)
    await money.write([{ do: 'put', table: 'kept', row }])
    expect(money.receiptText(row.job, row.id)).toBe(row.text)
    expect(money.receiptText(receiptOf(2).job, row.id)).toBeNull()
    expect(money.receiptText(row.job, receiptOf(2).id)).toBeNull()
  },
  'charges of a tab are newest first': async ({ money }) => {
    for (const n of [1, 2, 3])
      await money.write([{ do: 'add', table: 'charges', row: chargeOf(n) }])
    expect(money.charges(NODE, KEY, 2)).toEqual([chargeOf(3), chargeOf(2)])
    expect(money.charges(OTHER, KEY, 2)).toEqual([])
  },
  'a tab that rests is found by its key alone, with what was given to be written just before':
    async ({ money }) => {
      const rest = { used: HUGE, reserved: msat(0n), at: unixMs(at - REST_MS) }
      const rows = [
        tabOf({ ...rest, key: hex(1) }),
        tabOf({ ...rest, key: hex(2), at: unixMs(at - REST_MS + 1) }),
        tabOf({ ...rest, key: hex(3), reserved: msat(1n) }),
        tabOf({ ...rest, key: hex(4), credit: msat(1n) }),
        tabOf({ ...rest, key: hex(5), paid: msat(0n), used: msat(1n) }),
        tabOf({ ...rest, key: hex(6), due: at }),
        tabOf({ ...rest, key: hex(7), node: OTHER, due: at }),
      ]
      const written = money.write(rows.map((row) => ({ do: 'put', table: 'tabs', row })))
      expect(money.tab(NODE, hex(1))).toEqual(rows[0]!)
      await written
      expect([money.tab(OTHER, hex(1)), money.tab(NODE, hex(9))]).toEqual([null, null])
      const wake = money.wakeTabs(NODE, at).toSorted((a, b) => (a.key < b.key ? -1 : 1))
      expect(wake).toEqual(rows.slice(1, 6))
      expect(wake).toEqual(money.tabs(NODE).filter((it) => !isResting(it, at)))
    },
  'many at once are all written, in order': async ({ money }) => {
    const tabs = Array.from({ length: 300 }, (_, n) => tabOf({ n, used: msat(BigInt(n)) }))
    await Promise.all(tabs.map((row) => money.write([{ do: 'put', table: 'tabs', row }])))
    expect(money.tabs(NODE)).toEqual([tabs[299]!])
  },
  'what was begun before the end is written, nothing after it': async (store) => {
    const begun = end(store.money.write([{ do: 'put', table: 'tabs', row: tabOf() }]))
    await store.close()
    expect(await begun).toBe('written')
    const late = store.money.write([{ do: 'put', table: 'tabs', row: tabOf() }])
    expect(await end(late)).toBe('io store.closed')
  },
}

export const moneyConformance = (name: string, open: () => Promise<LedgerStore>): void => {
  for (const [what, run] of Object.entries(CASES))
    test(`${name}: ${what}`, async () => {
      const store = await open()
      await run(store)
      await store.close()
    })
}
