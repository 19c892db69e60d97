import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../engine/base/paths.ts'
import { Fault } from '../engine/base/fault.ts'
import { lives } from './running.ts'

type Env = Readonly<Record<string, string | undefined>>

/** More networks than that at once on one machine are a mistake. */
const MOST = 64

/**
 * The folder for the ledgers of this process's `fedai up`: `up`, or `up-2`, `up-3` … where those
 * before are in use, so that two never write one ledger. A claim ends with its process: nothing has
 * to be given back, and one that was killed blocks nothing.
 * @throws Fault `io` `state.claim`
 */
export const stateFolder = (env: Env = process.env): string => {
  const { state, runtime } = paths(env)
  try {
    mkdirSync(runtime, { recursive: true, mode: 0o700 })
    for (let n = 1; n <= MOST; n++) {
      const name = n === 1 ? 'up' : `up-${n}`
      if (claimed(join(runtime, `${name}.pid`))) return join(state, name)
    }
  } catch (cause) {
    throw new Fault('io', 'state.claim', `${runtime} could not be written`, {
      hint: 'check that the folder is yours, or set FEDAI_HOME',
      cause,
    })
  }
  throw new Fault('io', 'state.claim', `${MOST} networks run on this machine already`, {
    hint: 'end some of them, or set FEDAI_HOME to another folder',
  })
}

const claimed = (file: string): boolean => {
  // Written before it has its name: whoever finds the name finds a whole number in it.
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, String(process.pid), { mode: 0o600 })
  try {
    for (;;) {
      try {
        linkSync(draft, file)
        return true
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
      }
      const owner = ownerOf(file)
      if (owner === process.pid) return true
      if (owner !== undefined && lives(owner)) return false
      // Two may find the same dead owner: only one of them moves its claim away, and only that one.
      const old = `${draft}.old`
      renameSync(file, old)
      if (ownerOf(old) !== owner) renameSync(old, file)
      rmSync(old, { force: true })
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return claimed(file)
    throw error
  } finally {
    rmSync(draft, { force: true })
  }
}

const ownerOf = (file: string): number | undefined => {
  try {
    const pid = Number(readFileSync(file, 'utf8'))
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined
  } catch {
    return undefined
  }
}
