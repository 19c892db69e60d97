import { Database, type SQLQueryBindings, type Statement } from 'bun:sqlite'
import { closeSync, fdatasync, openSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { Fault } from '../../base/fault.ts'
import type { Random } from '../../base/random.ts'
import { asStorageFault, closeDatabase, openDatabase } from '../../storage/database.ts'
import { GroupCommit } from '../../storage/group-commit.ts'
import { MAGIC, MIGRATIONS } from './schema.ts'

/** The play money of everybody who has its file open: sim/schema.ts says what is in it. */
export interface SimLedger {
  /** 32 random bytes: which network of play money this is, and the secret of its accounts' keys. */
  readonly network: Uint8Array
  /** A statement, prepared once for each text. */
  sql<Row, Params extends SQLQueryBindings[]>(text: string): Statement<Row, Params>
  /**
   * Does a deed within a transaction that other deeds may share, and resolves when it is on the disk. A
   * Fault that it gives back rejects; it then has written nothing, since nothing is rolled back. What it throws
   * ends the ledger for this process.
   */
  write<T>(deed: () => T | Fault): Promise<T>
  /** Within a deed: the number by which others see that a row is new. */
  change(): bigint
  /** Calls back after changes of this process; of others too, whenever somebody calls `poll`. */
  watch(look: () => void): () => void
  poll(): void
  close(): Promise<void>
}

/** Opens ledgers: one connection to each file in a process, so that all who write share their commits. */
export interface Ledgers {
  take(path: string, random: Random): Promise<SimLedger>
}

/** @param flush brings an open file to the disk: fdatasync(2), but for tests */
export const newLedgers = (flush: (fd: number) => Promise<void> = promisify(fdatasync)): Ledgers =>
  sharing(async (path, random) => {
    const db = await openDatabase(path, { migrations: MIGRATIONS })
    try {
      const network = networkOf(db, path, random)
      // It stands for as long as somebody has the ledger open, and holds all that no checkpoint has synced.
      const wal = openSync(`${path}-wal`, 'r+')
      const ledger = ledgerOn(db, path, network)
      const group = new GroupCommit<() => Fault | null>((deeds) => ledger.commit(deeds), {
        sync: () =>
          flush(wal).catch((error: unknown) => Promise.reject(asStorageFault(error, path))),
      })
      return {
        ...ledger.open,
        write: (deed) => ledger.write(deed, (row) => group.add(row)),
        close: async () => {
          group.flush()
          await group.synced()
          group.stop(closed(path))
          closeSync(wal)
          ledger.close()
        },
      }
    } catch (error) {
      db.close()
      throw asStorageFault(error, path)
    }
  })

/** Ledgers in the memory of this process. Every deed is done at once, so that a virtual clock need not wait for a real one. */
export const newMemoryLedgers = (): Ledgers =>
  sharing(async (path, random) => {
    const db = new Database(':memory:', { strict: true, safeIntegers: true })
    for (const sql of MIGRATIONS) db.run(sql)
    const ledger = ledgerOn(db, path, networkOf(db, path, random))
    let open = true
    const now = async (row: () => Fault | null): Promise<void> => {
      if (!open) throw closed(path)
      const [fault] = ledger.commit([row])
      if (fault) throw fault
    }
    return {
      ...ledger.open,
      write: (deed) => ledger.write(deed, now),
      close: async () => {
        open = false
        ledger.close()
      },
    }
  })

/** Whoever opens a path in this process gets the same ledger; the last one to close it does so. */
const sharing = (open: (path: string, random: Random) => Promise<SimLedger>): Ledgers => {
  const all = new Map<string, { ledger: Promise<SimLedger>; users: number }>()
  return {
    take: async (given, random) => {
      const path = resolve(given)
      const shared = all.get(path) ?? { ledger: open(path, random), users: 0 }
      all.set(path, shared)
      shared.users++
      let left = false
      const leave = (): boolean => {
        if (left) return false
        left = true
        if (--shared.users > 0) return false
        if (all.get(path) === shared) all.delete(path)
        return true
      }
      try {
        const ledger = await shared.ledger
        const used = (): SimLedger => {
          if (left) throw closed(path)
          return ledger
        }
        return {
          ...ledger,
          sql: (text) => used().sql(text),
          write: async (deed) => used().write(deed),
          close: async () => void (leave() && (await ledger.close())),
        }
      } catch (error) {
        leave()
        throw error
      }
    },
  }
}

/** What file and memory have in common. */
const ledgerOn = (db: Database, path: string, network: Uint8Array) => {
  const statements = new Map<string, Statement>()
  const watchers = new Set<() => void>()
  let [change, version, telling]: [bigint | null, unknown, boolean] = [null, null, false]
  const sql = <Row, Params extends SQLQueryBindings[]>(text: string): Statement<Row, Params> => {
    const statement = statements.get(text) ?? db.prepare(text)
    statements.set(text, statement)
    return statement as Statement<Row, Params>
  }
  const tell = () => {
    telling = false
    for (const look of watchers) look()
  }
  const commit = db.transaction((deeds: readonly (() => Fault | null)[]) => {
    change = null
    return deeds.map((deed) => deed())
  })
  return {
    commit: (deeds: readonly (() => Fault | null)[]): readonly (Fault | null)[] => {
      try {
        return commit.immediate(deeds)
      } catch (error) {
        throw asStorageFault(error, path)
      }
    },
    write: async <T>(
      deed: () => T | Fault,
      add: (row: () => Fault | null) => Promise<void>,
    ): Promise<T> => {
      let done: { is: T } | undefined
      await add(() => {
        const is = deed()
        if (is instanceof Fault) return is
        done = { is }
        return null
      })
      // Once for all deeds of a commit: they come to this place one after the other.
      if (!telling) queueMicrotask(tell)
      telling = true
      return done!.is
    },
    open: {
      network,
      sql,
      change: () => (change ??= sql<{ changes: bigint }, []>(NEXT_CHANGE).get()!.changes),
      watch: (look: () => void) => {
        watchers.add(look)
        return () => void watchers.delete(look)
      },
      poll: () => {
        const now = sql<{ data_version: bigint }, []>('PRAGMA data_version').get()!.data_version
        if (version !== now) tell()
        version = now
      },
    },
    close: () => closeDatabase(db, [...statements.values()]),
  }
}

const NEXT_CHANGE = 'UPDATE network SET changes = changes + 1 RETURNING changes'

/** The network of a ledger, which the first one to open it draws. */
const networkOf = (db: Database, path: string, random: Random): Uint8Array => {
  try {
    db.run('INSERT OR IGNORE INTO network VALUES (1, ?, ?, 0)', [MAGIC, random.bytes(32)])
    const row = db
      .query<{ magic: string; id: Uint8Array }, []>('SELECT magic, id FROM network')
      .get()
    if (row?.magic === MAGIC) return new Uint8Array(row.id)
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('no such table'))) throw error
  }
  throw new Fault('config', 'wallet.ledger', `${path} is no ledger of play money`, {
    hint: 'name another file; a new one is made where there is none',
  })
}

const closed = (path: string): Fault =>
  new Fault('unavailable', 'wallet.unreachable', `the ledger ${path} was closed`)
