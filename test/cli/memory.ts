import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

/** Where in a process a needle was found: its form, the address, and the mapping that it lies in. */
export type Hit = Readonly<{ form: string; address: bigint; mapping: string }>

/** True where this user may read the memory of another process of its own. */
export const canReadMemory = process.platform === 'linux' && process.getuid?.() === 0

/**
 * Searches all memory of a process that is in RAM for a text, as UTF-8, UTF-16, hex and base64 (at each
 * of the three offsets that it may have within a longer text). Needs the right to ptrace: root, where
 * the process forbids dumps.
 * @throws where the process has ended, or its memory may not be read
 */
export const findInMemory = (pid: number, text: string): Hit[] => {
  const needles = formsOf(text)
  const longest = Math.max(...needles.map(({ bytes }) => bytes.length))
  const memory = openSync(`/proc/${pid}/mem`, 'r')
  const pages = openSync(`/proc/${pid}/pagemap`, 'r')
  const hits: Hit[] = []
  try {
    for (const mapping of mappingsOf(pid))
      for (const run of presentRuns(pages, mapping)) {
        const chunk = Buffer.alloc(CHUNK_BYTES + longest)
        for (let at = run.start; at < run.end; at += BigInt(CHUNK_BYTES)) {
          const wanted = Math.min(chunk.length, Number(run.end - at))
          const read = readAt(memory, chunk, wanted, at)
          for (const { form, bytes } of needles) {
            const found = chunk.subarray(0, read).indexOf(bytes)
            if (found >= 0) hits.push({ form, address: at + BigInt(found), mapping: mapping.name })
          }
        }
      }
  } finally {
    closeSync(memory)
    closeSync(pages)
  }
  return hits
}

/** The forms in which a text may lie about, each as the bytes that would be there. */
export const formsOf = (text: string): { form: string; bytes: Buffer }[] => {
  const utf8 = Buffer.from(text)
  return [
    { form: 'UTF-8', bytes: utf8 },
    { form: 'UTF-16', bytes: Buffer.from(text, 'utf16le') },
    { form: 'hex', bytes: Buffer.from(utf8.toString('hex')) },
    ...[0, 1, 2].map((offset) => ({
      form: `base64 at ${offset}`,
      bytes: Buffer.from(base64At(utf8, offset)),
    })),
  ]
}

/** The letters of a base64 text that depend on these bytes alone, `offset` bytes after a boundary. */
const base64At = (bytes: Buffer, offset: number): string => {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replace(/=+$/, '')
  return whole.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6))
}

type Mapping = Readonly<{ start: bigint; end: bigint; name: string }>

/** What can be read and is no device. */
const mappingsOf = (pid: number): Mapping[] =>
  readFileSync(`/proc/${pid}/maps`, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const found = /^([0-9a-f]+)-([0-9a-f]+) r\S+ \S+ \S+ \S+\s*(.*)$/.exec(line)
      if (!found || /^\[v(var|syscall)/.test(found[3]!)) return []
      const [start, end] = [BigInt(`0x${found[1]}`), BigInt(`0x${found[2]}`)]
      return [{ start, end, name: found[3] || 'anonymous' }]
    })

/** The runs of pages that are there: JavaScriptCore reserves gigabytes that it never touches. */
function* presentRuns(pages: number, { start, end }: Mapping): Generator<Mapping> {
  const entries = new BigUint64Array(PAGES_AT_ONCE)
  let run: bigint | undefined
  let at = start
  while (at < end) {
    const count = Math.min(PAGES_AT_ONCE, Number((end - at) / PAGE_BYTES))
    const bytes = readAt(pages, new Uint8Array(entries.buffer), count * 8, (at / PAGE_BYTES) * 8n)
    if (bytes === 0) break
    for (let i = 0; i < bytes / 8; i++, at += PAGE_BYTES) {
      const here = entries[i]! >> 62n !== 0n
      if (here) run ??= at
      else if (run !== undefined) {
        yield { start: run, end: at, name: '' }
        run = undefined
      }
    }
  }
  if (run !== undefined) yield { start: run, end: at, name: '' }
}

const readAt = (file: number, into: Uint8Array, length: number, at: bigint): number => {
  try {
    return readSync(file, into, 0, length, at)
  } catch (error) {
    // A page that went away meanwhile.
    if (error instanceof Error && 'code' in error && ['EIO', 'EFAULT'].includes(String(error.code)))
      return 0
    throw error
  }
}

const PAGE_BYTES = 4_096n
const PAGES_AT_ONCE = 65_536
const CHUNK_BYTES = 8 * 1024 * 1024
