// Parties of a benchmark as processes of their own, started by `spawnParty` (bench/party.ts runs them).
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PubKey } from '../src/engine/protocol/ids.ts'
import type { Wish } from '../src/engine/roles/client/news.ts'
import type { RouterFigures } from '../src/engine/roles/router/router.ts'
import { ANYWHERE } from '../src/engine/protocol/where.ts'

/** What a party says once it stands: what others need to reach it. */
export type Ready = { url: string; key: PubKey; address: string; backend: Backend }
export type Backend = 'libsecp256k1' | 'wasm' | 'noble'
/** CPU time of a process, and of its signatures, since it began; µs. */
export type Used = {
  cpu: number
  signatures: number
  verified: number
  signed: number
  rss: number
}
/** What became of the jobs of a load. */
export type Load = {
  ended: number
  failed: number
  seconds: number
  open: number
  faults: string[]
}

export type Party = {
  ready: Ready
  pid: number
  used: () => Promise<Used>
  /** What a router counts of itself; for the role `router`. */
  figures: () => Promise<RouterFigures>
  /** Keeps `open` jobs open until `jobs` were begun; for the role `clients`. */
  load: (options: { jobs: number; open: number }) => Promise<Load>
}

const children: { kill(): void }[] = []
const folders: string[] = []

/** A folder that is gone after `stopParties`. */
export const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'fedai-bench-'))
  folders.push(folder)
  return folder
}

/** Ends what was started and removes what it wrote. */
export const stopParties = (): void => {
  for (const child of children.splice(0)) child.kill()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

/** As the executable runs (scripts/build-binaries.ts): without it schemas are quicker than they are there. */
const AS_BUILT = ['--disallow-code-generation-from-strings=strict']

/** As the unit of docs/operations.md starts a router: the allocator keeps for a while what is used again at once. */
const AS_SERVED = { MIMALLOC_PURGE_HOLES: '0', MIMALLOC_PURGE_DELAY: '10000' }

/** A party in a process of its own. */
export const spawnParty = async (role: string, options: object): Promise<Party> => {
  const first = Promise.withResolvers<Ready>()
  const answers: ((answer: never) => void)[] = []
  const child = Bun.spawn(
    [
      process.execPath,
      ...AS_BUILT,
      join(import.meta.dir, 'party.ts'),
      role,
      JSON.stringify(options),
    ],
    {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, ...(role === 'router' && AS_SERVED) },
      ipc: (message: { ready?: Ready; answer?: unknown }) => {
        if (message.ready) first.resolve(message.ready)
        else answers.shift()?.(message.answer as never)
      },
      onExit: (_child, code) => first.reject(new Error(`${role} ended with ${code}`)),
    },
  )
  children.push(child)
  const ask = <T>(question: object): Promise<T> => {
    const answer = new Promise<T>((resolve) => answers.push(resolve))
    child.send(question)
    return answer
  }
  return {
    ready: await first.promise,
    pid: child.pid,
    used: () => ask({ question: 'used' }),
    figures: () => ask({ question: 'figures' }),
    load: (load) => ask({ question: 'load', ...load }),
  }
}

/** What every client of a benchmark wants. */
export const WISH: Wish = {
  task: 'text.chat@1',
  input: { messages: [{ role: 'user', content: 'What is the capital of France?' }] },
  models: [],
  outTokens: 64,
  cap: null,
  deadlineMs: 30_000,
  waitMs: 0,
  class: 'interactive',
  where: ANYWHERE,
}

/** The number below which a share of them lies. */
export const at = (numbers: readonly number[], share: number): number =>
  numbers.toSorted((a, b) => a - b)[
    Math.min(numbers.length - 1, Math.floor(numbers.length * share))
  ]!
