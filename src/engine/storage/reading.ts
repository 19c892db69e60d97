import { Database, constants } from 'bun:sqlite'
import { existsSync, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { Fault, isFault } from '../base/fault.ts'
import { BUSY_MS, asStorageFault, newerFault, versionOf } from './database.ts'
import { MIGRATIONS } from './ledger.ts'
import { moneyTables } from './money-sqlite.ts'
import type { MoneyReads } from './money-store.ts'

/** How often a file is read anew that changed meanwhile. */
const TRIES = 5

/**
 * Reads the money of a ledger and writes nothing: no note that it is open, no migration, no file beside it. So it
 * may be on a disk, or in a folder, that nobody here can write.
 * @param read gets the reads for as long as it runs
 * @returns null where there is no ledger yet
 * @throws Fault as readDatabase
 */
export const readMoney = <T>(path: string, read: (money: MoneyReads) => T): T | null =>
  readDatabase(path, MIGRATIONS, (db) => {
    const tables = moneyTables(db)
    try {
      return read(tables.reads)
    } finally {
      for (const statement of tables.prepared()) statement.finalize()
    }
  })

/**
 * Opens a database of ours to read from it. Statements have to ask for `safeIntegers` themselves: Bun takes either
 * the flags that this needs, or its own options.
 * @param migrations as openDatabase's: an older file is brought up to date in memory
 * @returns null where there is no file, or nothing in it
 * @throws Fault `io` `ledger.unread` for a -wal that cannot be read here, `ledger.damaged` | `ledger.newer` |
 *   `ledger.busy` | `ledger.io`
 */
export const readDatabase = <T>(
  path: string,
  migrations: readonly string[],
  read: (db: Database) => T,
): T | null => {
  try {
    for (let attempt = 1; ; attempt++) {
      const before = stateOf(path)
      if (!before) return null
      const result = readOnce(path, before.isWhole, migrations, read)
      // Without locks nobody knows of us: somebody may have written meanwhile.
      if (!before.isWhole || attempt === TRIES || stateOf(path)?.stamp === before.stamp)
        return result
    }
  } catch (error) {
    throw isOrphan(path, error) ? unread(path, error) : asStorageFault(error, path)
  }
}

/**
 * The file itself has everything where there is no -wal (or an empty one, which nobody has open). SQLite is told so
 * by `immutable`, or it would want a -wal and a -shm, and make them or fail. Where there is a -wal, `immutable` would
 * leave out what is in it and say nothing; SQLite reads it by the -shm beside it, which it need not write for that.
 */
const stateOf = (path: string): { isWhole: boolean; stamp: string } | null => {
  const file = statOf(path)
  if (!file) return null
  const wal = statOf(`${path}-wal`)
  const isWhole = !wal || (wal.size === 0n && !statOf(`${path}-shm`))
  return { isWhole, stamp: [isWhole, file.ino, file.size, file.mtimeNs].join(' ') }
}

/** Not existsSync: a folder that may not be looked into is not one without a ledger. */
const statOf = (path: string) => statSync(path, { bigint: true, throwIfNoEntry: false })

const FLAGS = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI

const readOnce = <T>(
  path: string,
  isWhole: boolean,
  migrations: readonly string[],
  read: (db: Database) => T,
): T | null => {
  const db = new Database(pathToFileURL(path).href + (isWhole ? '?immutable=1' : ''), FLAGS)
  try {
    db.run(`PRAGMA busy_timeout = ${BUSY_MS}`)
    const [version, newest] = [versionOf(db), migrations.length]
    if (version > newest) throw newerFault(path, version, newest)
    if (version === 0) return null
    return version === newest ? read(db) : readOlder(db, migrations.slice(version), read)
  } finally {
    db.close()
  }
}

/** What an older fedai wrote, all of it in memory: that happens until the first command that writes. */
const readOlder = <T>(
  old: Database,
  migrations: readonly string[],
  read: (db: Database) => T,
): T => {
  const bytes = old.serialize()
  // Read and write version of the file format (sqlite.org/fileformat.html, 1.3): 2 is WAL, which memory has not.
  bytes[18] = bytes[19] = 1
  const db = Database.deserialize(bytes, { strict: true, safeIntegers: true })
  try {
    for (const sql of migrations) db.run(sql)
    return read(db)
  } finally {
    db.close()
  }
}

/** A -wal whose -shm is gone, as in a copy of two files of three, where no -shm can be made. */
const isOrphan = (path: string, error: unknown): boolean =>
  !isFault(error) &&
  error instanceof Error &&
  'code' in error &&
  error.code === 'SQLITE_CANTOPEN' &&
  existsSync(`${path}-wal`) &&
  !existsSync(`${path}-shm`)

const unread = (path: string, cause: unknown): Fault =>
  new Fault(
    'io',
    'ledger.unread',
    `what is in ${path}-wal can only be read where a file can be made beside it`,
    { hint: 'copy the folder to where you can write, and name it by FEDAI_HOME', cause },
  )
