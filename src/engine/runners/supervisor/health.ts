import type { RunnerTrouble } from '../runner.ts'
import type { How } from './state.ts'

/** What the end of a job, after so many pieces and so long, says of its runner. `null`: it ended well. */
export const howOf = (
  trouble: RunnerTrouble | null,
  job: Readonly<{ pieces: number; ms: number }>,
): How => {
  switch (trouble) {
    case null:
      return 'well'
    case 'crashed':
    case 'oom':
      return 'badly'
    case 'timeout':
      return 'silent'
    case 'cancelled':
      // One that hangs is given up by its clients long before our patience ends.
      return job.pieces === 0 && job.ms >= UNHEARD_MS ? 'badly' : 'other'
    default:
      return 'other'
  }
}

/** A job that was given up after so long without a piece tells against the runner. */
const UNHEARD_MS = 5_000
