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
  const near = nearest(bare(text).slice(0, 80))
  throw new Fault('usage', 'task.unknown', `there is no task ${text.slice(0, 80)}`, {
    hint: TASK_NAMES.some((name) => bare(name) === bare(text))
      ? `write ${bare(text)}: this version of fedai has no other`
      : near
        ? `did you mean ${near}?`
        : `there are: ${TASK_NAMES.map(bare).join(', ')}`,
  })
}

/** True for a name in the catalogue: what comes from others may name tasks of the future. */
export const isTaskName = (text: string): text is TaskName =>
  (TASK_NAMES as readonly string[]).includes(text)

const bare = (name: string): string => name.split('@')[0]!

// Without the prefix, which is optional and would make everything look half right. A name that is
// further away than half of its length was not meant.
const nearest = (wanted: string): string | undefined => {
  const word = wanted.replace(/^text\./, '')
  const scored = TASK_NAMES.map(bare).map((name) => {
    const own = name.replace(/^text\./, '')
    return { name, off: edits(word, own), most: Math.floor(Math.max(word.length, own.length) / 2) }
  })
  return scored.filter(({ off, most }) => off <= most).toSorted((a, b) => a.off - b.off)[0]?.name
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
