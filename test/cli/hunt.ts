import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Place } from './cli.ts'
import { formsOf } from './memory.ts'

/** Core files would be written, if they were. */
export const CORES = { via: ['sh', '-c', 'ulimit -c unlimited; exec "$0" "$@"'] }

/** Whether a secret stands there in any of its forms; one in hex also as its bytes. */
export const holds = (bytes: Uint8Array, text: string): boolean =>
  [...formsOf(text).map((form) => form.bytes), ...rawOf(text)].some((form) =>
    Buffer.from(bytes).includes(form),
  )

const rawOf = (text: string): Buffer[] =>
  /^[0-9a-f]{64}$/.test(text) ? [Buffer.from(text, 'hex')] : []

/**
 * Looks for secrets in all files of a home but those that are made for them.
 * @param what what is going on, for the finds
 * @returns a line for each that was found
 */
export const search = (
  at: Place,
  what: string,
  secrets: readonly string[],
  allowed: RegExp,
): string[] =>
  [...new Bun.Glob('**/*').scanSync({ cwd: at.folder, dot: true })]
    .filter((path) => !allowed.test(path))
    .flatMap((path) => {
      const bytes = readFileSync(join(at.folder, path))
      return secrets.filter((it) => holds(bytes, it)).map(() => `${what}: ${path}`)
    })

/** The same in the arguments and variables of all processes. */
export const searchProcesses = (what: string, secrets: readonly string[]): string[] => {
  const leaks: string[] = []
  for (const pid of readdirSync('/proc').filter((it) => /^\d+$/.test(it)))
    for (const file of ['cmdline', 'environ'])
      try {
        const bytes = readFileSync(`/proc/${pid}/${file}`)
        // Of the tests themselves, too: what they start inherits nothing.
        for (const secret of secrets)
          if (holds(bytes, secret)) leaks.push(`${what}: ${file} of ${pid}`)
      } catch {
        // It has ended, or is somebody else's.
      }
  return leaks
}

/** Whether a process that crashes here leaves a core file; it is removed. */
export const coreOf = async (at: Place): Promise<boolean> => {
  const script = 'ulimit -c unlimited; sh -c "kill -ABRT \\$\\$"; ls core* && rm -f core*'
  const child = Bun.spawn(['sh', '-c', script], { cwd: at.folder, stderr: 'ignore' })
  return (await new Response(child.stdout).text()).includes('core')
}
