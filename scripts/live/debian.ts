import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
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

/** Debian's suite that has llama-server, and what it needs of its own C library. */
const SUITE = 'sid'
const PACKAGES = [
  'llama.cpp-tools',
  'libllama0',
  'libggml0',
  'libc6',
  'libstdc++6',
  'libgcc-s1',
  'libgomp1',
  'libssl3t64',
  'libzstd1',
  'zlib1g',
]
const MEGABYTES = 13
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

/**
 * The path of a llama-server that runs on this machine: `FEDAI_LLAMA_SERVER`, else one from the cache,
 * else fetched from Debian's packages (apt checks Debian's signature) and unpacked there. It starts
 * through its own ld.so, so an older C library does not matter.
 * @returns what is missing, where it cannot be had
 */
export const ensureLlamaServer = async (say: Say = sayToStderr): Promise<string | Missing> => {
  const own = process.env.FEDAI_LLAMA_SERVER
  if (own)
    return (await exists(own)) ? own : { missing: `FEDAI_LLAMA_SERVER names no file: ${own}` }
  const folder = join(cacheFolder(), 'llama-server')
  const cached = await newest(folder)
  if (cached) return cached
  const lacking = await lackingHere()
  if (lacking) return { missing: `llama-server: ${lacking}` }
  try {
    return await fetchInto(folder, say)
  } catch (error) {
    return asMissing('llama-server', error)
  }
}

const WRAPPER = join('bin', 'llama-server')

const newest = async (folder: string): Promise<string | undefined> => {
  const names = await readdir(folder).catch(() => [])
  const version = names
    .filter((it) => !it.startsWith('.'))
    .toSorted()
    .at(-1)
  const path = version && join(folder, version, WRAPPER)
  return path && (await exists(path)) ? path : undefined
}

const lackingHere = async (): Promise<string | undefined> => {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return 'can only be fetched on Linux on x86-64; start your own and name it with --runner'
  for (const program of ['apt-get', 'dpkg-deb'])
    if (!hasProgram(program)) return `needs ${program}, which this machine lacks`
  if (!(await exists(KEYRING))) return `needs Debian's keyring ${KEYRING}`
  return undefined
}

const fetchInto = async (parent: string, say: Say): Promise<string> => {
  const mirror = await mirrorOf()
  const folder = await buildFolder(parent, async (draft) => {
    const apt = await aptIn(draft, mirror)
    const archives = join(draft, 'cache', 'archives')
    const work = (async () => {
      await runQuietly('apt-get', [...apt, 'update', '-qq'])
      await runQuietly('apt-get', [...apt, 'download', '-qq', ...PACKAGES], { cwd: archives })
    })()
    await withProgress('llama-server from Debian', archives, MEGABYTES, say, work)
    const names = (await readdir(archives)).filter((it) => it.endsWith('.deb')).toSorted()
    for (const name of names)
      await runQuietly('dpkg-deb', ['-x', join(archives, name), join(draft, 'root')])
    const version = await versionOf(archives, names)
    // Names and versions stay as the record of what this is made of.
    await writeFile(join(draft, 'packages.txt'), `${names.join('\n')}\n`)
    for (const rest of ['lists', 'cache', 'sources.list'])
      await rm(join(draft, rest), { recursive: true, force: true })
    await writeWrapper(draft)
    return version
  })
  say(`llama-server is in ${folder}`)
  return join(folder, WRAPPER)
}

/** The mirror that this machine's apt already uses. */
const mirrorOf = async (): Promise<string> => {
  const targets = await runQuietly('apt-get', ['indextargets', '--format', '$(REPO_URI)'])
  const mirror = targets.split('\n').find((it) => it.endsWith('/debian/'))
  if (!mirror) throw new Error("apt's configuration names no mirror of Debian")
  return mirror
}

/** Options that keep apt away from the system's own lists and state. */
const aptIn = async (draft: string, mirror: string): Promise<string[]> => {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'root', 'bin'])
    await mkdir(join(draft, folder), { recursive: true })
  const sources = join(draft, 'sources.list')
  await writeFile(sources, `deb [signed-by=${KEYRING}] ${mirror} ${SUITE} main\n`)
  const options = {
    'Dir::Etc::SourceList': sources,
    'Dir::Etc::SourceParts': '/dev/null',
    'Dir::State::Lists': join(draft, 'lists'),
    'Dir::Cache': join(draft, 'cache'),
    'Dir::State::status': '/dev/null',
    // The sandbox user may not write into a home's cache.
    ...(process.getuid?.() === 0 && { 'APT::Sandbox::User': 'root' }),
  }
  return Object.entries(options).flatMap(([key, value]) => ['-o', `${key}=${value}`])
}

/** Keyed by version and content: sid moves, and so may any of the libraries. */
const versionOf = async (archives: string, names: readonly string[]): Promise<string> => {
  const hasher = new Bun.CryptoHasher('sha256')
  for (const name of names) hasher.update(await Bun.file(join(archives, name)).bytes())
  const llama = names.find((it) => it.startsWith('llama.cpp-tools_')) ?? ''
  const version = /_(?:\d+%3a)?([0-9.]+)/.exec(llama)?.[1] ?? '0'
  return `${version}-${hasher.digest('hex').slice(0, 12)}`
}

// One CPU backend is named outright: the packaged search path is absolute and absent here.
const writeWrapper = async (draft: string): Promise<void> => {
  const script = `#!/bin/sh
here=$(cd "$(dirname "$0")/.." && pwd)
lib="$here/root/usr/lib/x86_64-linux-gnu"
cpu=libggml-cpu-x64.so
grep -qw avx2 /proc/cpuinfo && cpu=libggml-cpu-haswell.so
GGML_BACKEND_PATH="$lib/ggml/backends0/$cpu"
export GGML_BACKEND_PATH
exec "$here/root/usr/lib64/ld-linux-x86-64.so.2" --library-path "$lib:$lib/llama:$lib/blas:$lib/lapack" "$here/root/usr/bin/llama-server" "$@"
`
  await writeFile(join(draft, WRAPPER), script)
  await chmod(join(draft, WRAPPER), 0o755)
}
