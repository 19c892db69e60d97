import { createReadStream } from 'node:fs'
import { Fault } from '../engine/base/fault.ts'
import { BOUNDS } from '../engine/base/bounds.ts'
import { jsonTrouble } from './json-trouble.ts'
import { showBytes } from './figures.ts'
import { openTerminal } from './terminal.ts'

/**
 * The text of a file, or of stdin for `-`, read no further than `limit` bytes.
 * @throws Fault `data` `input.absent` | `input.too_large` | `input.not_utf8`, `io` `input.unreadable`
 */
export const readText = async (
  path: string,
  limit: number = BOUNDS.inputBytes,
): Promise<string> => {
  const name = path === '-' ? 'stdin' : path
  const bytes = await readBytes(path, name, limit)
  try {
    // Without ignoreBOM a byte order mark at the start is dropped, which is what people mean.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Fault('data', 'input.not_utf8', `${name} is not UTF-8 text`, {
      hint: `convert it first: iconv -f latin1 -t utf-8 ${path === '-' ? '' : path}`.trim(),
      cause,
    })
  }
}

/**
 * Any JSON value; trouble is told with line and column.
 * @throws Fault `data` `input.not_json`
 */
export const parseJson = (text: string, name: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    const { line, column, what } = jsonTrouble(text)
    throw new Fault(
      'data',
      'input.not_json',
      `${name} is not JSON: line ${line}, column ${column}: ${what}`,
      {
        hint: `look at line ${line} of ${name}`,
        cause,
      },
    )
  }
}

const readBytes = async (path: string, name: string, limit: number): Promise<Uint8Array> => {
  const chunks: Uint8Array[] = []
  let size = 0
  const waits = setTimeout(() => sayWaits(name), WAITS_MS)
  try {
    const source = path === '-' ? Bun.stdin.stream() : createReadStream(await regular(path))
    for await (const chunk of source) {
      clearTimeout(waits)
      size += chunk.byteLength
      if (size > limit) throw tooLarge(name, limit)
      chunks.push(chunk)
    }
  } catch (cause) {
    throw readFault(cause, name)
  } finally {
    clearTimeout(waits)
  }
  return Buffer.concat(chunks)
}

/** A pipe that nobody writes into, or a person who does not know that it is their turn. */
const sayWaits = (name: string): void => {
  const { errIsTTY, say } = openTerminal()
  if (errIsTTY) say(`waits for what comes from ${name} · Ctrl-C leaves`)
}

const WAITS_MS = 2_000

// Pipes and devices are fine (`<(…)`); a folder is not, and Bun's own error does not say so.
const regular = async (path: string): Promise<string> => {
  const { stat } = await import('node:fs/promises')
  if ((await stat(path)).isDirectory())
    throw new Fault('data', 'input.absent', `${path} is a folder`, { hint: 'name a file' })
  return path
}

const tooLarge = (name: string, limit: number): Fault =>
  new Fault('data', 'input.too_large', `${name} is larger than ${showBytes(limit)}`, {
    hint:
      limit === BOUNDS.inputBytes
        ? `send at most ${showBytes(limit)} in one job`
        : `check that it is the right ${name === 'stdin' ? 'text' : 'file'}`,
  })

const readFault = (cause: unknown, name: string): unknown => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new Fault('data', 'input.absent', `there is no file ${name}`, {
      hint: 'check the name, or write - to read stdin',
      cause,
    })
  if (/^E[A-Z0-9]+$/.test(code))
    return new Fault('io', 'input.unreadable', `${name} cannot be read: ${code}`, {
      hint:
        code === 'EACCES' ? `make it readable: chmod u+r ${name}` : 'check the file and its disk',
      cause,
    })
  return cause
}
