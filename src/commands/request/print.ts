import { Fault, isFault } from '../../engine/base/fault.ts'
import { showMsat } from '../../engine/base/money.ts'
import { shortNpub } from '../../engine/identity/keys.ts'
import type { News, Outcome } from '../../engine/roles/client/news.ts'
import type { Skipped } from '../../engine/roles/client/several.ts'
import type { Task } from '../../engine/tasks/task.ts'
import { count, showMs } from '../figures.ts'
import { type Terminal, harmless } from '../terminal.ts'
import type { Namer } from '../trust/set.ts'
import { eventLine, isEvent, skippedLine } from './lines.ts'
import {
  closingLines,
  eventObject,
  feeNote,
  pieceObject,
  resultObject,
  skippedObject,
} from './result.ts'
import type { RequestEvent } from './shape.ts'

/** Shows a job while it goes on, and how it ended. */
export interface Printer {
  news(news: News): Promise<void>
  /** A router was passed over for the next. */
  skipped(skipped: Skipped): Promise<void>
  /** @returns why the result is on stdout and not where it was to be; whoever reads that has it */
  end(outcome: Outcome): Promise<Fault | undefined>
}

/**
 * Text as it arrives on stdout; progress and the closing lines on stderr.
 * @param options.several true where more follows on stdout: then each text ends its line
 * @param options.show keys by their names
 */
export const textPrinter = (
  terminal: Terminal,
  task: Task,
  started: number,
  { several = false, show = shortNpub }: { several?: boolean; show?: Namer } = {},
): Printer => {
  const sayCeiling = ceilingSayer(terminal)
  let streamed = ''
  let pieces = 0
  return {
    news: async (news) => {
      sayCeiling(news)
      if (news.type === 'piece') {
        pieces++
        if (news.text !== '') {
          terminal.progress('')
          streamed = news.text
          await terminal.emit(shown(news.text, terminal))
        }
      }
      // On a terminal a text that is under way shares its line with nothing.
      const apart = terminal.outIsTTY && streamed !== '' && !streamed.endsWith('\n') ? '\n' : ''
      if (isEvent(news)) terminal.say(`${apart}${eventLine(news, show)}`)
      else if (streamed === '') terminal.progress(goingOn(news, started, pieces, show))
    },
    skipped: async (it) => terminal.say(skippedLine(it, show, terminal.paint)),
    end: async (outcome) => {
      terminal.progress('')
      // A task whose output is no running text (rerank, embed) is shown when it is whole.
      if (streamed === '' && outcome.output !== null && !isEmpty(outcome))
        await terminal.emit(shown(withEnd(task.show(outcome.output)), terminal))
      // On a terminal the next prompt needs a line of its own; a pipe gets the text as it is.
      else if ((several || terminal.outIsTTY) && streamed !== '' && !streamed.endsWith('\n'))
        await terminal.emit('\n')
      sayEnd(terminal, outcome, show)
      return undefined
    },
  }
}

/** One object at the end; with `stream` also one line for each piece, and for each event as it happens. */
export const jsonPrinter = (terminal: Terminal, stream: boolean): Printer => {
  const events: RequestEvent[] = []
  const emit = (object: object) => terminal.emit(`${JSON.stringify(object)}\n`)
  const happened = async (event: RequestEvent): Promise<void> => {
    events.push(event)
    if (stream) await emit(event)
  }
  return {
    news: async (news) => {
      if (isEvent(news)) await happened(eventObject(news))
      else if (stream && news.type === 'piece') await emit(pieceObject(news))
    },
    skipped: (it) => happened(skippedObject(it)),
    end: async (outcome) => {
      await emit(resultObject(outcome, events))
      return undefined
    },
  }
}

/** Nothing on stdout: the result goes into a file, whole, beside its progress on stderr. */
export const filePrinter = (
  terminal: Terminal,
  task: Task,
  file: string,
  started: number,
  show: Namer = shortNpub,
): Printer => {
  const sayCeiling = ceilingSayer(terminal)
  let pieces = 0
  const events: RequestEvent[] = []
  return {
    news: async (news) => {
      sayCeiling(news)
      if (news.type === 'piece') pieces++
      if (!isEvent(news)) return terminal.progress(goingOn(news, started, pieces, show))
      events.push(eventObject(news))
      terminal.say(eventLine(news, show))
    },
    skipped: async (it) => {
      events.push(skippedObject(it))
      terminal.say(skippedLine(it, show, terminal.paint))
    },
    end: async (outcome) => {
      terminal.progress('')
      const text = terminal.json
        ? `${JSON.stringify(resultObject(outcome, events))}\n`
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
      sayEnd(terminal, outcome, show)
      return fault && terminal.took() ? onStdout(fault) : fault
    },
  }
}

/** Says before anything is paid or sent what the job may cost; again where it is offered anew at another price. */
const ceilingSayer = (terminal: Terminal): ((news: News) => void) => {
  let said = ''
  return (news) => {
    if (news.type !== 'offers') return
    const line = `costs at most ${showMsat(news.ceiling)}${feeNote(news.fee)}`
    if (line !== said) terminal.say(line)
    said = line
  }
}

const written = async (file: string, text: string): Promise<Fault | undefined> => {
  const { writeWhole } = await import('../write.ts')
  try {
    await writeWhole(file, text)
    return undefined
  } catch (error) {
    if (!isFault(error)) throw error
    return error
  }
}

const onStdout = (cause: Fault): Fault =>
  new Fault(cause.kind, cause.code, `${cause.message}; the result is on stdout instead`, {
    ...(cause.hint !== undefined && { hint: cause.hint }),
    cause,
  })

// A model's output on a terminal has no colours: what it sets, nobody would set back.
const shown = (text: string, terminal: Terminal): string =>
  terminal.outIsTTY ? harmless(text) : text

const sayEnd = (terminal: Terminal, outcome: Outcome, show: Namer): void => {
  const lines = closingLines(outcome, terminal.paint, show)
  if (lines.length === 0) return
  terminal.say('')
  for (const line of lines) terminal.say(line)
}

// No piece, nothing to show: `join` makes an empty output of nothing for some tasks.
const isEmpty = (outcome: Outcome): boolean => outcome.times.first === null

const withEnd = (text: string): string => (text.endsWith('\n') ? text : `${text}\n`)

const goingOn = (news: News, started: number, pieces: number, show: Namer): string => {
  const since = showMs(performance.now() - started)
  switch (news.type) {
    case 'offers':
      return `${count(news.lines.length, 'offer')} · ${since} · Ctrl-C stops`
    case 'accepted':
      return `accepted by ${show(news.node)} · ${news.model} · first in ~${showMs(news.etaMs)}`
    case 'queued':
      return `${count(news.place, 'job')} before it on this node · ${since} · Ctrl-C stops`
    case 'started':
      return `reading the input · ${since}`
    case 'piece':
      return `${count(pieces, 'piece')} · ${since}`
    case 'funding':
      return `asking ${show(news.node)} for an invoice · ${since}`
    case 'held':
      return `${showMsat(news.msat)} waits at ${show(news.node)} · ${since}`
    case 'fee':
    case 'proof':
    case 'paying':
    case 'paid':
    case 'statement':
    case 'locked':
    case 'moved':
    case 'link':
    case 'again':
    case 'waiting':
    case 'clock':
    case 'ended':
    case 'other_invoice':
    case 'topped_up':
      return ''
  }
}
