import type { Clock } from '../../base/clock.ts'
import type { Change, Draw } from '../../metering/tab-rows.ts'
import type { JobId, PubKey } from '../../protocol/ids.ts'
import type { MoneyChange, MoneyStore } from '../../storage/money-store.ts'

type Changes = Change<'draws', Draw>[]

/**
 * What the jobs of all processes of this user draw on its tabs: they share them, and none can count alone. What is to be
 * written is returned, and may be asked for anew where it was not.
 */
export type Draws = Readonly<{
  /** A job goes out that draws on a tab, goes to the next node, or goes on. Its `at` is until when that is so, if nothing more is said. */
  begun(row: Draw): Changes
  /** It draws on none any more. */
  ended(job: JobId): Changes
  /** This is on the disk. */
  written(changes: readonly MoneyChange[]): void
  /** What jobs of other processes draw on the tab of a key, as far as they have said so lately, msat. */
  byOthers(node: PubKey, key: PubKey): bigint
}>

/** How long a job counts that says nothing more, ms: who is killed says nothing. */
export const DRAW_LASTS_MS = 30_000

export const drawsIn = (store: Pick<MoneyStore, 'openDraws'>, clock: Clock): Draws => {
  const own = new Map<JobId, Draw>()
  const drop = (row: Draw) => ({ do: 'drop', table: 'draws', row }) as const
  const ended: Draws['ended'] = (job) => {
    const row = own.get(job)
    return row ? [drop(row)] : []
  }
  // What is so far ahead was said before the clock was set back, by more than it is led gently.
  const isOver = ({ at }: Draw): boolean => {
    const left = at - clock.now()
    return left <= 0 || left > 2 * DRAW_LASTS_MS
  }
  return {
    begun: (row) => {
      const before = [...ended(row.job), ...store.openDraws(row.node).filter(isOver).map(drop)]
      // At once: no moment may have it for another process's.
      own.set(row.job, row)
      return [...before, { do: 'put', table: 'draws', row }]
    },
    ended,
    written: (changes) => {
      for (const it of changes)
        if (it.table !== 'draws') continue
        else if (it.do === 'drop') own.delete(it.row.job)
        else own.set(it.row.job, it.row)
    },
    byOthers: (node, key) =>
      store
        .openDraws(node)
        .filter((it) => it.key === key && !own.has(it.job) && !isOver(it))
        .reduce((sum, it) => sum + it.ceiling, 0n),
  }
}
