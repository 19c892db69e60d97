import type { Clock } from '../../base/clock.ts'
import type { SimLedger } from './ledger.ts'

/** How often a file is looked at for what other processes did, in ms: a look costs some µs. */
const POLL_MS = 50

/**
 * Calls back when something may have changed in a ledger: at once after a deed of this process, within 50 ms
 * after one of another. @returns what ends it
 */
export const watchLedger = (ledger: SimLedger, clock: Clock, look: () => void): (() => void) => {
  const forget = ledger.watch(look)
  let stop = (): void => {}
  const poll = (): void => {
    stop = clock.after(POLL_MS, poll)
    ledger.poll()
  }
  stop = clock.after(POLL_MS, poll)
  return () => {
    forget()
    stop()
  }
}
