import {
  chmodSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { Fault } from '../engine/base/fault.ts'
import { paths } from '../engine/base/paths.ts'
import { parsePinned } from '../engine/identity/keys.ts'
import type { Pinned } from '../engine/identity/keys.ts'
import { pubKeyField } from '../engine/protocol/fields.ts'

/** The router that `fedai up` runs on this machine, as other terminals find it. */
const running = z.object({
  v: z.literal(1),
  key: pubKeyField,
  address: z.string().max(200),
  pid: z.number().int().positive(),
})
export type Running = z.output<typeof running>

type Env = Readonly<Record<string, string | undefined>>

/**
 * The router to ask: `--router`, else `FEDAI_ROUTER`, else the one that runs here.
 * @throws Fault `usage` where the text is no `npub@url`, `unavailable` `router.none` | `router.stale`
 */
export const findRouter = (option: string | undefined, env: Env = process.env): Pinned => {
  const given = option ?? env['FEDAI_ROUTER']
  if (given !== undefined)
    return parsePinned(given, option === undefined ? 'FEDAI_ROUTER' : '--router')
  const found = readRunning(env)
  if (!found)
    throw new Fault('unavailable', 'router.none', 'no router is known: none runs on this machine', {
      hint: 'start one in another terminal: fedai up\nor name one: --router npub1…@ws://HOST:PORT',
    })
  if (!lives(found.pid))
    throw new Fault('unavailable', 'router.stale', `the router at ${found.address} has ended`, {
      hint: 'start it again: fedai up',
    })
  return { key: found.key, address: found.address }
}

/**
 * What is written about the newest router that runs; else about the newest that has ended without
 * taking its word back; undefined where there is nothing, or nothing of sense.
 * @throws Fault `config` `paths.no_home` | `paths.relative`
 */
export const readRunning = (env: Env = process.env): Running | undefined => {
  const all = announced(paths(env).runtime)
  return (all.find(({ said }) => lives(said.pid)) ?? all[0])?.said
}

/**
 * Says where the router is, in a file of this process that only we can read; a reader never sees half
 * of it. Of several that run at once the newest is found; the others need `--router`.
 * @throws Fault `io` `router.announce`
 */
export const announce = (mine: Omit<Running, 'v' | 'pid'>, env: Env = process.env): void => {
  const file = ownFile(env)
  const draft = `${file}.tmp`
  try {
    mkdirSync(paths(env).runtime, { recursive: true, mode: 0o700 })
    writeFileSync(draft, JSON.stringify({ v: 1, ...mine, pid: process.pid }), { mode: 0o600 })
    chmodSync(draft, 0o600)
    renameSync(draft, file)
    for (const { file: other, said } of announced(paths(env).runtime))
      if (!lives(said.pid)) rmSync(other, { force: true })
  } catch (cause) {
    throw new Fault('io', 'router.announce', `${file} could not be written`, {
      hint: 'check that the folder is yours, or set FEDAI_HOME',
      cause,
    })
  }
}

/** Takes this process's own file away, and no other's. */
export const retract = (env: Env = process.env): void => rmSync(ownFile(env), { force: true })

/** True while a process of that number runs (whoever's it is: then kill says EPERM). */
export const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

const ownFile = (env: Env): string => join(paths(env).runtime, `up-${process.pid}.json`)

/** What the files of a folder say, the newest first; those of no sense are left out. */
const announced = (folder: string): { file: string; said: Running; at: number }[] =>
  filesIn(folder)
    .flatMap((file) => {
      try {
        const said = running.parse(JSON.parse(readFileSync(file, 'utf8')))
        return [{ file, said, at: statSync(file).mtimeMs }]
      } catch {
        return []
      }
    })
    .toSorted((a, b) => b.at - a.at)

/** More than that would not be ours. */
const MOST_FILES = 256

const filesIn = (folder: string): string[] => {
  try {
    return readdirSync(folder)
      .filter((name) => /^up-[0-9]{1,10}\.json$/.test(name))
      .slice(0, MOST_FILES)
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}
