import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'

/** What this machine lacks, as a sentence for people. */
export type Missing = Readonly<{ missing: string }>

/** Where progress is said, line by line. Default: stderr. */
export type Say = (line: string) => void

export const sayToStderr: Say = (line) => void process.stderr.write(`${line}\n`)

/** Where fetched things lie: `FEDAI_CACHE`, else `fedai` in the XDG cache folder. */
export const cacheFolder = (): string =>
  process.env.FEDAI_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'fedai')

export const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** True where a program of that name can be run. */
export const hasProgram = (name: string): boolean => Bun.which(name) !== null

/**
 * Makes a folder inside `parent`, all or nothing: `build` fills a draft and says its name, and only then
 * is it moved to its place. Two processes may do so at once; the first one's stays.
 * @returns the folder's path
 */
export const buildFolder = async (
  parent: string,
  build: (draft: string) => Promise<string>,
): Promise<string> => {
  await mkdir(parent, { recursive: true })
  const draft = await mkdtemp(join(parent, '.draft-'))
  try {
    const folder = join(parent, await build(draft))
    await rename(draft, folder).catch(async (error: unknown) => {
      if (!(await exists(folder))) throw error
    })
    return folder
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

/** Runs a program quietly. Throws an Error whose message has the last lines that it wrote to stderr. */
export const runQuietly = async (
  command: string,
  args: readonly string[],
  options: Readonly<{ cwd?: string; env?: Record<string, string>; minutes?: number }> = {},
): Promise<string> => {
  const result = await execa(command, args, {
    ...(options.cwd !== undefined && { cwd: options.cwd }),
    env: { LC_ALL: 'C', ...options.env },
    stdin: 'ignore',
    reject: false,
    maxBuffer: 4 * 1024 * 1024,
    timeout: (options.minutes ?? 10) * 60_000,
  })
  if (!result.failed) return result.stdout
  const said = result.stderr.trim().split('\n').slice(-3).join('; ')
  throw new Error(`${command} ${args[0] ?? ''} failed: ${said || result.shortMessage}`)
}

/**
 * Says every two seconds how much of a download lies in `folder`, while `work` goes on.
 * @param megabytes what is expected in all
 */
export const withProgress = async <T>(
  what: string,
  folder: string,
  megabytes: number,
  say: Say,
  work: Promise<T>,
): Promise<T> => {
  say(`fetching ${what}, ${megabytes} MB`)
  const timer = setInterval(() => {
    void sizeOf(folder).then((bytes) => {
      if (bytes > 0) say(`  ${Math.min(megabytes, Math.round(bytes / 1e6))} of ${megabytes} MB`)
    })
  }, 2_000)
  try {
    return await work
  } finally {
    clearInterval(timer)
  }
}

const sizeOf = async (folder: string): Promise<number> => {
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (it) => (it.isFile() ? it.size : 0),
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}

/** What went wrong, as what is missing: a fetch that fails leaves the rest of fedai whole. */
export const asMissing = (what: string, error: unknown): Missing => ({
  missing: `${what}: ${error instanceof Error ? error.message : String(error)}`,
})
