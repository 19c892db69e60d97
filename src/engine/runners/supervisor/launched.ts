import type { Runner } from '../runner.ts'
import type { Child } from './child.ts'
import type { Trouble } from './state.ts'

/** A process that was started, and what to make of it. */
export type Launched = Readonly<{
  child: Pick<Child, 'kill'>
  /** Settles when it and all that it had started are gone, with why. */
  exited: Promise<Trouble>
  /** Waits until it answers and has given a real token; then what does its jobs. */
  prove(signal: AbortSignal): Promise<Runner>
}>
