import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { z } from 'zod'
import { Fault } from '../../engine/base/fault.ts'
import { paths } from '../../engine/base/paths.ts'
import { npub, parseNpub, shortNpub } from '../../engine/identity/keys.ts'
import type { PubKey } from '../../engine/protocol/ids.ts'
import { MOST_KEYS } from '../../engine/protocol/where.ts'
import { type Lock, takeLock } from '../../engine/storage/lock.ts'
import { writeWhole } from '../write.ts'

/** A key that this user trusts: what it is called here, and whether it is the user's own. */
export type Trusted = Readonly<{ key: PubKey; name: string | null; own: boolean }>

type Env = Readonly<Record<string, string | undefined>>

/** What a key may be called: it stands in lines for people, and must not look like a key. */
export const isTrustName = (text: string): boolean =>
  /^(?!npub1)[^\p{C}\p{Z}](?:[^\p{C}]{0,30}[^\p{C}\p{Z}])?$/u.test(text)

/** Where the trust set lies. */
export const trustPath = (env: Env = process.env): string => join(paths(env).config, 'trust.json')

/**
 * The keys that this user trusts, in the order in which they were added; none where there is no file.
 * @throws Fault `config` `trust.file` where it cannot be read, or says nothing of sense
 */
export const readTrust = (env: Env = process.env): readonly Trusted[] => {
  const path = trustPath(env)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return []
    throw broken(path, 'cannot be read', cause)
  }
  try {
    return trustFile.parse(JSON.parse(text)).keys
  } catch (cause) {
    throw broken(path, 'is no trust set', cause)
  }
}

/**
 * Changes the trust set as one step: whoever changes it at the same time waits, and a reader sees it
 * before or after. Written with mode 0600.
 * @param change gets what is there, returns what shall be; null leaves all as it is
 * @throws Fault `io` `trust.locked` | `output.unwritable`, `config` `trust.file` | `trust.full`
 */
export const changeTrust = async (
  change: (before: readonly Trusted[]) => readonly Trusted[] | null,
  env: Env = process.env,
): Promise<void> => {
  const path = trustPath(env)
  const lock = await locked(path)
  try {
    const after = change(readTrust(env))
    if (after === null) return
    if (after.length > MOST_KEYS)
      throw new Fault('config', 'trust.full', `the trust set holds ${MOST_KEYS} keys, no more`, {
        hint: 'an ask carries as many; take one out: fedai trust remove NPUB',
      })
    const keys = after.map(({ key, name, own }) => ({ npub: npub(key), name, own }))
    await writeWhole(path, `${JSON.stringify({ v: 1, keys }, null, 2)}\n`, 0o600)
  } finally {
    lock.release()
  }
}

/** Shows keys by the names that this user gave them: `mira (npub1q7…k2f)`. */
export type Namer = (key: PubKey) => string

export const namer = (trusted: readonly Trusted[]): Namer => {
  const names = new Map(trusted.map((it) => [it.key, it.name]))
  return (key) => {
    const name = names.get(key)
    return name ? `${name} (${shortNpub(key)})` : shortNpub(key)
  }
}

const trusted = z
  .object({
    npub: z.string().max(100),
    name: z.string().refine(isTrustName).nullable(),
    own: z.boolean(),
  })
  .transform((it): Trusted => ({ key: parseNpub(it.npub), name: it.name, own: it.own }))

const trustFile = z.object({ v: z.literal(1), keys: z.array(trusted).max(MOST_KEYS) })

/** How long another writer may take: each holds the lock for one small file. */
const WAIT_MS = 5_000
const LOOK_MS = 10

const locked = async (path: string): Promise<Lock> => {
  const until = performance.now() + WAIT_MS
  do {
    try {
      mkdirSync(join(path, '..'), { recursive: true, mode: 0o700 })
      const lock = takeLock(`${path}.lock`)
      if (lock) return lock
    } catch (cause) {
      throw new Fault('io', 'trust.locked', `${path} cannot be written`, {
        hint: 'check that the folder is yours, or set FEDAI_HOME',
        cause,
      })
    }
    await pause(LOOK_MS)
  } while (performance.now() < until)
  throw new Fault('io', 'trust.locked', `another process is changing ${path}`, {
    hint: 'wait until it has ended, then try again',
  })
}

const broken = (path: string, what: string, cause: unknown): Fault =>
  new Fault('config', 'trust.file', `${path} ${what}`, {
    hint: 'mend it, or move it away and start a new one: fedai trust add NPUB',
    cause,
  })
