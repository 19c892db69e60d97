import type { Fault } from '../engine/base/fault.ts'
import { holdsSecret, secretless } from './secretless.ts'
import { isLost, noteClosed, noteLost, outputFault } from './stdout.ts'

/** What a command may say and where. stdout carries results and nothing else; stderr carries talk. */
export interface Terminal {
  /** A person is watching stdout / stderr / can answer on stdin. */
  readonly outIsTTY: boolean
  readonly errIsTTY: boolean
  readonly inIsTTY: boolean
  /** The cursor can be moved, so that a line can be written over; not where TERM is dumb, or no width is known. */
  readonly moves: boolean
  /** Colour, bold and dim may be used where a person watches: neither NO_COLOR nor a dumb terminal. */
  readonly colour: boolean
  readonly canAsk: boolean
  readonly json: boolean
  readonly quiet: boolean
  /** Aborted once stdout takes nothing more (`| head -1`, a full disk): whatever still runs should stop. */
  readonly gone: AbortSignal
  /**
   * Puts text on stdout as it is; resolves when the system has taken it, or never will: then the
   * command ends with `outputFault`, unless it was the reader who left.
   */
  emit(text: string): Promise<void>
  /** Whether the system has taken all that was emitted: then whatever it came from may be forgotten. */
  took(): boolean
  /** One line of talk on stderr; nothing with `--quiet` or `--json`. */
  say(line: string): void
  /** What is going on, on a line that the next one overwrites; only where a person watches. */
  progress(line: string): void
  readonly paint: Paint
}

/** Colours that mean something (voice, rule 5); plain text where colour is off. */
export type Paint = Readonly<Record<'dim' | 'green' | 'yellow' | 'red', (text: string) => string>>

/** What stands behind a terminal; the process's own streams by default. */
export type Streams = {
  stdin: { isTTY?: boolean }
  stdout: Output
  stderr: Output
  env: Readonly<Record<string, string | undefined>>
}
type Output = {
  isTTY?: boolean
  columns?: number
  write(text: string, done?: (error?: Error | null) => void): boolean
  on(event: 'error', listener: (error: Error) => void): unknown
}

/** Opens the terminal of one command. `isTTY` is undefined, not false, on a pipe: hence `Boolean`. */
export const openTerminal = (
  options: { json?: boolean | undefined; quiet?: boolean | undefined } = {},
  streams: Streams = process,
): Terminal => {
  const { stdout, stderr } = streams
  const outIsTTY = Boolean(stdout.isTTY)
  const errIsTTY = Boolean(stderr.isTTY)
  const isDumb = streams.env['TERM'] === 'dumb'
  // `docker exec -t` gives a terminal of 0 columns: whatever counts lines there writes a letter on each.
  const moves = !isDumb && stderr.columns !== 0
  const colour = !isDumb && !streams.env['NO_COLOR']
  const silent = Boolean(options.quiet) || Boolean(options.json)
  const gone = new AbortController()
  let shown = false
  const wipe = (): string => {
    const was = shown
    shown = false
    return was ? '\r\u001b[2K' : ''
  }
  const failed = (error: Error): void => {
    noteLost(streams, error)
    gone.abort()
  }
  let asked = false
  stdout.on('error', failed)
  stderr.on('error', () => {})

  return {
    outIsTTY,
    errIsTTY,
    inIsTTY: Boolean(streams.stdin.isTTY),
    moves,
    colour,
    canAsk: Boolean(streams.stdin.isTTY) && errIsTTY && !options.json,
    json: Boolean(options.json),
    quiet: Boolean(options.quiet),
    gone: gone.signal,
    paint: paintOf(errIsTTY && colour),
    emit: async (text) => {
      if (gone.signal.aborted || text === '') return
      if (!asked) await noteClosed(streams)
      asked = true
      if (shown) stderr.write(wipe())
      // Waiting for the callback is what keeps output whole: a full pipe takes only 64 KiB at once.
      await new Promise<void>((resolve) => {
        stdout.write(outIsTTY ? steady(text) : text, (error) => {
          if (error) failed(error)
          resolve()
        })
      })
    },
    // A reader that has left lost something, too, even where that is no fault.
    took: () => !gone.signal.aborted && !isLost(streams),
    say: (line) => {
      if (!silent) stderr.write(`${wipe()}${errIsTTY ? steady(line) : line}\n`)
    },
    progress: (line) => {
      if (silent || !errIsTTY || !moves) return
      const text = harmless(line).slice(0, Math.max(20, (stderr.columns || 80) - 1))
      stderr.write(line === '' ? wipe() : `${wipe()}${text}`)
      shown = line !== ''
    },
  }
}

/**
 * Says what went wrong, in three parts (voice, rule 6), or as one JSON object.
 * @returns the exit code
 */
