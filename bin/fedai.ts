#!/usr/bin/env bun
import type { version as packaged } from '../package.json'

// Set by scripts/build-binaries.ts; absent when run from source.
declare const FEDAI_VERSION: typeof packaged | undefined

const version =
  typeof FEDAI_VERSION === 'string' ? FEDAI_VERSION : (await import('../package.json')).version

const [first, ...others] = process.argv.slice(2)
if ((first === '--version' || first === '-V') && others.length === 0) {
  // Before anything else loads: scripts ask this often. Node's process.stdout alone would take 5 ms.
  const failure: unknown = await Bun.write(Bun.stdout, `${version}\n`).catch((error) => error)
  if (failure instanceof Error) await lose(failure)
} else {
  await main()
}

/** `--version --json`, in whichever order. */
function asksForFacts(args: readonly string[]): boolean {
  return (
    args.length === 2 &&
    args.includes('--json') &&
    (args.includes('--version') || args.includes('-V'))
  )
}

async function lose(failure: Error): Promise<void> {
  const { noteLost, outputFault } = await import('../src/commands/stdout.ts')
  noteLost(process, failure)
  const lost = await outputFault()
  if (lost) await conclude(lost)
}

async function main(): Promise<void> {
  process.on('uncaughtException', conclude)
  process.on('unhandledRejection', conclude)
  try {
    const words = process.argv.slice(2)
    if (asksForFacts(words)) await (await import('../src/commands/version.ts')).showVersion(version)
    else await (await import('../src/commands/index.ts')).program(version, words).parseAsync()
    const { outputFault } = await import('../src/commands/stdout.ts')
    const lost = await outputFault()
    if (lost) throw lost
    leave(0)
  } catch (error) {
    await conclude(error)
  }
}

async function conclude(error: unknown): Promise<void> {
  const { conclude: say } = await import('../src/commands/terminal.ts')
  leave(await say(error, { json: process.argv.includes('--json') }))
}

// All output has been taken by the system when a command ends, so nothing is cut. What might keep the
// process alive (a far side that does not answer a close) is not waited for.
function leave(code: number): void {
  process.exitCode = code
  setTimeout(() => process.exit(code), 250).unref()
}
