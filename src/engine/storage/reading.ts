import { Database, constants } from 'bun:sqlite'
import { readFileSync, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { BUSY_MS, asStorageFault, newerFault, versionOf } from './database.ts'
import { MIGRATIONS } from './ledger.ts'
import { moneyTables } from './money-sqlite.ts'
import type { MoneyReads } from './money-store.ts'
import { withWal } from './wal.ts'

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
 * @throws Fault `io` `ledger.damaged` | `ledger.newer` | `ledger.busy` | `ledger.io`
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
      const result = readOnce(path, before.how, migrations, read)
      // Without locks nobody knows of us: somebody may have written meanwhile.
      const isSure = before.how === 'shared' || stateOf(path)?.stamp === before.stamp
      if (isSure || attempt === TRIES) return result
    }
  } catch (error) {
    throw asStorageFault(error, path)
  }
}

/**
 * How a file is read. `whole`: it has everything itself, where there is no -wal (or an empty one, which nobody has open).
 * SQLite is told so by `immutable`, or it would want a -wal and a -shm, and make them or fail. Where there is a -wal,
 * `immutable` would leave out what is in it and say nothing. `shared`: SQLite reads it by the -shm beside it, which it need
 * not write for that. `alone`: there is none, so nobody has it open. SQLite would make one, and cannot in a folder that is
 * not ours, or on a full disk: both are put together in memory.
 */
type How = 'whole' | 'shared' | 'alone'

/** A -shm that is in use has so many bytes at least (sqlite.org/walformat.html, 2); a full disk leaves one with fewer. */
const SHM = 32_768n

const stateOf = (path: string): { how: How; stamp: string } | null => {
  const file = statOf(path)
  if (!file) return null
  const wal = statOf(`${path}-wal`)
  const shm = statOf(`${path}-shm`)
  const isWhole = !wal || (wal.size === 0n && !shm)
  const how = isWhole ? 'whole' : shm && shm.size >= SHM ? 'shared' : 'alone'
  const parts = [file, ...(wal && !isWhole ? [wal] : [])]
  const stamps = parts.map(({ ino, size, mtimeNs }) => [ino, size, mtimeNs].join(' '))
  return { how, stamp: [how, ...stamps].join(' ') }
}

/** Not existsSync: a folder that may not be looked into is not one without a ledger. */
const statOf = (path: string) => statSync(path, { bigint: true, throwIfNoEntry: false })

const FLAGS = constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI

const readOnce = <T>(
  path: string,
  how: How,
  migrations: readonly string[],
  read: (db: Database) => T,
): T | null => {
  const db = how === 'alone' ? together(path) : open(path, how)
  if (!db) return null
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

const open = (path: string, how: How): Database =>
  new Database(pathToFileURL(path).href + (how === 'whole' ? '?immutable=1' : ''), FLAGS)

const together = (path: string): Database | null => {
  const bytes = withWal(readFileSync(path), readFileSync(`${path}-wal`))
  return bytes.length === 0 ? null : Database.deserialize(bytes, OPTIONS)
}

const OPTIONS = { strict: true, safeIntegers: true } as const

/** What an older fedai wrote, all of it in memory: that happens until the first command that writes. */
const readOlder = <T>(
  old: Database,
  migrations: readonly string[],
  read: (db: Database) => T,
): T => {
  const bytes = old.serialize()
  // Read and write version of the file format (sqlite.org/fileformat.html, 1.3): 2 is WAL, which memory has not.
  bytes[18] = bytes[19] = 1
  const db = Database.deserialize(bytes, OPTIONS)
  try {
    for (const sql of migrations) db.run(sql)
    return read(db)
  } finally {
    db.close()
  }
}
