// Compiles bin/fedai.ts into executables that need nothing beside them.
//   bun scripts/build-binaries.ts                     this machine's, into dist/fedai
//   bun scripts/build-binaries.ts --all               every target, into dist/TARGET/fedai
//   bun scripts/build-binaries.ts --target linux-arm64
import { existsSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { version } from '../package.json'
import { embedSecpWasm, inkWithoutDevtools } from './plugins.ts'

const root = dirname(import.meta.dir)

/** What fedai is built for. Bun gets the runtime of a target that is not this machine's from the npm registry. */
export const TARGETS = [
  'linux-x64',
  'linux-arm64',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-x64',
  'darwin-arm64',
  'windows-x64',
  'windows-arm64',
] as const
export type Target = (typeof TARGETS)[number]

/**
 * Compiles one executable. The same sources, outfile name and Bun give the same bytes.
 * @param outfile relative to the repository
 * @param target this machine's where it is absent
 * @returns its path
 */
export const build = async (outfile: string, target?: Target): Promise<string> => {
  const entrypoint = join(root, 'bin', 'fedai.ts')
  const path = join(root, outfile)
  const result = await Bun.build({
    entrypoints: [entrypoint],
    root,
    target: 'bun',
    // ESM, since bytecode alone would mean CommonJS, which has no top-level await.
    format: 'esm',
    splitting: true,
    bytecode: true,
    sourcemap: 'linked',
    // Names stay: commander and execa read class names, and a stack can be read.
    minify: { whitespace: true, syntax: true, identifiers: false },
    define: { FEDAI_VERSION: JSON.stringify(version), 'process.env.NODE_ENV': '"production"' },
    plugins: [embedSecpWasm, inkWithoutDevtools],
    compile: {
      ...(target && { target: `bun-${target}` }),
      outfile: path,
      // Whoever owns the folder in which fedai is called must not run code inside it.
      autoloadDotenv: false,
      autoloadBunfig: false,
      execArgv: ['--disallow-code-generation-from-strings=strict'],
    },
  })
  // They are in the executable as well; beside it nobody reads them.
  for (const output of result.outputs)
    if (output.kind === 'sourcemap') rmSync(output.path, { force: true })
  for (const log of result.logs) process.stderr.write(`${log}\n`)
  const written = existsSync(path) ? path : `${path}.exe`
  if (!result.success || !existsSync(written)) throw new Error(`${outfile} was not built`)
  return written
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: { all: { type: 'boolean' }, target: { type: 'string' } },
  })
  const chosen = values.all ? TARGETS : TARGETS.filter((it) => it === values.target)
  if (values.target !== undefined && chosen.length === 0) {
    process.stderr.write(
      `error: there is no target ${values.target}\n  there are: ${TARGETS.join(' ')}\n`,
    )
    process.exit(64)
  }
  const jobs =
    chosen.length > 0
      ? chosen.map((target) => ({ target, outfile: `dist/${target}/fedai` }))
      : [{ target: undefined, outfile: 'dist/fedai' }]
  for (const { target, outfile } of jobs) {
    const path = await build(outfile, target)
    const file = Bun.file(path)
    const hash = new Bun.CryptoHasher('sha256').update(await file.arrayBuffer()).digest('hex')
    process.stdout.write(`${hash}  ${outfile}  ${(file.size / 1e6).toFixed(1)} MB\n`)
  }
}
