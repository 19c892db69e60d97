import { expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sha256Hex } from '../base/bytes.ts'
import { unixMs } from '../base/clock.ts'
import type { Fault } from '../base/fault.ts'
import type { PaymentHash } from '../protocol/ids.ts'
import { decide, openJournal } from '../spending/journal.ts'
import { HUGE, at as began, entryOf, hex as hexOf } from './money.case.ts'
import { MONEY_MIGRATION } from './money-schema.ts'
import { openStore } from './sqlite.ts'
import { NODE, OTHER, ofJob, receiptOf } from './store.conformance.ts'

test('a ledger of the first version keeps its rows, their order and its heads, and what may stand once', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'fedai-old-')), 'ledger.db')
  const db = new Database(path, { create: true })
  db.run(FIRST_VERSION)
  const agreed = receiptOf(3, { kind: 'acknowledgement', by: OTHER, job: receiptOf(1).job })
  const old = [receiptOf(2), receiptOf(1), agreed]
  for (const { id, kind, job, ticket, by, text, at } of old)
    db.run(
      'INSERT INTO kept (id, kind, job, ticket, signer, text, at) VALUES (?, ?, ?, ?, ?, ?, ?)',
      [id, kind, job, ticket, by, text, at],
    )
  db.run('INSERT INTO heads VALUES (?, ?)', [NODE, receiptOf(1).id])
  db.close()
  const store = await openStore(path)
  expect(store.newest(9)).toEqual(old.toReversed())
  expect(ofJob(store, receiptOf(1).job)).toEqual([receiptOf(1), agreed])
  expect(store.chainHead(NODE)).toBe(receiptOf(1).id)
  await Promise.all(old.map((it) => store.keep(it)))
  const second = store.keep(receiptOf(4, { job: receiptOf(2).job }))
  expect(await second.catch((fault: Fault) => fault.code)).toBe('receipt.duplicate')
  expect(store.newest(9)).toEqual(old.toReversed())
  expect(store.chainHead(NODE)).toBe(receiptOf(1).id)
  await store.keep(receiptOf(5))
  expect(store.chainHead(NODE)).toBe(receiptOf(5).id)
  await store.close()
  rmSync(dirname(path), { recursive: true })
})

test('a ledger from before payments knew their wallet keeps them, with none on record', async () => {
  const path = join(mkdtempSync(join(tmpdir(), 'fedai-old-')), 'ledger.db')
  const db = new Database(path, { create: true })
  // What was released is never changed: else this would be no ledger of before.
  expect(sha256Hex(MONEY_MIGRATION)).toStartWith('d9e5fe8f64dec150')
  db.run(THIRD_VERSION)
  const row = (n: number, state: string, final: number): string =>
    `('${hexOf<PaymentHash>(n)}', 'lnbcrt…', '', '${NODE}', 'tab', ${n}, 'topup', 9007199254740993, 5000, ${began + 120_000},
      '${state}', NULL, NULL, NULL, 0, ${final}, ${began + n}, NULL)`
  db.run(`INSERT INTO payments VALUES ${row(1, 'settled', 1)}, ${row(2, 'inflight', 0)}`)
  db.run('UPDATE spending SET version = 5')
  db.close()

  const store = await openStore(path)
  const { entries } = store.money.spending(unixMs(0))
  expect(entries).toMatchObject([
    { hash: hexOf<PaymentHash>(1), state: 'settled', msat: HUGE, wallet: null },
    { hash: hexOf<PaymentHash>(2), state: 'inflight', msat: HUGE, wallet: null },
  ])
  // No wallet's ignorance ends it, however late: that of the one that sent it is not to be told from that of others.
  const journal = openJournal(entries, [], unixMs(began + 1_000), 'sim-aa')
  const late = unixMs(began + 30 * 86_400_000)
  expect(
    decide(journal, { type: 'absent', hash: hexOf<PaymentHash>(2), maySend: true }, late).changes,
  ).toEqual([])
  expect(journal.open.get(hexOf<PaymentHash>(2))).toMatchObject({ state: 'inflight' })

  // What is paid from now on has one, and keeps it through its changes.
  const begun = entryOf(3, { wallet: 'sim-aa' })
  await store.money.write([{ do: 'add', table: 'payments', row: begun }])
  await store.money.write([{ do: 'put', table: 'payments', row: { ...begun, state: 'unknown' } }])
  await store.close()
  const again = await openStore(path)
  expect(again.money.payments(9).map((it) => [it.state, it.wallet])).toEqual([
    ['unknown', 'sim-aa'],
    ['inflight', null],
    ['settled', null],
  ])
  await again.close()
  rmSync(dirname(path), { recursive: true })
})

/** As it was written before the second migration. */
const FIRST_VERSION = `
  CREATE TABLE kept (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('receipt', 'acknowledgement')),
    job TEXT NOT NULL,
    ticket TEXT NOT NULL,
    signer TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX kept_receipt_once ON kept (signer, job, ticket) WHERE kind = 'receipt';
  CREATE INDEX kept_by_job ON kept (job);
  CREATE TABLE heads (
    key TEXT PRIMARY KEY,
    receipt TEXT NOT NULL REFERENCES kept (id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE openings (
    id INTEGER PRIMARY KEY,
    pid INTEGER NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  PRAGMA user_version = 1;`

/** The tables of payments, as they were before the fourth migration. */
const THIRD_VERSION = `
  CREATE TABLE kept (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('receipt', 'acknowledgement')),
    job TEXT NOT NULL,
    ticket TEXT NOT NULL,
    signer TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX kept_by_job ON kept (job);
  CREATE TABLE heads (key TEXT PRIMARY KEY, receipt TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE openings (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
  ${MONEY_MIGRATION}
  PRAGMA user_version = 3;`
