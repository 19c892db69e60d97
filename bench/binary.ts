// What the executable costs before it does anything: start-up beside an empty program compiled the
// same way, interleaved in one run, by the CPU time of each process (wall time on a shared machine
// says more about the others). Prints ratios and exits 1 where one is over its target.
//   bun bench/binary.ts [ROUNDS]
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from '../scripts/build-binaries.ts'

const TARGETS = { version: 1.5, help: 4, megabytes: 130 }

const rounds = Number(process.argv[2] ?? 60)
const folder = mkdtempSync(join(tmpdir(), 'fedai-bench-'))

const emptyProgram = async (): Promise<string> => {
  const source = join(folder, 'empty.ts')
  const outfile = join(folder, 'empty')
  writeFileSync(source, 'export {}\n')
  const result = await Bun.build({
    entrypoints: [source],
    target: 'bun',
    format: 'esm',
    bytecode: true,
    minify: true,
    compile: { outfile, autoloadDotenv: false, autoloadBunfig: false },
  })
  if (!result.success) throw new Error('the empty program was not built')
  return outfile
}

/** User and system time of one run, in ms. */
const cpuOf = (command: string[]): number => {
  const run = Bun.spawnSync(command, {
    cwd: folder,
    stdin: 'ignore',
    stdout: 'ignore',
    stderr: 'ignore',
  })
  if (run.exitCode !== 0) throw new Error(`${command.join(' ')} ended with ${run.exitCode}`)
  return Number(run.resourceUsage.cpuTime.total) / 1000
}

const median = (numbers: number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1]!

try {
  const fedai = await build('dist/fedai')
  const empty = await emptyProgram()
  const programs = { empty: [empty], version: [fedai, '--version'], help: [fedai, '--help'] }
  const names = Object.keys(programs) as (keyof typeof programs)[]
  const times: Record<string, number[]> = { empty: [], version: [], help: [] }
  for (const name of names) cpuOf(programs[name])
  for (let i = 0; i < rounds; i++)
    for (const name of names) times[name]!.push(cpuOf(programs[name]))

  const base = median(times['empty']!)
  const megabytes = statSync(fedai).size / 1e6
  const rows = [
    [
      '--version',
      median(times['version']!) / base,
      TARGETS.version,
      `${median(times['version']!).toFixed(1)} ms`,
    ],
    [
      '--help',
      median(times['help']!) / base,
      TARGETS.help,
      `${median(times['help']!).toFixed(1)} ms`,
    ],
  ] as const
  process.stdout.write(
    `empty program    1.00 ×            ${base.toFixed(1)} ms CPU, median of ${rounds}\n`,
  )
  for (const [name, ratio, target, time] of rows)
    process.stdout.write(
      `fedai ${name.padEnd(10)} ${ratio.toFixed(2)} × (≤ ${target.toFixed(1)})    ${time}\n`,
    )
  process.stdout.write(`size             ${megabytes.toFixed(1)} MB (≤ ${TARGETS.megabytes})\n`)
  const over = rows.some(([, ratio, target]) => ratio > target) || megabytes > TARGETS.megabytes
  process.exitCode = over ? 1 : 0
} finally {
  rmSync(folder, { recursive: true })
}
