import type { Clock } from '../../src/engine/base/clock.ts'
import type { Finish, Units } from '../../src/engine/protocol/fields.ts'
import {
  type Capability,
  type Done,
  type Piece,
  type Runner,
  RunnerFault,
  type RunnerTrouble,
  type Sink,
} from '../../src/engine/runners/runner.ts'
import type { TaskName } from '../../src/engine/tasks/task.ts'

/** What a scripted runner does with one job. */
export type Script = Readonly<{
  /** The pieces in order. `usage` is cumulative, as a runner's is. */
  pieces?: readonly Piece[]
  /** ms before `started`, and before each piece. */
  startMs?: number
  pieceMs?: number
  /** Fails with this before `started` (0), or after so many pieces. */
  fail?: Readonly<{ after: number | 'start'; trouble: RunnerTrouble; detail?: string }>
  /** After the last piece it neither ends nor fails, until it is aborted. */
  endless?: boolean
  finish?: Finish
  /** What the runner reports at the end; the last piece's by default. */
  usage?: Units
  countedBy?: 'runner' | 'node'
}>

export type Work = Readonly<{ task: TaskName; model: string; input: unknown; outTokens: number }>

/** A runner that does what a script says, on a clock of the test's own. */
export type ScriptedRunner = Runner & {
  /** Jobs that are being worked on. */
  readonly running: number
  /** All work that was given to it, in order. */
  readonly seen: readonly Work[]
  /** How each job ended, in the order of the ends. */
  readonly ends: readonly ('done' | RunnerTrouble)[]
}

/**
 * A pure, deterministic runner in memory: no socket, no timer but `clock`'s.
 * `script` is one script for every job, or a function that picks one from the work and its number (from 0).
 */
export const scriptedRunner = (
  script: Script | ((work: Work, n: number) => Script),
  options: Readonly<{
    clock: Clock
    slots?: number
    name?: string
    capabilities?: readonly Capability[]
  }>,
): ScriptedRunner => {
  const seen: Work[] = []
  const ends: ('done' | RunnerTrouble)[] = []
  let running = 0
  return {
    info: { name: options.name ?? 'scripted', version: '1.0.0' },
    slots: options.slots ?? 1,
    capabilities: () => Promise.resolve(options.capabilities ?? [scriptedChat()]),
    get running() {
      return running
    },
    get seen() {
      return seen
    },
    get ends() {
      return ends
    },
    async run(work, sink, signal) {
      const mine = typeof script === 'function' ? script(work, seen.length) : script
      seen.push(work)
      running++
      try {
        const done = await play(mine, work, sink, signal, options.clock)
        ends.push('done')
        return done
      } catch (error) {
        ends.push(error instanceof RunnerFault ? error.trouble : 'crashed')
        throw error
      } finally {
        running--
      }
    },
  }
}

/** A chat capability as a small language model on a node would have it. */
export const scriptedChat = (model = 'scripted-chat'): Capability => ({
  task: 'text.chat@1',
  model: { name: model, family: 'scripted', ctx: 2048 },
  proprietary: false,
  warm: true,
  etaMs: 0,
  limits: { inputBytes: 8192, outTokens: 2048 },
  template: { base: 8, perMessage: 8 },
  prefill: true,
})

/** Pieces of chat text, one out_token each, on `inTokens` of input. */
export const textPieces = (words: readonly string[], inTokens = 5): Piece[] =>
  words.map((text, i) => ({ delta: { text }, usage: { in_token: inTokens, out_token: i + 1 } }))

const play = async (
  script: Script,
  work: Work,
  sink: Sink,
  signal: AbortSignal,
  clock: Clock,
): Promise<Done> => {
  const pieces = script.pieces ?? []
  const failIf = (at: number | 'start') => {
    if (script.fail?.after === at)
      throw new RunnerFault(script.fail.trouble, script.fail.detail ?? 'as the script says')
  }
  await wait(script.startMs ?? 0, signal, clock)
  failIf('start')
  sink.started()
  failIf(0)
  for (const [i, piece] of pieces.entries()) {
    await wait(script.pieceMs ?? 0, signal, clock)
    await untilAborted(sink.piece(piece), signal)
    failIf(i + 1)
  }
  if (script.endless) await untilAborted(new Promise(() => {}), signal)
  return {
    finish: script.finish ?? 'stop',
    usage: script.usage ?? pieces.at(-1)?.usage ?? {},
    countedBy: script.countedBy ?? 'runner',
    model: work.model,
  }
}

const cancelled = () => new RunnerFault('cancelled', 'cancelled by the caller')

const wait = (ms: number, signal: AbortSignal, clock: Clock): Promise<void> => {
  if (signal.aborted) return Promise.reject(cancelled())
  // No wait still yields once, as every real runner does.
  if (ms <= 0) return Promise.resolve()
  const elapsed = Promise.withResolvers<void>()
  const takeBack = clock.after(ms, elapsed.resolve)
  return untilAborted(elapsed.promise, signal).finally(takeBack)
}

const untilAborted = async (work: void | Promise<void>, signal: AbortSignal): Promise<void> => {
  if (signal.aborted) throw cancelled()
  if (!work) return
  const aborted = Promise.withResolvers<never>()
  const onAbort = () => aborted.reject(cancelled())
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await Promise.race([work, aborted.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
