import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
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

/** What is written about a running router; undefined where there is nothing, or nothing of sense. */
export const readRunning = (env: Env = process.env): Running | undefined => {
  try {
    return running.parse(JSON.parse(readFileSync(fileIn(env), 'utf8')))
  } catch {
    return undefined
  }
}

/**
 * Says where the router is, in a file that only we can read; a reader never sees half of it. Of two
 * that run at once the newer one is found; the other needs `--router`.
 * @throws Fault `io` `router.announce`
 */
export const announce = (mine: Omit<Running, 'v' | 'pid'>, env: Env = process.env): void => {
  const file = fileIn(env)
  const draft = `${file}.${process.pid}.tmp`
  try {
    mkdirSync(paths(env).runtime, { recursive: true, mode: 0o700 })
    writeFileSync(draft, JSON.stringify({ v: 1, ...mine, pid: process.pid }), { mode: 0o600 })
    chmodSync(draft, 0o600)
    renameSync(draft, file)
  } catch (cause) {
    throw new Fault('io', 'router.announce', `${file} could not be written`, {
      hint: 'check that the folder is yours, or set FEDAI_HOME',
      cause,
    })
  }
}

/** Takes the file away, unless another process has written its own since. */
export const retract = (env: Env = process.env): void => {
  if (readRunning(env)?.pid === process.pid) rmSync(fileIn(env), { force: true })
}

/** True while a process of that number runs (whoever's it is: then kill says EPERM). */
export const lives = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

const fileIn = (env: Env): string => join(paths(env).runtime, 'up.json')
