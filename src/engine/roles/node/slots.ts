import type { NodeJob, NodeTurn } from './state.ts'
import { issueFor } from './tickets.ts'

/** The slots of the runners: who occupies them, who waits, what becomes free. */

/** The runner has no more to do with this job: its slot, its place and its tickets are free again. */
export const release = (turn: NodeTurn, job: NodeJob): void => {
  const { state } = turn
  if (state.occupied.get(job.place) === job.tag) state.occupied.delete(job.place)
  const runner = state.runners[job.runner]!
  // One that was cancelled while it waited waits no longer, however long the runner takes.
  const at = runner.waiting.indexOf(job.tag)
  if (at >= 0) runner.waiting.splice(at, 1)
  if (job.occupies) {
    job.occupies = false
    runner.running--
    if (job.forgotten) state.jobs.delete(job.tag)
    runner.typicalMs = Math.round(runner.typicalMs * 0.8 + (turn.now - job.acceptedAt) * 0.2)
  }
  startNext(turn, job.runner)
  issueFor(turn, job.runner)
}

/** A runner has room again: the job that waited longest goes on. */
export const startNext = (turn: NodeTurn, index: number): void => {
  const runner = turn.state.runners[index]!
  while (runner.running < runner.slots && runner.waiting.length > 0) {
    const job = turn.state.jobs.get(runner.waiting.shift()!)
    if (job?.phase === 'queued') start(turn, job)
  }
}

/** The job gets its runner. */
export const start = (turn: NodeTurn, job: NodeJob): void => {
  if (!job.work) return
  const runner = turn.state.runners[job.runner]!
  runner.running++
  job.phase = 'running'
  job.occupies = true
  turn.effects.push({ do: 'run', tag: job.tag, runner: job.runner, work: job.work })
  // The prompt is the runner's now; nothing of it stays here longer than it must.
  job.work = null
}
