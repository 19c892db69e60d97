/**
 * `absent → starting → ready ⇄ degraded → draining → stopping → stopped`, and from a process that
 * ended or has to: `crashed → backoff → starting`, or `failed`. Only `ready` takes jobs.
 */
export type Phase =
  | 'absent'
  | 'starting'
  | 'ready'
  | 'degraded'
  | 'draining'
  | 'stopping'
  | 'stopped'
  | 'crashed'
  | 'backoff'
  | 'failed'

/** Why a process ended, or must: a code of ours, and words that hold nothing of any prompt. */
export type Trouble = Readonly<{
  code: string
  message: string
  hint?: string
  /** Starting it again would end the same way. */
  hopeless: boolean
}>

export type SupervisorState = Readonly<{
  phase: Phase
  /** The number of the newest process, from 1. */
  run: number
  /** Whether that process is there, even if it is on its way out. */
  alive: boolean
  /** Ends in a row that nobody asked for, with no long good time in between. */
  failures: number
  everReady: boolean
  /** As `due`. */
  readyAt: number | null
  /** Points of jobs that it failed since one went well. */
  strikes: number
  jobs: number
  /** When to be woken by a `tick`: by Clock.ticks, in ms, since a wait must not follow a clock that is set. */
  due: number | null
  why: Trouble | null
}>

/**
 * What the end of a job says of the runner: it broke the job, or nobody heard a piece of it (`badly`); it
 * fell silent beyond all patience; nothing.
 */
export type How = 'well' | 'badly' | 'silent' | 'other'

export type SupervisorEvent =
  | Readonly<{ type: 'start' }>
  /** The process gave a real token. */
  | Readonly<{ type: 'proved'; run: number }>
  /** It answers, and gave none. */
  | Readonly<{ type: 'unproved'; run: number; why: Trouble }>
  /** It and all that it had started are gone. */
  | Readonly<{ type: 'exited'; run: number; why: Trouble }>
  | Readonly<{ type: 'began' }>
  /** A piece came: it works, however long the queue is. */
  | Readonly<{ type: 'alive' }>
  | Readonly<{ type: 'ended'; how: How }>
  | Readonly<{ type: 'stop'; now: boolean }>
  | Readonly<{ type: 'tick' }>

export type SupervisorEffect =
  | Readonly<{ do: 'spawn'; run: number }>
  /** Ask it for a real token; after `spawn` this is understood. */
  | Readonly<{ do: 'prove'; run: number }>
  | Readonly<{ do: 'signal'; run: number; signal: 'SIGTERM' | 'SIGKILL' }>
  /** End the jobs that it still works on. */
  | Readonly<{ do: 'abort' }>

/** Times in ms, and counts. */
export type Rules = Readonly<{
  /** From its start to its first token; derived from the size of the model. */
  loadMs: number
  /** For a token from one that is doubted; a piece of any job begins it anew. */
  proveMs: number
  /** After so long a good time its earlier ends are forgotten. */
  stableMs: number
  /** The wait before the second restart in a row; it doubles. */
  backoffMs: number
  backoffMostMs: number
  /** Most starts in a row of one that was never ready, and of one that was. */
  firstTries: number
  tries: number
  /** Then it is tried once in so long. */
  againMs: number
  drainMs: number
  /** From TERM to KILL, and from KILL to the next. */
  termMs: number
}>

export const RULES: Omit<Rules, 'loadMs'> = {
  proveMs: 30_000,
  stableMs: 120_000,
  backoffMs: 1_000,
  backoffMostMs: 60_000,
  firstTries: 3,
  tries: 10,
  againMs: 600_000,
  drainMs: 1_000,
  // A llama-server that hears TERM while it lets go of a stream goes on until its next ping, after 30 s.
  // Its jobs have ended by then and it keeps nothing, so there is nothing to be patient for.
  termMs: 1_000,
}

export const newSupervisorState = (): SupervisorState => ({
  phase: 'absent',
  run: 0,
  alive: false,
  failures: 0,
  everReady: false,
  readyAt: null,
  strikes: 0,
  jobs: 0,
  due: null,
  why: null,
})