export const conclude = async (
  error: unknown,
  options: { json: boolean; verbose?: boolean },
  streams: Streams = process,
): Promise<number> => {
  const { EXIT_CODES, asFault } = await import('../engine/base/fault.ts')
  const found =
    (isUsage(error) ? await usageFault(error) : asFault(error)) ?? (await outputFault(streams))
  if (!found) return 0
  const fault = await quotable(found)
  const { paint } = openTerminal({}, streams)
  const text = options.json ? jsonError(fault) : plainError(fault, paint)
  await new Promise<void>((resolve) => streams.stderr.write(`${text}\n`, () => resolve()))
  if (fault.kind === 'bug' && fault.cause instanceof Error && streams.env['FEDAI_DEBUG'])
    streams.stderr.write(`${secretless(String(fault.cause.stack))}\n`)
  return EXIT_CODES[fault.kind]
}

type UsageError = Error & { code: string; exitCode: number; command?: string }

// By `code`, not by class: minification renames classes, and two copies of commander may be about.
const isUsage = (error: unknown): error is UsageError =>
  error instanceof Error && 'code' in error && String(error.code).startsWith('commander.')

/** commander's own words as a Fault; undefined where it only showed the help. */
const usageFault = async (error: UsageError): Promise<Fault | undefined> => {
  if (error.exitCode === 0 || error.code === 'commander.help') return undefined
  const { Fault } = await import('../engine/base/fault.ts')
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n')
  const meant = /\(Did you mean (one of )?(.*)\?\)/.exec(rest.join(' '))?.[2]
  const name = error.code.slice('commander.'.length)
  return new Fault(
    'usage',
    `usage.${name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}`,
    first,
    {
      hint: meant
        ? `try ${meant.replace(/, /g, ' or ')}`
        : `${fromStdin(first, error)}see: ${error.command ?? 'fedai'} --help`,
    },
  )
}

/** Who pipes into a command that wants a file may not know its word for stdin. */
const fromStdin = (said: string, { code, command }: UsageError): string =>
  code === 'commander.missingArgument' && said.endsWith("'file'")
    ? `name one, or write - to read stdin: ${command} -\n`
    : ''

/** The same without secrets that it quotes; one on the command line has been seen, and that is said. */
const quotable = async (fault: Fault): Promise<Fault> => {
  const { kind, code, message, hint = '', cause } = fault
  const { Fault } = await import('../engine/base/fault.ts')
  const isSeen = holdsSecret(process.argv.slice(2)) && !hint.includes(SEEN)
  const hints = [
    secretless(hint),
    isSeen ? `${SEEN}: what was on the command line may be known` : '',
  ]
  const all = hints.filter(Boolean).join('\n')
  return new Fault(kind, code, secretless(message), { ...(all && { hint: all }), cause })
}

const SEEN = 'make a new one in the wallet'

const jsonError = ({ code, message, hint }: Fault): string =>
  JSON.stringify({ error: { code, message, hint: hint ?? null } })

const plainError = (fault: Fault, paint: Paint): string => {
  if (fault.kind === 'interrupted') return paint.yellow(fault.message)
  const bug = fault.kind === 'bug' ? ['this is a bug in fedai; FEDAI_DEBUG=1 shows where'] : []
  const hints = [...(fault.hint?.split('\n') ?? []), ...bug].map((line) => `\n  ${line}`)
  return `${paint.red('error:')} ${harmless(`${fault.message}${hints.join('')}`)}`
}

const paintOf = (colour: boolean): Paint => {
  const painted = (code: number) => (text: string) =>
    colour ? `\u001b[${code}m${text}\u001b[0m` : text
  return { dim: painted(2), green: painted(32), yellow: painted(33), red: painted(31) }
}

/**
 * Text that a terminal can be shown: what a node or a model wrote must not move the cursor, set a
 * colour, the title or the clipboard. Tabs and line ends stay.
 * @param mark what stands where something was taken out
 */
export const harmless = (text: string, mark = ''): string =>
  text.replace(SEQUENCE, mark).replace(CONTROL, mark)

/** The same for text of ours: colours of `paint` stay, where each ends before anything else begins. */
const steady = (text: string): string => {
  let out = ''
  let at = 0
  for (const { 0: whole, 1: colour, 2: inner, index } of text.matchAll(PAINTED)) {
    out += `${harmless(text.slice(at, index))}${colour}${harmless(inner!)}\u001b[0m`
    at = index + whole.length
  }
  return out + harmless(text.slice(at))
}

// CSI and OSC whole (ECMA-48), so that no `[31m` is left to be read; what is not whole loses its ESC.
const SEQUENCE =
  // eslint-disable-next-line no-control-regex
  /(?:\u001b\[|\u009b)[0-?]{0,64}[ -/]{0,8}[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]{0,4096}(?:\u0007|\u001b\\|\u009c)/g
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g
// eslint-disable-next-line no-control-regex
const PAINTED = /(\u001b\[(?:2|3[123])m)([^\u001b]*)\u001b\[0m/g
