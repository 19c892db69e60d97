import { RunnerFault } from './runner.ts'

/** Most bytes of one line: a delta has a few, a whole vector some hundred thousand. */
const LINE_BYTES = 4 * 1024 * 1024

/**
 * The lines of a byte stream, without their ends (LF or CRLF). A line is decoded whole, so a
 * letter that was cut between two reads arrives intact. What follows the last line end comes last.
 * @throws RunnerFault `crashed` for a line over `maxBytes` or one that is not UTF-8
 */
export async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes = LINE_BYTES,
): AsyncGenerator<string, void, undefined> {
  let parts: Uint8Array[] = []
  let size = 0
  const keep = (part: Uint8Array) => {
    size += part.length
    if (size > maxBytes)
      throw new RunnerFault('crashed', `the runner sent a line of more than ${maxBytes} bytes`)
    parts.push(part)
  }
  const take = (): string => {
    const line = decode(parts.length === 1 ? parts[0]! : Buffer.concat(parts))
    parts = []
    size = 0
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, start)) {
      keep(chunk.subarray(start, end))
      yield take()
      start = end + 1
    }
    if (start < chunk.length) keep(chunk.subarray(start))
  }
  if (size > 0) yield take()
}

const LF = 10
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const decode = (bytes: Uint8Array): string => {
  try {
    return decoder.decode(bytes)
  } catch (cause) {
    throw new RunnerFault('crashed', 'the runner sent bytes that are not UTF-8', { cause })
  }
}
