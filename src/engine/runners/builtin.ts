import { KIB } from '../base/bounds.ts'
import type { Units } from '../protocol/fields.ts'
import { BUILT_INS } from '../tasks/builtin.ts'
import type { BuiltIn } from '../tasks/task.ts'
import { type Capability, type Done, type Runner, RunnerFault } from './runner.ts'
import { unlessAborted } from './abort.ts'

/**
 * Most bytes that a built-in task reads. It works in one step, on the thread that the links are on: at
 * 4 MiB that step took most of a second, in which no frame moved and no credit was given; at this size it
 * takes some tens of milliseconds. Who has more sends it in parts.
 */
const INPUT_BYTES = 256 * KIB

/** The tasks that fedai does itself, as a runner. `version` is the program's own. */
export const builtinRunner = (options: Readonly<{ version?: string }> = {}): Runner => ({
  info: { name: 'builtin', version: options.version ?? null },
  slots: 4,
  capabilities: () => Promise.resolve(BUILT_INS.map(capabilityOf)),
  async run(work, sink, signal): Promise<Done> {
    const doer = BUILT_INS.find((it) => it.task === work.task && it.model === work.model)
    if (!doer) throw new RunnerFault('no_model', `no built-in ${work.model} does ${work.task}`)
    await breath(signal)
    sink.started()
    let usage: Units = {}
    for (const piece of doer.run(work.input)) {
      await breath(signal)
      usage = piece.usage
      await unlessAborted(sink.piece(piece), signal)
    }
    return { finish: 'stop', usage, countedBy: 'runner', model: doer.model }
  },
})

const capabilityOf = (it: BuiltIn): Capability => ({
  task: it.task,
  model: { name: it.model, family: 'fedai' },
  proprietary: false,
  warm: true,
  etaMs: 0,
  limits: { inputBytes: INPUT_BYTES, outTokens: 0 },
  template: { base: 0, perMessage: 0 },
  prefill: false,
})

// Lets sockets and timers run between two pieces of work.
const breath = (signal: AbortSignal): Promise<void> =>
  unlessAborted(new Promise<void>((resolve) => setImmediate(resolve)), signal)
