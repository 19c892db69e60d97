import { memoryStore } from './memory.ts'
import type { LedgerStore, MoneyChange } from './money-store.ts'

/** What a crash of a party leaves of it: its store, and where it is to crash next. */
export class Party {
  readonly store: LedgerStore = memoryStore()
  /** What waits for its commit, and what is done once it is there. */
  writing: { changes: readonly MoneyChange[]; act: () => void }[] = []
  /** Answers of its wallet that are on the way. */
  answers: (() => void)[] = []
  writes = 0
  crashAt: { write: number; side: 'before' | 'after' } | null = null

  constructor(private readonly restart: () => void) {}

  /** Effects follow the changes, and all that were written before, once they are on the disk. */
  perform(changes: readonly MoneyChange[], act: () => void): void {
    if (changes.length === 0 && this.writing.length === 0) act()
    else this.writing.push({ changes, act })
  }

  async commit(): Promise<void> {
    const next = this.writing.shift()
    if (!next) return
    if (next.changes.length > 0) this.writes++
    const crash = this.writes === this.crashAt?.write ? this.crashAt.side : null
    if (crash) this.crashAt = null
    if (crash === 'before') return this.crash()
    await this.store.money.write(next.changes)
    if (crash === 'after') this.crash()
    else next.act()
  }

  crash(): void {
    this.writing = []
    this.answers = []
    this.restart()
  }
}
