import { Fault } from '../../engine/base/fault.ts'
import type { Result, Results } from '../../engine/roles/client/results.ts'
import { TASKS, isTaskName } from '../../engine/tasks/catalogue.ts'
import { count, shortId } from '../figures.ts'
import { type Terminal, harmless } from '../terminal.ts'
import type { Namer } from '../trust/set.ts'

/** Results of jobs that were paid by `hold` and that nobody saw: a process ended before their money was taken. */

/** Prints those that are open, each behind a line on stderr that says whose it is. */
export const showResults = async (
  results: readonly Result[],
  terminal: Terminal,
  show: Namer,
): Promise<void> => {
  for (const it of results) {
    terminal.say(lineOf(it, show))
    if (it.output === null || !isTaskName(it.task)) continue
    const text = TASKS[it.task].show(it.output)
    const whole = text.endsWith('\n') ? text : `${text}\n`
    await terminal.emit(terminal.outIsTTY ? harmless(whole) : whole)
  }
}

/** That results are paid, here, and not handed out yet: `1 result is paid and kept here`. */
export const keptWords = (kept: number): string =>
  `${count(kept, 'result')} ${kept === 1 ? 'is' : 'are'} paid and kept here`

/** As `--json` shows it. */
export const resultObject = ({ hash, job, node, task, output }: Result) => ({
  payment: hash,
  job,
  node,
  task,
  output: output ?? null,
})

/**
 * They were shown: what opened is forgotten, once stdout has taken all of it. Whoever was paid for what is no result
 * gets nothing more.
 * @returns Fault `verification` `hold.nonsense`, `config` `hold.identity`, or null
 */
export const forgetResults = async (
  shown: readonly Result[],
  results: Results,
  terminal: Terminal,
  pin: (node: Result['node']) => Promise<void> = async () => {},
): Promise<Fault | null> => {
  const opened = shown.filter(({ shut }) => shut === null)
  if (terminal.took()) for (const { job } of opened) await results.taken(job)
  else if (opened.length > 0) terminal.say(STILL_KEPT)
  const wrong = shown.filter(isNonsense)
  for (const { node } of wrong) await pin(node)
  if (wrong.length > 0) return nonsense()
  return shown.some(({ shut }) => shut === 'identity') ? notOurs() : null
}

/** Said where stdout did not take a result. */
export const STILL_KEPT = 'the result is kept, since stdout did not take it: fedai pay resolve'

/** What came opened, and is nothing. */
const isNonsense = ({ shut, output }: Result): boolean => shut === null && output === null

const nonsense = (): Fault =>
  new Fault('verification', 'hold.nonsense', 'what was paid for is no result', {
    hint: 'ask another node',
  })

/** What was kept stays where it is. */
const notOurs = (): Fault =>
  new Fault('config', 'hold.identity', 'a result that is paid was kept under another identity', {
    hint: 'name that one as pay.identity (fedai config), then: fedai pay resolve',
  })

const lineOf = (it: Result, show: Namer): string => {
  const what = `job ${shortId(it.job)} (${it.task}) of ${show(it.node)}`
  if (it.shut === 'wallet')
    return `paid, but your wallet does not show what opens the result: ${what}`
  if (it.shut === 'identity') return `paid, but kept under another pay.identity: ${what}`
  if (isNonsense(it)) return `paid, and no result: ${what}`
  return `the result of a job that is paid now: ${what}`
}
