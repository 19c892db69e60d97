import { Fault, isFault } from '../../engine/base/fault.ts'
import { showMsat } from '../../engine/base/money.ts'
import { shortNpub } from '../../engine/identity/keys.ts'
import type { News, Outcome } from '../../engine/roles/client/news.ts'
import type { Task } from '../../engine/tasks/task.ts'
import { count, showMs } from '../figures.ts'
import { type Terminal, harmless } from '../terminal.ts'
import { closingLines, pieceObject, resultObject } from './result.ts'

/** Shows a job while it goes on, and how it ended. */
export interface Printer {
  news(news: News): Promise<void>
  end(outcome: Outcome): Promise<void>
}

/**
 * Text as it arrives on stdout; progress and the closing lines on stderr.
 * @param several true where more follows on stdout: then each text ends its line
 */
export const textPrinter = (
  terminal: Terminal,
  task: Task,
  started: number,
  several = false,
): Printer => {
  let streamed = ''
  let pieces = 0
  return {
    news: async (news) => {
      if (news.type === 'piece') {
        pieces++
        if (news.text !== '') {
          terminal.progress('')
          streamed = news.text
          await terminal.emit(shown(news.text, terminal))
        }
      }
      if (streamed === '') terminal.progress(goingOn(news, started, pieces))
    },
    end: async (outcome) => {
      terminal.progress('')
      // A task whose output is no running text (rerank, embed) is shown when it is whole.
      if (streamed === '' && outcome.output !== null && !isEmpty(outcome))
        await terminal.emit(shown(withEnd(task.show(outcome.output)), terminal))
      // On a terminal the next prompt needs a line of its own; a pipe gets the text as it is.
      else if ((several || terminal.outIsTTY) && streamed !== '' && !streamed.endsWith('\n'))
        await terminal.emit('\n')
      sayEnd(terminal, outcome)
    },
  }
}

/** One object at the end; with `stream` also one line for each piece. */
export const jsonPrinter = (terminal: Terminal, stream: boolean): Printer => ({
  news: async (news) => {
    if (stream && news.type === 'piece')
      await terminal.emit(`${JSON.stringify(pieceObject(news))}\n`)
  },
  end: (outcome) => terminal.emit(`${JSON.stringify(resultObject(outcome))}\n`),
})

/** Nothing on stdout: the result goes into a file, whole, beside its progress on stderr. */
export const filePrinter = (
  terminal: Terminal,
  task: Task,
  file: string,
  started: number,
): Printer => {
  let pieces = 0
  return {
    news: async (news) => {
      if (news.type === 'piece') pieces++
      terminal.progress(goingOn(news, started, pieces))
    },
    end: async (outcome) => {
      terminal.progress('')
      const text = terminal.json
        ? `${JSON.stringify(resultObject(outcome))}\n`
        : outcome.output === null || isEmpty(outcome)
          ? ''
          : withEnd(task.show(outcome.output))
      // FILE is written only by a job that ended well; what a failed one left has a name that says so.
      const target = outcome.fault ? `${file}.partial` : file
      const fault = text === '' ? undefined : await written(target, text)
      // It is paid for: what finds no place in the file must not be lost.
      if (fault) await terminal.emit(terminal.json ? text : shown(text, terminal))
      else if (text !== '')
        terminal.say(outcome.fault ? `what came is in ${target}` : `written to ${target}`)
      sayEnd(terminal, outcome)
      if (fault) throw fault
    },
  }
}

const written = async (file: string, text: string): Promise<Fault | undefined> => {
  const { writeWhole } = await import('../write.ts')
  try {
    await writeWhole(file, text)
    return undefined
  } catch (error) {
    if (!isFault(error)) throw error
    return new Fault(error.kind, error.code, `${error.message}; the result is on stdout instead`, {
      ...(error.hint !== undefined && { hint: error.hint }),
      cause: error,
    })
  }
}

// A model's output on a terminal has no colours: what it sets, nobody would set back.
const shown = (text: string, terminal: Terminal): string =>
  terminal.outIsTTY ? harmless(text) : text

const sayEnd = (terminal: Terminal, outcome: Outcome): void => {
  const lines = closingLines(outcome, terminal.paint)
  if (lines.length === 0) return
  terminal.say('')
  for (const line of lines) terminal.say(line)
}

// No piece, nothing to show: `join` makes an empty output of nothing for some tasks.
const isEmpty = (outcome: Outcome): boolean => outcome.times.first === null

const withEnd = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)

const goingOn = (news: News, started: number, pieces: number): string => {
  const since = showMs(performance.now() - started)
  switch (news.type) {
    case 'offers':
      return `${count(news.lines.length, 'offer')}, at most ${showMsat(news.ceiling)} · ${since} · Ctrl-C stops`
    case 'accepted':
      return `accepted by ${shortNpub(news.node)} · ${news.model} · first in ~${showMs(news.etaMs)}`
    case 'queued':
      return `${count(news.place, 'job')} before it on this node · ${since} · Ctrl-C stops`
    case 'started':
      return `reading the input · ${since}`
    case 'moved':
      return `moved on: ${news.reason} · ${since}`
    case 'piece':
      return `${count(pieces, 'piece')} · ${since}`
    case 'ended':
      return ''
  }
}
