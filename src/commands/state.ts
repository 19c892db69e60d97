import { join } from 'node:path'
import { paths } from '../engine/base/paths.ts'
import { Fault } from '../engine/base/fault.ts'
import { npub, shortNpub } from '../engine/identity/keys.ts'
import type { PubKey } from '../engine/protocol/ids.ts'
import { type Lock, takeLock } from '../engine/storage/lock.ts'
import { type Running, runningHere } from './running.ts'

type Env = Readonly<Record<string, string | undefined>>

/** A folder that is this process's alone until it is released, or the process ends. */
export type Held = Readonly<{ folder: string; release: () => void }>

/** More networks than that at once on one machine are a mistake. */
const MOST = 64

/**
 * The folder for the ledgers of a `fedai up`: `up`, or `up-2`, `up-3` … where those before are in use,
 * so that two never write one ledger.
 * @throws Fault `io` `state.claim`
 */
export const upFolder = (env: Env = process.env): Held => {
  const { state } = paths(env)
  for (let n = 1; n <= MOST; n++) {
    const folder = join(state, n === 1 ? 'up' : `up-${n}`)
    const lock = take(folder)
    if (lock) return { folder, release: lock.release }
  }
  throw new Fault('io', 'state.claim', `${MOST} networks run on this machine already`, {
    hint: 'end some of them, or set FEDAI_HOME to another folder',
  })
}

/**
 * The folder for the ledger of a daemon. Two daemons with one key would give out the same tickets twice
 * and break the chain of receipts, so there is one of them; clients share keys as they like.
 * @throws Fault `config` `identity.in_use`, `io` `state.claim`
 */
export const daemonFolder = (role: Running['role'], key: PubKey, env: Env = process.env): Held => {
  const folder = join(paths(env).state, role, npub(key))
  const lock = take(folder)
  if (lock) return { folder, release: lock.release }
  const other = runningHere(env).find((it) => it.role === role && it.key === key)
  const who = other ? `process ${other.pid}` : 'another process'
  throw new Fault('config', 'identity.in_use', `${who} is the ${role} ${shortNpub(key)} already`, {
    hint: `end it, or start this one with another identity: fedai serve ${role} --as NAME`,
  })
}

const take = (folder: string): Lock | undefined => {
  try {
    return takeLock(join(folder, 'lock'))
  } catch (cause) {
    throw new Fault('io', 'state.claim', `${folder} could not be written`, {
      hint: 'check that the folder is yours, or set FEDAI_HOME',
      cause,
    })
  }
}
