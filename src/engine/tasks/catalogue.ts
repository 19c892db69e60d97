import { Fault } from '../base/fault.ts'
import { chat } from './chat.ts'
import { chunk } from './chunk.ts'
import { detect } from './detect.ts'
import { embed } from './embed.ts'
import { generate } from './generate.ts'
import { rerank } from './rerank.ts'
import { summarize } from './summarize.ts'
import { TASK_NAMES, type Task, type TaskName } from './task.ts'

/** Every task by its name and version. */
export const TASKS: Readonly<Record<TaskName, Task>> = {
  'text.chat@1': chat,
  'text.generate@1': generate,
  'text.embed@1': embed,
  'text.rerank@1': rerank,
  'text.summarize@1': summarize,
  'text.chunk@1': chunk,
  'text.detect@1': detect,
}

/**
 * The task that a name means: `text.chat@1`, or `text.chat` for its newest version.
 * @throws Fault `usage` `task.unknown`, with the nearest name in the hint
 */
export const findTask = (text: string): Task => {
  const found = TASK_NAMES.findLast((name) => name === text || bare(name) === text)
  if (found) return TASKS[found]
  const wanted = bare(text).slice(0, 80)
  throw new Fault('usage', 'task.unknown', `there is no task ${text.slice(0, 80)}`, {
    hint: TASK_NAMES.some((name) => bare(name) === bare(text))
      ? `write ${bare(text)}: this version of fedai has no other`
      : `did you mean ${nearest(wanted)}?`,
  })
}

/** True for a name in the catalogue: what comes from others may name tasks of the future. */
export const isTaskName = (text: string): text is TaskName =>
  (TASK_NAMES as readonly string[]).includes(text)

const bare = (name: string): string => name.split('@')[0]!

// `summarise` is nearer to text.summarize than to anything of equal length: the prefix is optional.
const nearest = (wanted: string): string => {
  const names = TASK_NAMES.map(bare)
  const distance = (name: string) =>
    Math.min(edits(wanted, name), edits(wanted, name.replace(/^text\./, '')))
  return names.reduce((best, name) => (distance(name) < distance(best) ? name : best))
}

/** Levenshtein's distance. */
const edits = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)),
      )
    row = next
  }
  return row[b.length]!
}
