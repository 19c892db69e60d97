import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { build } from '../../scripts/build-binaries.ts'

const root = dirname(dirname(import.meta.dir))

/** The compiled binary: dist/fedai, built anew only where what it is made of has changed. */
export const binary = async (): Promise<string> => {
  const hash = new Bun.CryptoHasher('sha256')
  for (const pattern of [
    'bin/**/*',
    'src/**/*',
    'scripts/{build-binaries,plugins}.ts',
    'package{,-lock}.json',
  ])
    for (const file of [...new Bun.Glob(pattern).scanSync(root)].toSorted())
      if (!file.includes('.test.'))
        hash.update(`${file}\0${await Bun.file(join(root, file)).text()}\0`)
  const stamp = Bun.file(join(root, 'dist', 'fedai.inputs'))
  const path = join(root, 'dist', 'fedai')
  const inputs = hash.digest('hex')
  if ((await stamp.exists()) && (await stamp.text()) === inputs && (await Bun.file(path).exists()))
    return path
  await build('dist/fedai')
  await stamp.write(inputs)
  return path
}

/** What a finished process left. `code` is 128 + n where signal n ended it, as a shell says it. */
export type Ran = Readonly<{ code: number; stdout: string; stderr: string }>

export type RunOptions = Readonly<{
  stdin?: string | Uint8Array | 'ignore'
  env?: Readonly<Record<string, string>>
  /** What runs it: `ip netns exec NAME`. */
  via?: readonly string[]
}>

/** A process that still runs; its output so far. */
export type Running = Readonly<{
  pid: number
  stdout(): string
  stderr(): string
  /** Resolves once its output so far fits; rejects when it has ended without that. */
  until(pattern: RegExp, where?: 'stdout' | 'stderr'): Promise<void>
  signal(name: NodeJS.Signals): void
  done: Promise<Ran>
}>

/** A folder whose owner would like to run code in our process, and a home of our own. */
export type Place = Readonly<{
  folder: string
  home: string
  file(name: string, text: string): string
  start(args: readonly string[], options?: RunOptions): Running
  run(args: readonly string[], options?: RunOptions): Promise<Ran>
  /** True once any of the traps of the folder has run. */
  sprung(): Promise<boolean>
  [Symbol.dispose](): void
}>

export const place = (fedai: string): Place => {
  const folder = mkdtempSync(join(tmpdir(), 'fedai-hostile-'))
  const home = join(folder, '.home')
  mkdirSync(home)
  const file = (name: string, text: string) => {
    const path = join(folder, name)
    writeFileSync(path, text)
    return path
  }
  setTraps(file)
  const start = (args: readonly string[], options: RunOptions = {}): Running =>
    startProcess([...(options.via ?? []), fedai, ...args], folder, {
      ...options,
      env: { PATH: process.env['PATH'] ?? '', FEDAI_HOME: home, ...options.env },
    })
  return {
    folder,
    home,
    file,
    start,
    run: (args, options) => start(args, options).done,
    sprung: () => Bun.file(join(folder, 'SPRUNG')).exists(),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}

const setTraps = (file: (name: string, text: string) => string): void => {
  const trap = `require('node:fs').writeFileSync(${JSON.stringify('SPRUNG')}, 'x'); console.log('EVIL')\n`
  const path = file('evil.cjs', trap)
  file('.env', `FEDAI_HOME=/nonexistent/evil\nFEDAI_ROUTERS=evil\nNODE_OPTIONS=--require ${path}\n`)
  file('.env.local', 'FEDAI_ROUTERS=evil\n')
  file(
    'bunfig.toml',
    `preload = [${JSON.stringify(path)}]\n[run]\npreload = [${JSON.stringify(path)}]\n`,
  )
  file(
    'package.json',
    JSON.stringify({
      name: 'evil',
      main: path,
      imports: { '#*': path },
      scripts: { postinstall: `node ${path}` },
    }),
  )
  file(
    'tsconfig.json',
    JSON.stringify({ compilerOptions: { paths: { '*': [path] }, jsxImportSource: path } }),
  )
}

const startProcess = (
  command: string[],
  cwd: string,
  { stdin = 'ignore', env }: RunOptions,
): Running => {
  const child = Bun.spawn(command, {
    cwd,
    env: { ...env },
    stdin: stdin === 'ignore' ? 'ignore' : new Blob([stdin as string]),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const said = { stdout: '', stderr: '' }
  const listeners = new Set<() => void>()
  const collect = async (name: 'stdout' | 'stderr') => {
    const decoder = new TextDecoder()
    for await (const bytes of child[name]) {
      said[name] += decoder.decode(bytes, { stream: true })
      for (const listener of listeners) listener()
    }
  }
  const done = Promise.all([collect('stdout'), collect('stderr'), child.exited]).then(() => ({
    code: child.signalCode
      ? 128 + constants.signals[child.signalCode as NodeJS.Signals]
      : child.exitCode!,
    ...said,
  }))
  return {
    pid: child.pid,
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    signal: (name) => child.kill(name),
    done,
    until: (pattern, where = 'stdout') => {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const look = () => {
        if (pattern.test(said[where])) resolve()
      }
      listeners.add(look)
      look()
      void done.then((ran) => {
        look()
        reject(new Error(`ended before ${pattern}: ${JSON.stringify(ran)}`))
      })
      return promise.finally(() => listeners.delete(look))
    },
  }
}
