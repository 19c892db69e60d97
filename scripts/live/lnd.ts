import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asMissing, buildFolder, cacheFolder, exists, type Missing } from './cache.ts'
import { hasProgram, runQuietly, type Say, sayToStderr } from './cache.ts'

/** What a Lightning network on one machine needs: a chain, who mines it, and nodes. */
export type LndPrograms = Readonly<{ btcd: string; mine: string; lnd: string }>

/** The Go module that names all versions; go.sum has the digest of each. */
const MODULE = join(import.meta.dir, 'lnd')
const PACKAGES = {
  btcd: 'github.com/btcsuite/btcd',
  mine: './mine',
  lnd: 'github.com/lightningnetwork/lnd/cmd/lnd',
}
/** invoicesrpc holds invoices. */
const TAGS = 'signrpc walletrpc chainrpc invoicesrpc peersrpc'
/** lnd's own go.mod asks for it. */
const GO = [1, 25, 10] as const
const MINUTES = 30

/**
 * btcd and lnd for regtest: `FEDAI_LND`, a folder that has btcd, mine and lnd; else from the cache; else built
 * there by Go, which takes 5 to 10 minutes and 3 GB of disk once. The same Go makes the same bytes of the same
 * sources, so what is cached goes by both.
 * @returns what is missing, where they cannot be had
 */
export const ensureLnd = async (say: Say = sayToStderr): Promise<LndPrograms | Missing> => {
  const own = process.env.FEDAI_LND
  if (own) {
    const programs = programsIn(own)
    for (const path of Object.values(programs))
      if (!(await exists(path))) return { missing: `FEDAI_LND has no ${path}` }
    return programs
  }
  try {
    const go = await goVersion()
    if (typeof go !== 'string') return go
    const folder = join(cacheFolder(), 'lnd')
    const key = await keyOf(go)
    if (await exists(join(folder, key))) return programsIn(join(folder, key))
    return programsIn(await buildInto(folder, key, say))
  } catch (error) {
    return asMissing('lnd', error)
  }
}

const programsIn = (folder: string): LndPrograms => ({
  btcd: join(folder, 'btcd'),
  mine: join(folder, 'mine'),
  lnd: join(folder, 'lnd'),
})

/** A newer Go is not fetched for it: what this machine has must do. */
const ENV = { CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOFLAGS: '-mod=readonly', GOWORK: 'off' }

const goVersion = async (): Promise<string | Missing> => {
  const needs = `lnd: needs Go ${GO.join('.')} or later`
  if (!hasProgram('go')) return { missing: `${needs}, which this machine lacks` }
  const said = await runQuietly('go', ['version'], { env: ENV })
  const parts = /go(\d+)\.(\d+)(?:\.(\d+))?/
    .exec(said)
    ?.slice(1)
    .map((it) => Number(it ?? 0))
  const older = parts && GO.map((n, i) => parts[i]! - n).find((it) => it !== 0)
  if (parts && (older ?? 0) >= 0) return said
  return { missing: `${needs}, and this is ${said.slice(0, 60)}` }
}

const keyOf = async (go: string): Promise<string> => {
  const hasher = new Bun.CryptoHasher('sha256').update(`${go}\n${TAGS}\n`)
  for (const file of ['go.mod', 'go.sum', 'tools.go', 'mine/main.go'])
    hasher.update(await readFile(join(MODULE, file)))
  return hasher.digest('hex').slice(0, 16)
}

const buildInto = async (parent: string, key: string, say: Say): Promise<string> => {
  say('building lnd and btcd with Go: 5 to 10 minutes and 3 GB of disk, once')
  const folder = await buildFolder(parent, async (draft) => {
    for (const [name, source] of Object.entries(PACKAGES)) {
      const before = performance.now()
      await runQuietly(...niced('go', ['build', ...flags(join(draft, name)), source]), {
        cwd: MODULE,
        env: ENV,
        minutes: MINUTES,
      })
      say(`  ${name} in ${Math.round((performance.now() - before) / 1000)} s`)
    }
    return key
  })
  say(`lnd is in ${folder}`)
  return folder
}

// -trimpath and without cgo: nothing of this machine is in the bytes.
const flags = (out: string): string[] => [
  '-trimpath',
  '-buildvcs=false',
  '-ldflags=-s -w',
  '-tags',
  TAGS,
  '-o',
  out,
]

/** A build that nobody waits for must not slow down what somebody does. */
const niced = (command: string, args: string[]): [string, string[]] =>
  hasProgram('nice') ? ['nice', ['-n', '19', command, ...args]] : [command, args]
