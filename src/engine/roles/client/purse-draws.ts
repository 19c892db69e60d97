import type { Clock } from '../../base/clock.ts'
import type { Change, Draw } from '../../metering/tab-rows.ts'
import type { JobId, PubKey } from '../../protocol/ids.ts'
import type { MoneyStore } from '../../storage/money-store.ts'

type Changes = Change<'draws', Draw>[]

/**
 * What the jobs of all processes of this user draw on its tabs: they share them, and none can count alone. Each returns
 * what is to be written.
 */
export type Draws = Readonly<{
  /** A job goes out that draws on a tab, goes to the next node, or goes on. Its `at` is until when that is so, if nothing more is said. */
  begun(row: Draw): Changes
  /** It draws on none any more. */
  ended(job: JobId): Changes
  /** What jobs of other processes draw on the tab of a key, as far as they have said so lately, msat. */
  byOthers(node: PubKey, key: PubKey): bigint
}>

export const drawsIn = (store: Pick<MoneyStore, 'openDraws'>, clock: Clock): Draws => {
  const own = new Map<JobId, Draw>()
  const drop = (row: Draw) => ({ do: 'drop', table: 'draws', row }) as const
  const ended: Draws['ended'] = (job) => {
    const row = own.get(job)
    own.delete(job)
    return row ? [drop(row)] : []
  }
  const isOver = ({ at }: Draw): boolean => at <= clock.now()
  return {
    begun: (row) => {
      const before = [...ended(row.job), ...store.openDraws(row.node).filter(isOver).map(drop)]
      own.set(row.job, row)
      return [...before, { do: 'put', table: 'draws', row }]
    },
    ended,
    byOthers: (node, key) =>
      store
        .openDraws(node)
        .filter((it) => it.key === key && !own.has(it.job) && !isOver(it))
        .reduce((sum, it) => sum + it.ceiling, 0n),
  }
}
