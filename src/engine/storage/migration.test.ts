import { expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Fault } from '../base/fault.ts'
import { openStore } from './sqlite.ts'
import { NODE, OTHER, receiptOf } from './store.conformance.ts'

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
  expect(store.ofJob(receiptOf(1).job)).toEqual([receiptOf(1), agreed])
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
