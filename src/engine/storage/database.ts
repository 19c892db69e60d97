import { Database, type Statement } from 'bun:sqlite'
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Fault, isFault } from '../base/fault.ts'

export type DatabaseOptions = Readonly<{
  /** One text of SQL for each version of the schema, in order; what was released is never changed. */
  migrations: readonly string[]
}>

/** How long one process waits for another's transaction. Ours are short. */
export const BUSY_MS = 5_000
/** NORMAL: on the disk before and after a checkpoint. Who needs each commit there syncs the -wal (ledger.ts). */
const SYNCHRONOUS = { name: 'NORMAL', value: 1n } as const

/**
 * Opens a database of ours: file mode 0600, WAL, pragmas set and read back, schema brought to
 * the newest version. Several processes of one user may have it open.
 * @throws Fault `io` `ledger.damaged` | `ledger.newer` | `ledger.unusable` | `ledger.io`
 */
export const openDatabase = async (path: string, options: DatabaseOptions): Promise<Database> => {
  let db: Database | undefined
  try {
    makePrivate(path)
    db = new Database(path, { readwrite: true, create: true, strict: true, safeIntegers: true })
    await setPragmas(db, path)
    migrate(db, path, options.migrations)
    return db
  } catch (error) {
    db?.close()
    throw asStorageFault(error, path)
  }
}

/**
 * Closes a database with its statements. `close()` alone leaves the files open for as long as one
 * statement waits for the garbage collector (sqlite3_close_v2): file descriptors run out, -wal stays.
 */
export const closeDatabase = (
  db: Database,
  statements: readonly Pick<Statement, 'finalize'>[],
): void => {
  for (const statement of statements) statement.finalize()
  db.close(true)
}

/** An error of SQLite or of the file system as the Fault that says what to do. */
export const asStorageFault = (error: unknown, path: string): Fault => {
  if (isFault(error)) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) return damaged(path, error)
  if (/^SQLITE_(FULL|IOERR)|^E(NOSPC|DQUOT|IO)$/.test(code))
    return new Fault('io', 'ledger.io', `${path} could not be written (${code})`, {
      hint: 'look at the disk: is it full, or failing? then run it again',
      cause: error,
    })
  if (code.startsWith('SQLITE_BUSY'))
    return new Fault(
      'io',
      'ledger.busy',
      `${path} has been locked by another process for ${BUSY_MS / 1000} s`,
      {
        hint: 'end the other fedai, or whatever else has this file open',
        cause: error,
      },
    )
  return new Fault('io', 'ledger.io', `${path} cannot be used${code && ` (${code})`}`, {
    hint: 'look at who owns the file and its folder, and whether they can be written',
    cause: error,
  })
}

/**
 * Reads the whole file for damage, after a process ended without closing it.
 * @throws Fault `io` `ledger.damaged`; nothing is deleted or mended
 */
export const checkIntegrity = (db: Database, path: string): void => {
  try {
    const answer = db.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get()
    if (answer?.quick_check === 'ok') return
    throw damaged(path, new Error(answer?.quick_check ?? 'no answer'))
  } catch (error) {
    throw asStorageFault(error, path)
  }
}

const damaged = (path: string, cause: unknown): Fault =>
  new Fault('io', 'ledger.damaged', `${path} is damaged; nothing was deleted or changed`, {
    hint: 'copy the file away, then put a backup in its place',
    cause,
  })

/** SQLite gives -wal and -shm the mode of the database itself, so it has to be right before the first byte. */
export const makePrivate = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  // Never one that is there: closing any descriptor of a file drops all POSIX locks that this process
  // has on it, those of SQLite too.
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
  if ((statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600)
}

const setPragmas = async (db: Database, path: string): Promise<void> => {
  db.run(`PRAGMA busy_timeout = ${BUSY_MS}`)
  await switchToWal(db)
  db.run(`PRAGMA synchronous = ${SYNCHRONOUS.name}`)
  db.run('PRAGMA foreign_keys = ON')
  db.run('PRAGMA trusted_schema = OFF')
  // Read back, since SQLite keeps silent where a file system refuses one of them (NFS, some overlays).
  const wanted = {
    journal_mode: 'wal',
    synchronous: SYNCHRONOUS.value,
    foreign_keys: 1n,
    trusted_schema: 0n,
  }
  for (const [name, value] of Object.entries(wanted)) {
    const is = pragma(db, name)
    if (is === value) continue
    throw new Fault(
      'io',
      'ledger.unusable',
      `${path}: this file system gives ${name} ${is}, not ${value}`,
      {
        hint: 'put the folder on a local disk (FEDAI_HOME says where it is)',
      },
    )
  }
}

/** Two processes that switch a new file at once: SQLite does not wait here, whatever busy_timeout says. */
const switchToWal = async (db: Database): Promise<void> => {
  for (let attempt = 1; ; attempt++) {
    try {
      if (pragma(db, 'journal_mode') !== 'wal') db.run('PRAGMA journal_mode = WAL')
      return
    } catch (error) {
      const busy =
        error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
      if (!busy || attempt >= 100) throw error
      await Bun.sleep(10 + (attempt % 7))
    }
  }
}

const pragma = (db: Database, name: string): unknown => {
  const row = db.query<Record<string, unknown>, []>(`PRAGMA ${name}`).get()
  return row && Object.values(row)[0]
}

const migrate = (db: Database, path: string, migrations: readonly string[]): void => {
  const newest = migrations.length
  if (versionOf(db) === newest) return
  db.transaction(() => {
    // Read again inside: another process may have been first.
    const version = versionOf(db)
    if (version > newest) throw newerFault(path, version, newest)
    for (const sql of migrations.slice(version)) db.run(sql)
    db.run(`PRAGMA user_version = ${newest}`)
  }).immediate()
}

export const newerFault = (path: string, version: number, newest: number): Fault =>
  new Fault(
    'io',
    'ledger.newer',
    `${path} was written by a newer fedai (version ${version}, this one knows ${newest})`,
    { hint: 'install the newer fedai again' },
  )

/** The version of its schema; 0 of a file with nothing in it. */
export const versionOf = (db: Database): number => Number(pragma(db, 'user_version'))
