import type { Database, Statement } from 'bun:sqlite'
import type { Msat } from '../base/money.ts'
import type { Change } from '../metering/tab-rows.ts'

/** What SQLite gives and takes, with safeIntegers. */
export type Stored = string | bigint | Uint8Array | null

/** How a field of a row stands in its column. */
export type Column<T> = Readonly<{ bind: (value: T) => Stored; read: (stored: Stored) => T }>
export type Columns<Row> = Readonly<{ [K in keyof Row]-?: Column<Row[K]> }>

export const text = <T extends string>(): Column<T> => ({
  bind: (value) => value,
  read: (stored) => stored as T,
})
/** 64 bits hold all the money there is. */
export const amount: Column<Msat> = { bind: (value) => value, read: (stored) => stored as Msat }
export const whole = <T extends number>(): Column<T> => ({
  bind: BigInt,
  read: (stored) => Number(stored) as T,
})
export const flag: Column<boolean> = {
  bind: (value) => (value ? 1n : 0n),
  read: (stored) => stored === 1n,
}
export const blob: Column<Uint8Array> = {
  bind: (value) => value,
  read: (stored) => stored as Uint8Array,
}
export const orNull = <T>({ bind, read }: Column<T>): Column<T | null> => ({
  bind: (value) => (value === null ? null : bind(value)),
  read: (stored) => (stored === null ? null : read(stored)),
})

export type Table<Row> = Readonly<{
  prepared: Pick<Statement, 'finalize'>[]
  /** False where it was not done: an `add` of a row that is there, a `put` of one that may not change any more. */
  write(change: Change<string, Row>): boolean
  /** Prepared once; its rows are those of this table. */
  select(rest: string): (...values: Stored[]) => Row[]
  /** The same of some of their fields. */
  pick<K extends keyof Row & string>(
    only: readonly K[],
    rest: string,
  ): (...values: Stored[]) => Pick<Row, K>[]
}>

/**
 * The statements of one table, prepared once, and its rows as they are in the program.
 * @param columns by field; a column has the field's name in snake case
 * @param key fields that tell rows apart
 * @param changeable SQL: which rows a `put` may still change
 */
export const tableOf = <Row extends object>(
  db: Database,
  name: string,
  columns: Columns<Row>,
  key: readonly (keyof Row & string)[],
  changeable = 'TRUE',
): Table<Row> => {
  const fields = Object.keys(columns) as (keyof Row & string)[]
  const all = fields.map(snake)
  const places = all.map(() => '?').join(', ')
  const insert = `INSERT INTO ${name} (${all.join(', ')}) VALUES (${places}) ON CONFLICT`
  const rest = fields.filter((it) => !key.includes(it)).map(snake)
  const set = rest.map((it) => `${it} = excluded.${it}`).join(', ')
  const keys = key.map(snake)
  const add = db.prepare(`${insert} DO NOTHING`)
  const put = db.prepare(`${insert} (${keys.join(', ')}) DO UPDATE SET ${set} WHERE ${changeable}`)
  const drop = db.prepare(
    `DELETE FROM ${name} WHERE ${keys.map((it) => `${it} = ?`).join(' AND ')}`,
  )
  const prepared: Pick<Statement, 'finalize'>[] = [add, put, drop]

  const bind = <K extends keyof Row>(row: Row, field: K): Stored => columns[field].bind(row[field])
  const rowOf = <K extends keyof Row & string>(
    stored: Readonly<Record<string, Stored>>,
    only: readonly K[],
  ): Pick<Row, K> => {
    const row: Partial<Pick<Row, K>> = {}
    const fill = (field: K): void => {
      row[field] = columns[field].read(stored[snake(field)] ?? null)
    }
    for (const field of only) fill(field)
    return row as Pick<Row, K>
  }
  const pick: Table<Row>['pick'] = (only, rest_) => {
    const select = db.prepare<Record<string, Stored>, Stored[]>(
      `SELECT ${only.map(snake).join(', ')} FROM ${name} ${rest_}`,
    )
    // Of a connection that only reads, too (reading.ts).
    select.safeIntegers(true)
    prepared.push(select)
    return (...values) => select.all(...values).map((it) => rowOf(it, only))
  }

  return {
    prepared,
    write: ({ do: what, row }) => {
      if (what === 'drop') return drop.run(...key.map((it) => bind(row, it))).changes >= 0
      return (what === 'add' ? add : put).run(...fields.map((it) => bind(row, it))).changes > 0
    },
    pick,
    select: (rest_) => {
      const picked = pick(fields, rest_)
      return (...values) => picked(...values) as Row[]
    },
  }
}

const snake = (field: string): string => field.replace(/[A-Z]/g, (it) => `_${it.toLowerCase()}`)
