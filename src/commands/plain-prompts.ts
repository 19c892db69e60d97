import type { ReadStream } from 'node:tty'
import type { Prompts } from './prompts.ts'

type Streams = Readonly<{
  stdin: Pick<ReadStream, 'on' | 'off' | 'pause' | 'resume' | 'setRawMode'>
  stderr: { write(text: string): unknown }
}>

/** Questions in plain lines, for a terminal whose cursor cannot be moved: nothing but text is written. */
export const plainPrompts = (streams: Streams): Prompts => {
  const say = (line: string): void => void streams.stderr.write(`${line}\n`)
  const asked = async (
    line: string,
    validate: (typed: string) => string | undefined,
    isShown = true,
  ): Promise<string | null> => {
    for (;;) {
      streams.stderr.write(`${line} `)
      const typed = await lineOf(streams, isShown)
      if (typed === null) return null
      const why = validate(typed)
      if (why === undefined) return typed
      say(why)
    }
  }
  const fine = (): undefined => undefined
  return {
    confirm: async ({ message, initialValue = false }) => {
      const typed = await asked(`${message} ${initialValue ? '[Y/n]' : '[y/N]'}`, (it) =>
        /^(y|yes|n|no|)$/i.test(it.trim()) ? undefined : 'write y or n',
      )
      if (typed === null) return null
      return typed.trim() === '' ? initialValue : /^y/i.test(typed.trim())
    },
    password: ({ message, validate = fine }) => asked(`${message}:`, validate, false),
    text: async ({ message, validate = fine, defaultValue = '' }) => {
      const usual = defaultValue === '' ? '' : ` [${defaultValue}]`
      const typed = await asked(`${message}${usual}`, validate)
      return typed === '' ? defaultValue : typed
    },
    select: async ({ message, options, initialValue }) => {
      say(message)
      for (const [n, { label, hint }] of options.entries()) say(`  ${n + 1}  ${label} (${hint})`)
      const usual = options.findIndex(({ value }) => value === initialValue) + 1
      const typed = await asked(`1 to ${options.length}${usual > 0 ? ` [${usual}]` : ''}`, (it) =>
        options[numberOf(it, usual) - 1] ? undefined : `write 1 to ${options.length}`,
      )
      return typed === null ? null : options[numberOf(typed, usual) - 1]!.value
    },
    intro: say,
    outro: say,
  }
}

const numberOf = (typed: string, usual: number): number =>
  typed.trim() === '' ? usual : Number(typed)

/** One line of what is typed; null where it was left (Ctrl-C, Ctrl-D, the end). The echo is ours, so that it can be none. */
const lineOf = ({ stdin, stderr }: Streams, isShown: boolean): Promise<string | null> =>
  new Promise((resolve) => {
    let line = ''
    const end = (given: string | null): void => {
      stdin.off('data', onData)
      stdin.off('end', onEnd)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
      resolve(given)
    }
    const onEnd = (): void => end(null)
    const onData = (bytes: Buffer | string): void => {
      for (const it of String(bytes)) {
        if (it === '\r' || it === '\n') return end(line)
        if (it === '\u0003' || (it === '\u0004' && line === '')) return end(null)
        if (it === '\u007f' || it === '\b') {
          if (isShown && line !== '') stderr.write('\b \b')
          line = line.slice(0, -1)
        } else if (it >= ' ') {
          if (line.length < MOST) line += it
          if (isShown) stderr.write(it)
        }
      }
    }
    stdin.setRawMode(true)
    stdin.on('data', onData)
    stdin.on('end', onEnd)
    stdin.resume()
  })

/** Longer than any connection string or key. */
const MOST = 16_384
