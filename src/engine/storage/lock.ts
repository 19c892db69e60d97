import { Database } from 'bun:sqlite'
import { asStorageFault, makePrivate } from './database.ts'

/** Something that one process at a time may hold. */
export interface Lock {
  /** Gives it back. The end of the process does that as well, however it comes. */
  release(): void
}

/**
 * Takes the lock of a file, which is made where it is missing; undefined while another has it.
 *
 * It is SQLite's own lock on an empty database: the kernel frees it with the process, so one that was
 * killed blocks nobody and no number of a process is ever mistaken for another's; and it works
 * wherever the ledger works. Files with a process id in them need a start time beside it, and still
 * race when two find the same dead owner; flock(2) would need a libc by FFI on each platform.
 * @throws Fault `io` `ledger.io` where the file cannot be made
 */
export const takeLock = (path: string): Lock | undefined => {
  let db: Database | undefined
  try {
    makePrivate(path)
    db = new Database(path, { readwrite: true, create: true })
    // Whoever has it keeps it for as long as it lives: there is nothing to wait for.
    db.run('PRAGMA busy_timeout = 0')
    db.run('PRAGMA locking_mode = EXCLUSIVE')
    db.run('BEGIN EXCLUSIVE')
  } catch (error) {
    db?.close()
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY'))
      return undefined
    throw asStorageFault(error, path)
  }
  const held = db
  return { release: () => held.close() }
}
