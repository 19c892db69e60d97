import { isFault } from '../../base/fault.ts'
import type { MoneyChange, MoneyStore } from '../../storage/money-store.ts'

/** What is to be written, and what is done once it is on the disk. */
export type Step = { changes: readonly MoneyChange[]; after?: () => void }

type StepOptions = Readonly<{
  store: Pick<MoneyStore, 'write'>
  /** Before each time that something is decided. */
  begin: () => void
  written: (changes: readonly MoneyChange[]) => void
  /** None of it is on the disk: what was decided is not so. All is to be read anew. */
  unwritten: () => void
}>

/**
 * One step after the other; each is decided on what the ledger has, and written before it acts. Where another
 * process wrote first (`money.elsewhere`), it is decided again.
 * @returns `step`, which rejects with what the ledger says, and `idle`, once all steps so far are over
 */
export const openSteps = ({ store, begin, written, unwritten }: StepOptions) => {
  let last: Promise<void> = Promise.resolve()
  const take = async (make: () => Step): Promise<void> => {
    for (;;) {
      begin()
      const { changes, after } = make()
      try {
        await store.write(changes)
      } catch (error) {
        const isElsewhere = isFault(error) && error.code === 'money.elsewhere'
        try {
          unwritten()
        } catch (unread) {
          throw isElsewhere ? unread : error
        }
        if (isElsewhere) continue
        throw error
      }
      written(changes)
      return after?.()
    }
  }
  return {
    step: (make: () => Step): Promise<void> => {
      const one = last.then(() => take(make))
      last = one.catch(() => {})
      return one
    },
    idle: (): Promise<void> => last,
  }
}
