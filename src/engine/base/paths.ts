import { posix, win32 } from 'node:path'
import { Fault } from './fault.ts'

/** Where this program keeps things. All absolute; nothing is created here. */
export type Paths = Readonly<{
  /** What people write. */
  config: string
  /** What must outlive the process: the ledger. */
  state: string
  /** What can be made again. */
  cache: string
  /** What is true only while a process runs: which router is up. */
  runtime: string
  /** Key files. */
  keys: string
}>

type Env = Readonly<Record<string, string | undefined>>

/**
 * The folders for an environment: those that systemd made for the unit (systemd.exec(5)), else
 * `FEDAI_HOME`, else the XDG base directories, else what the platform says. A pure function.
 * @throws Fault `config` `paths.relative` | `paths.no_home`
 */
export const paths = (env: Env, platform: NodeJS.Platform = process.platform): Paths => {
  const usual = env['FEDAI_HOME'] ? underHome(env['FEDAI_HOME'], platform) : undefined
  // Only asked for what systemd did not give: a daemon has no HOME.
  const fallback = (name: keyof Paths): string => (usual ?? ofPlatform(env, platform))[name]
  const state = systemd(env['STATE_DIRECTORY'])
  return {
    config: systemd(env['CONFIGURATION_DIRECTORY']) ?? fallback('config'),
    state: state ?? fallback('state'),
    cache: systemd(env['CACHE_DIRECTORY']) ?? fallback('cache'),
    runtime: systemd(env['RUNTIME_DIRECTORY']) ?? fallback('runtime'),
    // Keys lie in the state of a unit: its configuration is often read-only.
    keys: state ? posix.join(state, 'keys') : fallback('keys'),
  }
}

// systemd separates several directories by colons; the first is ours.
const systemd = (value: string | undefined): string | undefined => value?.split(':')[0] || undefined

const underHome = (home: string, platform: NodeJS.Platform): Paths => {
  const { join, isAbsolute } = platform === 'win32' ? win32 : posix
  if (!isAbsolute(home))
    throw new Fault('config', 'paths.relative', `FEDAI_HOME=${home} is not an absolute path`, {
      hint: 'write the whole path, so that it means the same folder everywhere',
    })
  return {
    config: home,
    state: join(home, 'state'),
    cache: join(home, 'cache'),
    runtime: join(home, 'run'),
    keys: join(home, 'keys'),
  }
}

const ofPlatform = (env: Env, platform: NodeJS.Platform): Paths => {
  if (platform === 'win32') return onWindows(env)
  const home = env['HOME']
  // The XDG specification: a relative path is invalid and is ignored.
  const xdg = (name: string, ...otherwise: string[]): string => {
    const given = env[name]
    if (given && posix.isAbsolute(given)) return posix.join(given, 'fedai')
    if (!home) throw noHome('HOME')
    return posix.join(home, ...otherwise)
  }
  const onMac = platform === 'darwin'
  const library = ['Library', 'Application Support', 'fedai']
  const state = xdg('XDG_STATE_HOME', ...(onMac ? library : ['.local', 'state', 'fedai']))
  return {
    config: xdg('XDG_CONFIG_HOME', ...(onMac ? library : ['.config', 'fedai'])),
    state,
    cache: xdg('XDG_CACHE_HOME', ...(onMac ? ['Library', 'Caches', 'fedai'] : ['.cache', 'fedai'])),
    // Without a session (containers, cron) there is no XDG_RUNTIME_DIR.
    runtime: posix.isAbsolute(env['XDG_RUNTIME_DIR'] ?? '')
      ? posix.join(env['XDG_RUNTIME_DIR']!, 'fedai')
      : posix.join(state, 'run'),
    // Keys are data, not state: XDG calls state what may be lost.
    keys: posix.join(
      xdg('XDG_DATA_HOME', ...(onMac ? library : ['.local', 'share', 'fedai'])),
      'keys',
    ),
  }
}

const onWindows = (env: Env): Paths => {
  const roaming = env['APPDATA']
  const local = env['LOCALAPPDATA']
  if (!roaming || !local) throw noHome(roaming ? 'LOCALAPPDATA' : 'APPDATA')
  return {
    config: win32.join(roaming, 'fedai'),
    state: win32.join(local, 'fedai', 'state'),
    cache: win32.join(local, 'fedai', 'cache'),
    runtime: win32.join(local, 'fedai', 'run'),
    keys: win32.join(roaming, 'fedai', 'keys'),
  }
}

const noHome = (variable: string): Fault =>
  new Fault('config', 'paths.no_home', `${variable} is not set, so there is no folder to use`, {
    hint: 'set FEDAI_HOME to a folder of your own',
  })
