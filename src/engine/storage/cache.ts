import type { Database } from 'bun:sqlite'
import { rmSync } from 'node:fs'
import { type UnixMs, unixMs } from '../base/clock.ts'
import { isFault } from '../base/fault.ts'
import { checkIntegrity, closeDatabase, openDatabase } from './database.ts'
import type { Observation } from './store.ts'

/** cache.db: what can be had again. It may be deleted at any time. */

/** Observations that are kept and read at most; older ones go. */
export const MOST_OBSERVATIONS = 100_000
/** Writes between two times of making room. */
const TRIM_EVERY = 1_000

const MIGRATIONS = [
  `CREATE TABLE observations (
    seq INTEGER PRIMARY KEY,
    node TEXT NOT NULL,
    task TEXT NOT NULL,
    model TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('ok', 'node_fault', 'not_counted')),
    first_ms REAL,
    ms_per_unit REAL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX observations_by_time ON observations (at);`,
  // Written at each job, and read once, at the start: there are not too many to look at all.
  'DROP INDEX observations_by_time',
]

type Row = Pick<Observation, 'node' | 'task' | 'model' | 'outcome' | 'firstMs' | 'msPerUnit'> & {
  at: bigint
}

export type Cache = Readonly<{
  write(all: readonly Observation[]): null[]
  since(time: UnixMs): Observation[]
  close(): void
}>

/** Opens cache.db. A damaged one is thrown away and begun anew: nothing in it is anybody's money. */
export const openCache = async (path: string): Promise<Cache> => {
  const options = { migrations: MIGRATIONS }
  try {
    return await opened(path, options)
  } catch (error) {
    if (!isFault(error) || error.code !== 'ledger.damaged') throw error
    for (const file of [path, `${path}-wal`, `${path}-shm`]) rmSync(file, { force: true })
    return cacheOf(await openDatabase(path, options))
  }
}

const opened = async (
  path: string,
  options: Parameters<typeof openDatabase>[1],
): Promise<Cache> => {
  const db = await openDatabase(path, options)
  try {
    checkIntegrity(db, path)
    return cacheOf(db)
  } catch (error) {
    db.close()
    throw error
  }
}

const cacheOf = (db: Database): Cache => {
  const insert = db.prepare(
    `INSERT INTO observations (node, task, model, outcome, first_ms, ms_per_unit, at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const trim = db.prepare(
    `DELETE FROM observations WHERE seq <= (SELECT max(seq) FROM observations) - ?`,
  )
  const since = db.prepare<Row, [bigint, number]>(
    `SELECT * FROM (
       SELECT seq, node, task, model, outcome, first_ms AS firstMs, ms_per_unit AS msPerUnit, at
       FROM observations WHERE at >= ? ORDER BY seq DESC LIMIT ?
     ) ORDER BY seq`,
  )
  let untrimmed = TRIM_EVERY
  const writeAll = db.transaction((all: readonly Observation[]) => {
    for (const it of all)
      insert.run(it.node, it.task, it.model, it.outcome, it.firstMs, it.msPerUnit, BigInt(it.at))
    untrimmed += all.length
    if (untrimmed < TRIM_EVERY) return
    trim.run(MOST_OBSERVATIONS)
    untrimmed = 0
  })
  return {
    write: (all) => {
      writeAll.immediate(all)
      return all.map(() => null)
    },
    since: (time) => since.all(BigInt(time), MOST_OBSERVATIONS).map(observationOf),
    close: () => closeDatabase(db, [insert, trim, since]),
  }
}

const observationOf = ({
  node,
  task,
  model,
  outcome,
  firstMs,
  msPerUnit,
  at,
}: Row): Observation => ({
  node,
  task,
  model,
  outcome,
  firstMs,
  msPerUnit,
  at: unixMs(Number(at)),
})
