import type { Finish, Units } from '../protocol/fields.ts'
import type { TaskName } from '../tasks/task.ts'

/** One thing that a runner can do: a task on a model. */
export type Capability = Readonly<{
  task: TaskName
  model: Readonly<{ name: string; family?: string; quant?: string; digest?: string; ctx?: number }>
  /** A service on the public internet computes it, not a machine of the operator's. */
  proprietary: boolean
  /** Loaded, so that work can begin at once. */
  warm: boolean
  etaMs: number
  limits: Readonly<{ inputBytes: number; outTokens: number }>
  /** Tokens that the model's template adds: once, and for each message. */
  template: Readonly<{ base: number; perMessage: number }>
  /** Whether it reads the whole input before the first output, at a cost (language models do). */
  prefill: boolean
}>

/** What a runner is: shown in manifests and receipts. */
export type RunnerInfo = Readonly<{ name: string; version: string | null }>

/** A piece of output on its way. `usage` is cumulative: all that was used up to and with this piece. */
export type Piece = Readonly<{ delta: unknown; usage: Units }>

/** Where a runner puts what it produces. */
export interface Sink {
  /** The runner has begun to read the input. */
  started(): void
  /** One piece. A promise means: wait for it before you make more. */
  piece(piece: Piece): void | Promise<void>
}

/** How a job ended well. */
export type Done = Readonly<{
  finish: Finish
  /** All that was used; what the runner itself reports, where it does. */
  usage: Units
  countedBy: 'runner' | 'node'
  /** The model as the runner names it. */
  model: string
}>

/** Why a runner failed; all adapters use these words. */
export type RunnerTrouble =
  | 'bad_request'
  | 'too_long'
  | 'no_model'
  | 'busy'
  | 'loading'
  | 'oom'
  | 'crashed'
  | 'timeout'
  | 'cancelled'
  | 'unsupported'
  | 'auth'

/** A program that computes, or a task built into fedai. */
export interface Runner {
  readonly info: RunnerInfo
  /** How many jobs it works on at once. */
  readonly slots: number
  /** What it can do now. */
  capabilities(): Promise<readonly Capability[]>
  /**
   * Does one job. `input` was parsed by the task's schema. Resolves only when the runner said how it
   * ended *and* closed its stream as promised; rejects with a RunnerFault otherwise, with `cancelled`
   * when `signal` was the cause. After an abort the runner is free within 500 ms.
   */
  run(
    work: { task: TaskName; model: string; input: unknown; outTokens: number },
    sink: Sink,
    signal: AbortSignal,
  ): Promise<Done>
  /**
   * Calls back each time that what it can do may have changed: it died, it is back. Absent where only
   * asking tells. Returns what ends the watching.
   */
  watch?(changed: () => void): () => void
  /** Takes down what was started for it; nothing of it is left then. Whoever opened the runner calls this. */
  close?(): Promise<void>
}

/** Closes all of them at once; one that fails keeps no other from it. */
export const closeRunners = async (runners: readonly Runner[]): Promise<void> => {
  await Promise.allSettled(runners.map((it) => it.close?.()))
}

/** The error that every adapter throws. `detail` is the runner's own words, never a prompt. */
export class RunnerFault extends Error {
  override readonly name = 'RunnerFault'
  readonly trouble: RunnerTrouble
  constructor(trouble: RunnerTrouble, detail: string, options?: { cause?: unknown }) {
    super(detail, options)
    this.trouble = trouble
  }
}
