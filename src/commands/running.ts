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
import { lives, startOf } from '../engine/base/process.ts'

const common = {
  v: z.literal(1),
  key: pubKeyField,
  pid: z.number().int().positive(),
  /** When the process started, as far as the system says: tells it from a later one of its number. */
  started: z.string().max(40).nullable(),
}
const router = z.object({ ...common, role: z.literal('router'), address: z.string().max(200) })
const node = z.object({ ...common, role: z.literal('node') })
const running = z.discriminatedUnion('role', [router, node])

/** A router or a node that runs on this machine, as other processes of this user find it. */
export type Running = z.output<typeof running>
export type RunningRouter = z.output<typeof router>

type Env = Readonly<Record<string, string | undefined>>
type Said<T> = T extends Running ? Omit<T, 'v' | 'pid' | 'started'> : never

/**
 * The routers to use, in order: those that are named, else all that run here, the newest first.
 * @param named each `npub@url` (flag `--router` or setting `routers`)
 * @returns one at least
 * @throws Fault `usage` where a text is no `npub@url`, `unavailable` `router.none` | `router.stale`
 */
export const findRouters = (named: readonly string[], env: Env = process.env): Pinned[] => {
  if (named.length > 0) return named.map((it) => parsePinned(it, '--router'))
  const found = routersHere(env)
  if (found.length > 0) return found.map(({ key, address }) => ({ key, address }))
  const [ended] = announced(env).filter(({ said }) => said.role === 'router')
  if (ended?.said.role === 'router')
    throw new Fault(
      'unavailable',
      'router.stale',
      `the router at ${ended.said.address} has ended`,
      {
        hint: 'start it again: fedai up, or fedai serve router',
      },
    )
  throw new Fault('unavailable', 'router.none', 'no router is known: none runs on this machine', {
    hint: 'start one in another terminal: fedai up, or fedai serve router\nor name one: --router npub1…@ws://HOST:PORT',
  })
}

/**
 * The routers that run on this machine, the newest first.
 * @throws Fault `config` `paths.no_home` | `paths.relative`
 */
export const routersHere = (env: Env = process.env): readonly RunningRouter[] =>
  runningHere(env).filter((it) => it.role === 'router')

/**
 * Everything that said it runs on this machine and still does, the newest first.
 * @throws Fault `config` `paths.no_home` | `paths.relative`
 */
export const runningHere = (env: Env = process.env): readonly Running[] =>
  announced(env)
    .map(({ said }) => said)
    .filter(lives)

/**
 * Says what this process is and where, in a file of its own that only we can read; a reader never sees
 * half of it. What ended without taking its word back is swept up.
 * @throws Fault `io` `router.announce`
 */
export const announce = (mine: Said<Running>, env: Env = process.env): void => {
  const file = ownFile(mine.role, env)
  const draft = `${file}.tmp`
  const said = { v: 1, ...mine, pid: process.pid, started: startOf(process.pid) }
  try {
    mkdirSync(paths(env).runtime, { recursive: true, mode: 0o700 })
    writeFileSync(draft, JSON.stringify(said), { mode: 0o600 })
    chmodSync(draft, 0o600)
    renameSync(draft, file)
    for (const it of announced(env)) if (!lives(it.said)) rmSync(it.file, { force: true })
  } catch (cause) {
    throw new Fault('io', 'router.announce', `${file} could not be written`, {
      hint: 'check that the folder is yours, or set FEDAI_HOME',
      cause,
    })
  }
}

/** Takes this process's own file away, and no other's. */
export const retract = (role: Running['role'], env: Env = process.env): void =>
  rmSync(ownFile(role, env), { force: true })

const ownFile = (role: Running['role'], env: Env): string =>
  join(paths(env).runtime, `${role}-${process.pid}.json`)

/** What the files of the runtime folder say, the newest first; those of no sense are left out. */
const announced = (env: Env): { file: string; said: Running; at: number }[] =>
  filesIn(paths(env).runtime)
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
      .filter((name) => /^(router|node)-[0-9]{1,10}\.json$/.test(name))
      .slice(0, MOST_FILES)
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}
