// Runs Bun with the given arguments, after installing what the lock file names where that has not
// happened yet. Plain JavaScript for Node.js 20, since on a fresh machine there is no Bun.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const installed = join(modules, '.package-lock.json')
const bun = join(modules, 'bun', 'bin', 'bun.exe')

const run = (command, args) =>
  spawnSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32' && command === 'npm',
  })

// An install that left the devDependencies out (NODE_ENV=production) left Bun out as well.
const stale = () =>
  !existsSync(installed) ||
  !existsSync(join(modules, 'bun')) ||
  statSync(installed).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs

if (stale()) {
  process.stderr.write('installing what package-lock.json names from the npm registry (once) …\n')
  const result = run('npm', ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'])
  if (result.status !== 0) {
    process.stderr.write('error: npm ci failed, see above\n  is the npm registry reachable?\n')
    process.exit(result.status ?? 1)
  }
}

if (!existsSync(join(modules, 'bun'))) {
  process.stderr.write(
    'error: npm ci ended well and did not install Bun\n  remove node_modules, then try again: npm ci --include=dev\n',
  )
  process.exit(70)
}

// npm can be told not to run install scripts; Bun's own only moves the right binary into place.
const works = () => existsSync(bun) && spawnSync(bun, ['--version']).status === 0
if (!works()) run(process.execPath, [join(modules, 'bun', 'install.js')])
if (!works()) {
  process.stderr.write(
    'error: Bun was installed but does not run on this machine\n  see https://bun.sh/docs/installation\n',
  )
  process.exit(70)
}

const result = run(bun, process.argv.slice(2))
process.exit(result.status ?? (result.signal === 'SIGINT' ? 130 : 1))
