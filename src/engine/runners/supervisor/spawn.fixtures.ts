import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fields, Log } from '../../base/log.ts'
import { seededRandom } from '../../base/random.ts'
import type { Runner } from '../runner.ts'
import type { LlamaSpec } from '../spec.ts'
import { type SpawnOptions, spawnLlama } from './spawn.ts'

const FAKE = join(import.meta.dir, '../../../../test/fixtures/llama-server.ts')

/** A folder with a program that is a llama-server of test/fixtures in one mode, and a model. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), 'fedai-sup-'))
  readonly runtime = join(this.folder, 'run')
  readonly said: string[] = []
  private readonly opened: Runner[] = []

  /** Starts it as `serve node` would; times are short. */
  async spawn(mode: string, options: Partial<SpawnOptions> = {}): Promise<Runner> {
    const runner = await spawnLlama(this.spec(mode), {
      log: this.log(),
      runtime: this.runtime,
      random: seededRandom(1),
      ...options,
      rules: { backoffMs: 20, termMs: 60, drainMs: 20, ...options.rules },
    })
    this.opened.push(runner)
    return runner
  }

  spec(mode: string): LlamaSpec {
    const program = join(this.folder, 'llama-server')
    const count = join(this.folder, 'starts')
    writeFileSync(
      program,
      `#!/bin/sh\nexec '${process.execPath}' '${FAKE}' '${mode}' '${count}' "$@"\n`,
    )
    chmodSync(program, 0o755)
    const model = join(this.folder, 'model.gguf')
    writeFileSync(model, 'GGUF')
    return { kind: 'llama-server', model, ctx: 64, slots: 1, use: 'chat', program }
  }

  /** The processes that it says are up. */
  get pids(): number[] {
    const folder = join(this.runtime, 'runners')
    return readdirSync(folder)
      .filter((it) => it.endsWith('.json'))
      .map((it) => (JSON.parse(readFileSync(join(folder, it), 'utf8')) as { pid: number }).pid)
  }

  get starts(): number {
    return readFileSync(join(this.folder, 'starts')).length
  }

  async end(): Promise<void> {
    await Promise.all(this.opened.map((it) => it.close!()))
    rmSync(this.folder, { recursive: true, force: true })
  }

  private log(): Log {
    const at = (event: string, fields: Fields = {}) =>
      void this.said.push(
        `${event} ${Object.entries(fields)
          .map((it) => it.join('='))
          .join(' ')}`,
      )
    return { info: at, warn: at, error: at }
  }
}

/** Everything that lives in a process group; zombies are dead. */
export const groupOf = (pid: number): string[] =>
  Bun.spawnSync(['ps', '-eo', 'pgid=,pid=,stat=,args='])
    .stdout.toString()
    .split('\n')
    .filter(
      (line) => Number(line.trim().split(/\s+/)[0]) === pid && !/^\s*\d+\s+\d+\s+Z/.test(line),
    )

export const until = async (check: () => boolean, mostMs = 3_000): Promise<void> => {
  const before = performance.now()
  while (!check()) {
    if (performance.now() - before > mostMs) throw new Error(`not within ${mostMs} ms`)
    await Bun.sleep(3)
  }
}
