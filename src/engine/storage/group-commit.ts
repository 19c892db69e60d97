import { Fault } from '../base/fault.ts'

/** One row that waits, and how its writer hears of it. */
type Waiting<Row> = Readonly<{
  row: Row
  resolve: () => void
  reject: (fault: Fault) => void
}>

/** Longest that a row waits for others, in ms. */
const COLLECT_MS = 5
/** Rows after which nobody waits any longer. */
const MOST_ROWS = 64
/** Rows that wait at most, also where all of them come in one turn of the event loop. */
const MOST_WAITING = 10_000

/**
 * Collects rows for at most 5 ms or until there are 64, and commits them together: one fsync for all
 * of them. Each promise settles after the commit its row was in, and after what `sync` waits for.
 *
 * After a commit has failed nothing more is taken: what an fsync that failed has left on the disk
 * nobody can know, and trying again would report as kept what is lost (the "fsyncgate" of
 * PostgreSQL, 2018). A restart reads what is really there.
 */
export class GroupCommit<Row> {
  #waiting: Waiting<Row>[] = []
  #timer: ReturnType<typeof setTimeout> | null = null
  #failed: Fault | null = null
  readonly #syncing = new Set<Promise<void>>()
  readonly #commit: (rows: readonly Row[]) => readonly (Fault | null)[]
  readonly #sync: (() => Promise<void>) | undefined

  /**
   * @param commit writes all rows in one transaction, or throws and writes none; says of each row
   *   that another process was first with why it was not written
   * @param sync brings what was committed to the disk, where `commit` itself does not
   */
  constructor(
    commit: (rows: readonly Row[]) => readonly (Fault | null)[],
    sync?: () => Promise<void>,
  ) {
    this.#commit = commit
    this.#sync = sync
  }

  /** @throws Fault `io` when the commit failed, or one before it */
  add(row: Row): Promise<void> {
    if (this.#failed) return Promise.reject(this.#failed)
    if (this.#waiting.length >= MOST_WAITING) this.flush()
    return new Promise((resolve, reject) => {
      this.#waiting.push({ row, resolve, reject })
      // 64 rows do not commit inside the call that brought them: its caller is in the middle of something.
      if (this.#waiting.length === MOST_ROWS) this.#schedule(0)
      else if (!this.#timer) this.#schedule(COLLECT_MS)
    })
  }

  /** Why nothing more is taken; null while it is. */
  get failed(): Fault | null {
    return this.#failed
  }

  /** Commits what waits, now. */
  flush(): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#waiting.length > 0) this.#settle(this.#waiting.splice(0))
  }

  /** When all that was committed is on the disk, or failed. */
  async synced(): Promise<void> {
    await Promise.all(this.#syncing)
  }

  /** Takes nothing more, for this reason. */
  stop(reason: Fault): void {
    this.#failed ??= reason
  }

  #schedule(ms: number): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.flush(), ms)
  }

  #settle(group: readonly Waiting<Row>[]): void {
    try {
      if (this.#failed) throw this.#failed
      const faults = this.#commit(group.map((it) => it.row))
      if (!this.#sync) return accept(group, faults)
      const syncing = this.#sync()
        .then(
          () => (this.#failed ? this.#refuse(group, this.#failed) : accept(group, faults)),
          (error: unknown) => this.#refuse(group, error),
        )
        .finally(() => this.#syncing.delete(syncing))
      this.#syncing.add(syncing)
    } catch (error) {
      this.#refuse(group, error)
    }
  }

  #refuse(group: readonly Waiting<Row>[], error: unknown): void {
    this.#failed ??=
      error instanceof Fault
        ? error
        : new Fault('io', 'store.failed', 'the ledger could not be written', {
            hint: 'look at the disk: is it full, or failing? then start again',
            cause: error,
          })
    for (const { reject } of group) reject(this.#failed)
  }
}

const accept = <Row>(group: readonly Waiting<Row>[], faults: readonly (Fault | null)[]): void => {
  for (const [i, { resolve, reject }] of group.entries()) {
    const fault = faults[i]
    if (fault) reject(fault)
    else resolve()
  }
}
