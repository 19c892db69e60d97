import { Fault } from '../base/fault.ts'

/** One row that waits, and how its writer hears of it. */
type Waiting<Row> = Readonly<{
  row: Row
  resolve: () => void
  reject: (fault: Fault) => void
}>

/** A group in the file, and what its commit said of each row. */
type Committed<Row> = Readonly<{
  group: readonly Waiting<Row>[]
  faults: readonly (Fault | null)[]
}>

export type GroupOptions = Readonly<{
  /** Brings what was committed to the disk, where `commit` itself does not. */
  sync?: () => Promise<void>
  /** Longest that a row waits for others, in ms; 5 where it is not said. */
  collectMs?: number
  /** Rows after which nobody waits any longer; 64 where it is not said. */
  mostRows?: number
}>

/** Rows that wait at most, also where all of them come in one turn of the event loop. */
const MOST_WAITING = 10_000

/**
 * Collects rows for some ms or until there are many, and commits them together: one fsync for all
 * of them. Each promise settles after the commit its row was in, and after what `sync` waits for.
 *
 * A row that somebody waits for (`soon`) does not wait for others: it is committed with what this turn of
 * the event loop brought, or, while a sync runs, when that ends. So a slow disk makes the groups larger by
 * itself, and a quiet one keeps nobody waiting.
 *
 * After a commit has failed nothing more is taken: what an fsync that failed has left on the disk
 * nobody can know, and trying again would report as kept what is lost (the "fsyncgate" of
 * PostgreSQL, 2018). A restart of this process may still read it from the memory of the machine; only
 * one of the machine reads what the disk has.
 *
 * One sync at a time, and the next one covers all that was committed meanwhile: Linux tells of a write
 * that failed once per open file, so that of two at once the later may take the error, and the earlier
 * report as kept what is lost.
 */
export class GroupCommit<Row> {
  #waiting: Waiting<Row>[] = []
  #timer: ReturnType<typeof setTimeout> | null = null
  #atOnce: ReturnType<typeof setImmediate> | null = null
  /** One that somebody waits for is among those that wait. */
  #soon = false
  #failed: Fault | null = null
  #syncing: Promise<void> | null = null
  /** What was committed and no sync has begun for. */
  #committed: Committed<Row>[] = []
  readonly #commit: (rows: readonly Row[]) => readonly (Fault | null)[]
  readonly #sync: (() => Promise<void>) | undefined
  readonly #collectMs: number
  readonly #mostRows: number

  /**
   * @param commit writes all rows in one transaction, or throws and writes none; says of each row
   *   that another process was first with why it was not written
   */
  constructor(
    commit: (rows: readonly Row[]) => readonly (Fault | null)[],
    { sync, collectMs = 5, mostRows = 64 }: GroupOptions = {},
  ) {
    this.#commit = commit
    this.#sync = sync
    this.#collectMs = collectMs
    this.#mostRows = mostRows
  }

  /**
   * @param soon somebody waits for this row
   * @throws Fault `io` when the commit failed, or one before it
   */
  add(row: Row, soon = false): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed)
    if (this.#waiting.length >= MOST_WAITING) this.flush()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ row, resolve, reject })
      this.#soon ||= soon
      // Nothing is committed inside the call that brought it: its caller is in the middle of something.
      if (this.#waiting.length >= this.#mostRows || (soon && !this.#syncing))
        this.#atOnce ??= setImmediate(() => this.flush())
      this.#timer ??= setTimeout(() => this.flush(), this.#collectMs)
    })
  }

  /** Why nothing more is taken; null while it is. */
  get failed(): Fault | null {
    return this.#failed
  }

  /** Nothing waits, and everything that was added is on the disk. */
  get idle(): boolean {
    return this.#waiting.length === 0 && !this.#syncing
  }

  /** Commits what waits, now. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    if (this.#atOnce) clearImmediate(this.#atOnce)
    this.#timer = null
    this.#atOnce = null
    this.#soon = false
    if (this.#waiting.length > 0) this.#settle(this.#waiting.splice(0))
  }

  /** When all that was committed is on the disk, or failed. */
  async synced(): Promise<void> {
    while (this.#syncing) await this.#syncing
  }

  /** Takes nothing more, for this reason. */
  stop(reason: Fault): void {
    this.#failed ??= reason
  }

  #settle(group: readonly Waiting<Row>[]): void {
    try {
      if (this.#failed) throw this.#failed
      const faults = this.#commit(group.map((it) => it.row))
      if (!this.#sync) return accept(group, faults)
      this.#committed.push({ group, faults })
      if (!this.#syncing) this.#syncAll(this.#sync)
    } catch (error) {
      this.#refuse(group, error)
    }
  }

  #syncAll(sync: () => Promise<void>): void {
    const covered = this.#committed.splice(0)
    const kept = () => {
      for (const { group, faults } of covered)
        if (this.#failed) this.#refuse(group, this.#failed)
        else accept(group, faults)
    }
    const lost = (error: unknown) => {
      for (const { group } of [...covered, ...this.#committed.splice(0)]) this.#refuse(group, error)
    }
    this.#syncing = sync()
      .then(kept, lost)
      .then(() => {
        this.#syncing = null
        if (this.#soon) this.flush()
        if (this.#committed.length > 0 && !this.#syncing) this.#syncAll(sync)
      })
  }

  #refuse(group: readonly Waiting<Row>[], error: unknown): void {
    this.#failed ??=
      error instanceof Fault
        ? error
        : new Fault('io', 'store.failed', 'the ledger could not be written', {
            hint: 'look at the disk: is it full, or failing? then run it again',
            cause: error,
          })
    for (const { reject } of group) reject(this.#failed)
  }
}

const accept = <Row>(group: readonly Waiting<Row>[], faults: readonly (Fault | null)[]): void => {
  for (let i = 0; i < group.length; i++) {
    const fault = faults[i]
    if (fault) group[i]!.reject(fault)
    else group[i]!.resolve()
  }
}
