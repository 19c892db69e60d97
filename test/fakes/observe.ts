import { type Done, type Piece, type Runner, RunnerFault } from '../../src/engine/runners/runner.ts'
import { TASKS } from '../../src/engine/tasks/catalogue.ts'

/** Has a runner do one job: what came, and how it ended. Anything but a RunnerFault is thrown on. */
export const observe = async (runner: Runner, work: Parameters<Runner['run']>[0]) => {
  const pieces: Piece[] = []
  let done: Done | undefined
  let fault: RunnerFault | undefined
  const sink = { started: () => {}, piece: (it: Piece) => void pieces.push(it) }
  try {
    done = await runner.run(work, sink, new AbortController().signal)
  } catch (error) {
    if (!(error instanceof RunnerFault)) throw error
    fault = error
  }
  return { pieces, done, fault, output: () => TASKS[work.task].join(pieces.map((it) => it.delta)) }
}
