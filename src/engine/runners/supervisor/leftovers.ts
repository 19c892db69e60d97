import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '../../base/fault.ts'
import { lives, startOf } from '../../base/process.ts'

const processFields = z.object({
  pid: z.number().int().min(2),
  started: z.string().min(1).max(100).nullable(),
})

/** What is written of a process that must not outlive us: which it is, and who started it. */
const record = z.object({ v: z.literal(1), ...processFields.shape, owner: processFields })

/** The list of one runtime folder: one file for each runner that is up, `NAME.json` beside its `NAME.sock`. */
export interface Leftovers {
  /** A path that no other process uses, for files that begin with it. */
  place(name: string): string
  /** Writes down a process that was just started. */
  note(name: string, pid: number): void
  /** Takes away what was written, and its socket. */
  strike(name: string): void
}

/**
 * Opens the list, after ending what an earlier fedai left behind. The guard in each runner's group
 * (child.ts) does that at once, unless it was killed too. A process is known by its number and by when
 * it started, since numbers are used again; where the system does not say when (macOS, Windows), nothing
 * is ever ended by its number.
 * @param runtime the runtime folder
 * @throws Fault `io` `runner.folder`
 */
export const openLeftovers = (runtime: string): Leftovers => {
  const folder = join(runtime, 'runners')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    // Whoever can open the socket of a runner can use it, and ask it what others ask.
    chmodSync(folder, 0o700)
    reap(folder)
  } catch (cause) {
    throw new Fault('io', 'runner.folder', `${folder} could not be used`, {
      hint: 'check that the folder is yours, or set FEDAI_HOME',
      cause,
    })
  }
  const owner = { pid: process.pid, started: startOf(process.pid) }
  const place = (name: string) => join(folder, `${process.pid}-${name}`)
  return {
    place,
    note(name, pid) {
      const said: z.output<typeof record> = { v: 1, pid, started: startOf(pid), owner }
      try {
        writeFileSync(`${place(name)}.json`, JSON.stringify(said), { mode: 0o600 })
      } catch {
        // A full disk is no reason to stop: the guard needs no list.
      }
    },
    strike(name) {
      for (const ending of ['.json', '.sock']) rmSync(place(name) + ending, { force: true })
    },
  }
}

/** More than that would not be ours. */
const MOST_FILES = 256

const reap = (folder: string): void => {
  const names = readdirSync(folder).filter((name) => /^[0-9]{1,10}-[\w-]+\.json$/.test(name))
  for (const name of names.slice(0, MOST_FILES)) {
    const file = join(folder, name)
    const said = read(file)
    if (said && lives(said.owner)) continue
    if (said && said.started !== null && lives(said)) killGroup(said.pid)
    rmSync(file, { force: true })
    rmSync(file.replace(/json$/, 'sock'), { force: true })
  }
}

const read = (file: string): z.output<typeof record> | undefined => {
  try {
    return record.parse(JSON.parse(readFileSync(file, 'utf8')))
  } catch {
    return undefined
  }
}

const killGroup = (pid: number): void => {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended meanwhile.
  }
}
