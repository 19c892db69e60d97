import type { Database } from 'bun:sqlite'
import { closeSync, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import { type Fault, isFault } from '../base/fault.ts'
import { unixMs } from '../base/clock.ts'
import { lives } from '../base/process.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import { asStorageFault, checkIntegrity, closeDatabase, openDatabase } from './database.ts'
import { receiptDuplicate } from './faults.ts'
import { MONEY_MIGRATION, PROOFS_MIGRATION } from './money-schema.ts'
import { moneyTables } from './money-sqlite.ts'
import type { MoneyChange } from './money-store.ts'
import type { Kept } from './store.ts'

/** ledger.db: what must never be lost. */

export const MIGRATIONS = [
  `CREATE TABLE kept (
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
  ) STRICT;`,
  MONEY_MIGRATION,
  // One index instead of three: keys are random, so that each row rewrites a page of 4 KiB in each of
  // them, twice. What may stand once is looked for among the few rows of its job, in the one transaction
  // that can write (`insert` below).
  `CREATE TABLE newer (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('receipt', 'acknowledgement')),
    job TEXT NOT NULL,
    ticket TEXT NOT NULL,
    signer TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  INSERT INTO newer SELECT seq, id, kind, job, ticket, signer, text, at FROM kept ORDER BY seq;
  CREATE TABLE newer_heads (
    key TEXT PRIMARY KEY,
    receipt TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT INTO newer_heads SELECT key, receipt FROM heads;
  DROP TABLE heads;
  DROP TABLE kept;
  ALTER TABLE newer RENAME TO kept;
  ALTER TABLE newer_heads RENAME TO heads;
  CREATE INDEX kept_by_job ON kept (job);`,
  // Of what was paid before nobody knows from which wallet: null (spending/journal-rows.ts says what follows).
  'ALTER TABLE payments ADD COLUMN wallet TEXT',
  PROOFS_MIGRATION,
  // Results that are paid by `hold`, until they are open (spending/locked.ts). Frames last: whoever reads what stands
  // before them reads none of their pages.
  `CREATE TABLE locked (
    hash TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    node TEXT NOT NULL,
    task TEXT NOT NULL,
    at INTEGER NOT NULL,
    frames BLOB NOT NULL
  ) STRICT`,
  // Which views are of sessions was not written down before: those count as tabs, as they did.
  'ALTER TABLE views ADD COLUMN session INTEGER NOT NULL DEFAULT 0 CHECK (session IN (0, 1))',
  // Which statement charges a receipt: of those before nobody wrote it down.
  'ALTER TABLE charges ADD COLUMN stated INTEGER',
  // Written at each receipt of a router, though a node alone asks for its own, once: `kept` says the same.
  'DROP TABLE heads',
  // When a node said that it knows nothing of a tab.
  'ALTER TABLE views ADD COLUMN lost_at INTEGER',
  // An acknowledgement is found by its receipt: that index grows at its end, where that of the jobs, which are random,
  // had one more page to rewrite for each. A receipt by job and ticket: others may be alike in either, if somebody wants it.
  `ALTER TABLE kept ADD COLUMN answers INTEGER;
  UPDATE kept SET answers = ifnull((SELECT min(seq) FROM kept AS it
    WHERE it.kind = 'receipt' AND it.job = kept.job AND it.ticket = kept.ticket), 0) WHERE kind = 'acknowledgement';
  DROP INDEX kept_by_job;
  CREATE INDEX receipts ON kept (job, ticket) WHERE kind = 'receipt';
  CREATE INDEX acknowledgements ON kept (answers) WHERE kind = 'acknowledgement'`,
]

type Row = Omit<Kept, 'by' | 'at'> & { signer: PubKey; at: bigint }

export type Ledger = Omit<ReturnType<typeof statementsOf>, 'prepared'> &
  Readonly<{
    /**
     * Resolves when everything that was written is on the disk. `write` alone survives the end of this
     * process, not that of the power: with `synchronous = FULL` its fsync would stop every stream for
     * some ms, on the one thread that there is. NORMAL still syncs before and after each checkpoint.
     */
    sync(): Promise<void>
    close(): void
  }>

/** Brings what was written to an open file to the disk: fdatasync(2). */
export type Flush = (fd: number) => Promise<void>

const fdatasyncOf: Flush = promisify(fdatasync)

/**
 * Opens ledger.db. Where a process ended without closing it, the whole file is checked first.
 * @param flush the disk, for tests of one that is slow or fails
 * @throws Fault `io`
 */
export const openLedger = async (path: string, flush: Flush = fdatasyncOf): Promise<Ledger> => {
  const db = await openDatabase(path, { migrations: MIGRATIONS })
  try {
    const opening = takeOpening(db, path)
    const { prepared, ...statements } = statementsOf(db)
    // It stands for as long as somebody has the ledger open, and holds all that no checkpoint has synced.
    const wal = openSync(`${path}-wal`, 'r+')
    const close = () => {
      try {
        closeSync(wal)
        db.run('DELETE FROM openings WHERE id = ?', [opening])
        // Not worth waiting for: where another process reads, the last one to close does it.
        db.run('PRAGMA busy_timeout = 0')
        db.run('PRAGMA wal_checkpoint(TRUNCATE)')
      } finally {
        closeDatabase(db, prepared())
      }
    }
    return { close, sync: () => flush(wal), ...statements }
  } catch (error) {
    db.close()
    throw asStorageFault(error, path)
  }
}

/**
 * The ledger's reads and its one write, which takes sets of changes. Prepared once: SQL that varies fills Bun's
 * cache without bound.
 */
const statementsOf = (db: Database) => {
  const columns = 'id, kind, job, ticket, signer, text, at'
  // Each event once, and one receipt for each signer, job and ticket. Begun by BEGIN IMMEDIATE, so that
  // no other process writes between the look and the row.
  const itsReceipts = `kind = 'receipt' AND job = ?2 AND ticket = ?3`
  const receipt = db.prepare(
    `INSERT INTO kept (${columns}) SELECT ?1, 'receipt', ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS (
       SELECT 1 FROM kept WHERE ${itsReceipts} AND (id = ?1 OR signer = ?4))`,
  )
  const acknowledgement = db.prepare(
    `INSERT INTO kept (${columns}, answers) SELECT ?1, 'acknowledgement', ?2, ?3, ?4, ?5, ?6, receipt
       FROM (SELECT ifnull(min(seq), 0) AS receipt FROM kept WHERE ${itsReceipts})
       WHERE NOT EXISTS (
         SELECT 1 FROM kept WHERE kind = 'acknowledgement' AND answers IN (0, receipt) AND id = ?1)`,
  )
  // From the end, where a node's ledger has its own.
  const head = db.prepare<{ id: EventId }, [PubKey]>(
    `SELECT id FROM kept WHERE kind = 'receipt' AND signer = ? ORDER BY seq DESC LIMIT 1`,
  )
  const byId = db.prepare<{ id: EventId }, [EventId, JobId, EventId]>(
    `SELECT id FROM kept WHERE ${itsReceipts} AND id = ?1`,
  )
  const newest = db.prepare<Row, [number]>(`SELECT ${columns} FROM kept ORDER BY seq DESC LIMIT ?`)

  const keep = (kept: Kept): Fault | null => {
    const { id, kind, job, ticket, by, text, at } = kept
    const isReceipt = kind === 'receipt'
    const insert = isReceipt ? receipt : acknowledgement
    const { changes } = insert.run(id, job, ticket, by, text, BigInt(at))
    // Not written: the same event again, or a second receipt, which another process was first with.
    return changes > 0 || !isReceipt || byId.get(id, job, ticket) ? null : receiptDuplicate(job)
  }
  const money = moneyTables(db)
  const writeOne = (change: MoneyChange): Fault | null =>
    change.table === 'kept' ? keep(change.row) : money.write(change)
  const together = db.transaction((set: readonly MoneyChange[]) => {
    for (const change of set) {
      const fault = writeOne(change)
      if (fault) throw fault
    }
  })
  const writeSet = (set: readonly MoneyChange[]): Fault | null => {
    const flaw = money.versions.flaw(set) ?? attempt(set)
    if (!flaw) money.versions.next(set)
    return flaw
  }
  // Inside a transaction another one is a savepoint: a set that is refused takes no other with it.
  const attempt = (set: readonly MoneyChange[]): Fault | null => {
    const [first] = set
    if (!first || set.length === 1) return first ? writeOne(first) : null
    try {
      together(set)
      return null
    } catch (error) {
      if (isFault(error)) return error
      throw error
    }
  }
  const writeAll = db.transaction((sets: readonly (readonly MoneyChange[])[]) => sets.map(writeSet))

  return {
    prepared: () => [receipt, acknowledgement, head, byId, newest, ...money.prepared()],
    /** Writes all in one transaction, each set as a whole or not at all; null or why not for each. */
    write: (sets: readonly (readonly MoneyChange[])[]) => writeAll.immediate(sets),
    money: money.reads,
    head: (key: PubKey): EventId | null => head.get(key)?.id ?? null,
    newest: (limit: number): Kept[] => newest.all(limit).map(keptOf),
  }
}

const keptOf = ({ signer, at, ...row }: Row): Kept => ({
  ...row,
  by: signer,
  at: unixMs(Number(at)),
})

/**
 * Notes that this process has the ledger open. A note of a process that is no longer there means
 * that it did not close it. @returns the id of the note
 */
const takeOpening = (db: Database, path: string): bigint => {
  const notes = db.query<{ id: bigint; pid: bigint }, []>('SELECT id, pid FROM openings').all()
  const dead = notes.filter(({ pid }) => !lives({ pid: Number(pid), started: null }))
  if (dead.length > 0) checkIntegrity(db, path)
  return db
    .transaction(() => {
      for (const { id } of dead) db.run('DELETE FROM openings WHERE id = ?', [id])
      db.run('INSERT INTO openings (pid, at) VALUES (?, ?)', [
        BigInt(process.pid),
        BigInt(Date.now()),
      ])
      return db.query<{ id: bigint }, []>('SELECT last_insert_rowid() AS id').get()!.id
    })
    .immediate()
}
