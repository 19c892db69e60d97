import { linesOf } from './lines.ts'
import { RunnerFault } from './runner.ts'

/** Most UTF-16 units of one event's data, over all its lines. */
const EVENT_CHARS = 8 * 1024 * 1024

/** One server-sent event (WHATWG HTML, 9.2): its type, `message` where none was given, and its data. */
export type ServerEvent = Readonly<{ type: string; data: string }>

/**
 * The events of a server-sent stream. Comments and unknown fields are skipped. A field `error`,
 * which old llama-servers sent instead of data, comes as an event of that type. An event without
 * its empty line at the very end still counts: some servers end with `data: [DONE]` and nothing.
 * @throws RunnerFault `crashed` for a line or an event that is too long, or bytes that are no UTF-8
 */
export async function* serverEvents(
  chunks: AsyncIterable<Uint8Array>,
  maxLineBytes?: number,
): AsyncGenerator<ServerEvent, void, undefined> {
  let type = ''
  let data: string[] = []
  let size = 0
  const take = (): ServerEvent => {
    const event = { type: type || 'message', data: data.join('\n') }
    type = ''
    data = []
    size = 0
    return event
  }
  for await (const line of linesOf(chunks, maxLineBytes)) {
    if (line === '') {
      if (data.length > 0) yield take()
      type = ''
      continue
    }
    const [field, value] = fieldOf(line)
    if (field === 'event') type = value
    if (field === 'error') type = 'error'
    if (field !== 'data' && field !== 'error') continue
    size += value.length
    if (size > EVENT_CHARS)
      throw new RunnerFault('crashed', `the runner sent an event of more than ${EVENT_CHARS} bytes`)
    data.push(value)
  }
  if (data.length > 0) yield take()
}

const fieldOf = (line: string): [string, string] => {
  const colon = line.indexOf(':')
  if (colon < 0) return [line, '']
  const value = line.slice(colon + 1)
  return [line.slice(0, colon), value.startsWith(' ') ? value.slice(1) : value]
}
