import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  asMissing,
  buildFolder,
  cacheFolder,
  exists,
  hasProgram,
  type Missing,
  runQuietly,
  type Say,
  sayToStderr,
  withProgress,
} from './cache.ts'
import { freePorts, startDaemon } from './lnd/daemon.ts'

/** A Nostr relay in Python, BSD licence, as PyPI has it with what it needs: 40 MB to fetch, 130 MB on disk. */
const PACKAGE = { name: 'nostr-relay', version: '1.14' }
const MEGABYTES = 130
const START_MS = 20_000

/**
 * The folder of a real relay, out of the cache, else from PyPI. It lies beside what Python has and is seen by
 * nothing else.
 * @returns what is missing, where it cannot be had
 */
export const ensureRelay = async (say: Say = sayToStderr): Promise<string | Missing> => {
  if (!hasProgram('python3')) return { missing: 'a relay: needs python3, which this machine lacks' }
  try {
    // Its wheels are for one version of Python.
    const tag = await runQuietly('python3', [
      '-c',
      'import sys; print(sys.implementation.cache_tag)',
    ])
    await runQuietly('python3', ['-m', 'pip', '--version'])
    const name = `${PACKAGE.name}-${PACKAGE.version}-${tag.trim()}`
    const folder = join(cacheFolder(), 'relay', name)
    if (await exists(folder)) return folder
    return await buildFolder(join(cacheFolder(), 'relay'), async (draft) => {
      await fetchInto(draft, say)
      return name
    })
  } catch (error) {
    return asMissing('a relay', error)
  }
}

/** A relay that runs, and what ends it and takes away all that it kept. */
export type LiveRelay = Readonly<{ url: string; stop(): Promise<void> }>

/**
 * Starts the relay of `ensureRelay` on a free port of this machine.
 * @throws Error where it does not answer within 20 s
 */
export const startRelay = async (folder: string): Promise<LiveRelay> => {
  const home = await mkdtemp(join(tmpdir(), 'fedai-relay-'))
  const [port] = freePorts(1) as [number]
  const config = join(home, 'relay.yaml')
  await writeFile(config, configFor(home, port))
  const python = `import sys; sys.path.insert(0, ${JSON.stringify(folder)}); from nostr_relay.cli import main; main()`
  const daemon = startDaemon('python3', ['-B', '-s', '-c', python, '-c', config, 'serve'])
  const stop = async (): Promise<void> => {
    await daemon.stop()
    await rm(home, { recursive: true, force: true })
  }
  const end = performance.now() + START_MS
  while (!(await answers(port))) {
    if (performance.now() > end) {
      await stop()
      throw new Error(`the relay does not answer within ${START_MS / 1000} s`)
    }
    await Bun.sleep(50)
  }
  return { url: `ws://127.0.0.1:${port}`, stop }
}

const fetchInto = async (draft: string, say: Say): Promise<void> => {
  const args = ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '--no-cache-dir']
  const only = ['--only-binary=:all:', '--target', draft, `${PACKAGE.name}==${PACKAGE.version}`]
  const install = runQuietly('python3', [...args, ...only])
  await withProgress('a Nostr relay from PyPI', draft, MEGABYTES, say, install)
}

const configFor = (home: string, port: number): string => `DEBUG: false
relay_name: fedai tests
storage:
  sqlalchemy.url: sqlite+aiosqlite:///${home}/relay.sqlite3
  validators: [nostr_relay.validators.is_not_too_large, nostr_relay.validators.is_signed, nostr_relay.validators.is_recent]
gunicorn: { bind: "127.0.0.1:${port}", workers: 1, loglevel: warning }
authentication: { enabled: false }
`

const answers = (port: number): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/`, { headers: { accept: 'application/nostr+json' } }).then(
    (response) => response.ok,
    () => false,
  )
