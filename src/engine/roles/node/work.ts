import type { Log } from '../../base/log.ts'
import type { JobTag } from '../../protocol/ids.ts'
import { type Runner, RunnerFault, type Sink } from '../../runners/runner.ts'
import type { WireEffect } from '../wire.ts'
import type { NodeEffect, NodeEvent } from './state.ts'
import type { WalletEffect } from '../desk.ts'
import type { LedgerEffect } from './till.ts'

type WorkEffect = Exclude<NodeEffect, WireEffect | WalletEffect | LedgerEffect>
type Running = { abort: AbortController; ended: Promise<void>; gate: Gate | null }
/** What a runner waits at while the client has enough. */
type Gate = { open: () => void; opened: Promise<void> }

/** The runners of a node at work: starts, stops and slows jobs, and tells the mind what comes of them. */
export class Work {
  private readonly running = new Map<JobTag, Running>()

  constructor(
    private readonly runners: readonly Runner[],
    private readonly log: Log,
    private readonly tell: (event: NodeEvent) => void,
  ) {}

  perform(effect: WorkEffect): void {
    const running = this.running.get(effect.tag)
    if (effect.do === 'run') this.start(effect)
    else if (effect.do === 'abort') this.stopOne(running)
    else if (effect.do === 'resume') this.open(running)
    else if (running) running.gate ??= newGate()
  }

  /** Aborts everything and waits until every runner has let go. */
  async stop(): Promise<void> {
    const all = [...this.running.values()]
    for (const running of all) this.stopOne(running)
    await Promise.allSettled(all.map((it) => it.ended))
  }

  private start({ tag, runner: index, work }: Extract<WorkEffect, { do: 'run' }>): void {
    const runner = this.runners[index]!
    const abort = new AbortController()
    const running: Running = { abort, gate: null, ended: Promise.resolve() }
    const sink: Sink = {
      started: () => this.tell({ type: 'started', tag }),
      piece: ({ delta, usage }) => {
        if (abort.signal.aborted) return
        this.tell({ type: 'piece', tag, delta, usage })
        return running.gate?.opened
      },
    }
    this.running.set(tag, running)
    // A runner that throws before its first await must fail the job, not the node.
    running.ended = Promise.resolve()
      .then(() => runner.run(work, sink, abort.signal))
      .then(
        (done) => this.tell({ type: 'done', tag, done }),
        (error: unknown) => {
          const fault = error instanceof RunnerFault ? error : undefined
          const trouble = fault?.trouble ?? 'crashed'
          // One word of ours: the runner's own ones may quote the prompt.
          if (!abort.signal.aborted)
            this.log.warn('runner.failed', { runner: runner.info.name, task: work.task, trouble })
          const detail = fault?.message ?? 'the adapter failed'
          this.tell({ type: 'failed', tag, trouble, detail })
        },
      )
      .finally(() => this.running.delete(tag))
  }

  private stopOne(running: Running | undefined): void {
    running?.abort.abort()
    this.open(running)
  }

  private open(running: Running | undefined): void {
    running?.gate?.open()
    if (running) running.gate = null
  }
}

const newGate = (): Gate => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { open: resolve, opened: promise }
}
