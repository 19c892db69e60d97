/**
 * What a log line may carry: named, typed values. Ids, names, numbers and reasons; never a prompt, an
 * output, a secret or a connection string. What slips through is cut short (TEXT_MAX).
 */
export type Fields = Readonly<Record<string, string | number | bigint | boolean | null | undefined>>

/** Where daemons say what happened. `event` is a short name such as `node_joined`. */
export interface Log {
  info(event: string, fields?: Fields): void
  warn(event: string, fields?: Fields): void
  error(event: string, fields?: Fields): void
}

/** Says nothing: for tests, and for commands whose own output is all that people want. */
export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} }

type LogOptions = {
  /** Takes one line without its end. */
  write: (line: string) => void
  /** JSON lines, for machines; otherwise short lines. */
  json: boolean
  /** Milliseconds since 1970. */
  now: () => number
}

/** A log that writes one line per event; texts are cut short, control characters taken out. */
export const openLog = ({ write, json, now }: LogOptions): Log => {
  const line = json ? jsonLine : shortLine
  const at =
    (level: Level) =>
    (event: string, fields: Fields = {}) =>
      write(line(level, event, fields, now()))
  return { info: at('info'), warn: at('warn'), error: at('error') }
}

type Level = 'info' | 'warn' | 'error'

const jsonLine = (level: Level, event: string, fields: Fields, now: number): string =>
  JSON.stringify({
    time: new Date(now).toISOString(),
    level,
    event,
    ...Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)])),
  })

const shortLine = (level: Level, event: string, fields: Fields, now: number): string => {
  const time = new Date(now).toISOString().slice(11, 19)
  const rest = Object.entries(fields)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([name, value]) => `${name}=${short(plain(value))}`)
  return [time, ...(level === 'info' ? [] : [level]), event, ...rest].join(' ')
}

// People tell ids apart by their ends, and programs read JSON lines.
const short = (value: unknown): string =>
  String(value).replace(/^([0-9a-f]{6})[0-9a-f]{54}([0-9a-f]{4})$/, '$1…$2')

// Room for an id of 64 hex digits or an address, none for a conversation.
const TEXT_MAX = 120

// A peer chooses some of these texts: it must not be able to forge a line or steer a terminal.
const plain = (value: Fields[string]): Exclude<Fields[string], bigint> => {
  if (typeof value === 'bigint') return String(value)
  if (typeof value !== 'string') return value
  // eslint-disable-next-line no-control-regex
  return value.slice(0, TEXT_MAX).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ')
}
