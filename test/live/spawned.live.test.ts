import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tinyGguf } from '../../scripts/live-runners.ts'
import { openLog, silentLog } from '../../src/engine/base/log.ts'
import type { Runner } from '../../src/engine/runners/runner.ts'
import { runnerConformance } from '../../src/engine/runners/runner.conformance.ts'
import { spawnLlama } from '../../src/engine/runners/supervisor/spawn.ts'
import { binary as compiled, type Place, place } from '../cli/cli.ts'
import { observe } from '../fakes/observe.ts'
import { llamaBinary, msUntil } from './llama.ts'

// The first run fetches 12 MB and compiles.
setDefaultTimeout(600_000)

const llama = await llamaBinary()
const folder = mkdtempSync(join(tmpdir(), 'fedai-spawned-'))
const chatModel = join(folder, 'tiny.gguf')

beforeAll(async () => {
  await Bun.write(chatModel, tinyGguf('canned'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Processes of a group that live, by what they are called. */
const groupOf = (pgid: number): string[] =>
  Bun.spawnSync(['ps', '-eo', 'pgid=,stat=,args='])
    .stdout.toString()
    .split('\n')
    .filter((line) => new RegExp(`^\\s*${pgid}\\s+[^Z]`).test(line))

/** The group of the llama-server that a fedai of this home runs. */
const runnerOf = (at: Place): number => {
  const files = [...new Bun.Glob('run/runners/*.json').scanSync(at.home)]
  expect(files).toHaveLength(1)
  const said = JSON.parse(readFileSync(join(at.home, files[0]!), 'utf8')) as { pid: number }
  return said.pid
}

describe.skipIf(!llama)('a real llama-server that fedai starts', () => {
  const open = (
    use: 'chat' | 'embed' | 'rerank',
    model = chatModel,
    runtime = join(folder, 'run'),
  ): Promise<Runner> =>
    spawnLlama(
      { kind: 'llama-server', model, ctx: 512, slots: 2, use, threads: 1, program: llama! },
      { log: silentLog, runtime },
    )

  runnerConformance('a spawned llama-server', async () => {
    const runner = await open('chat')
    return {
      runner,
      work: {
        task: 'text.chat@1' as const,
        model: 'tiny',
        input: { messages: [{ role: 'user', content: 'say hi' }] },
        outTokens: 100,
      },
      output: { message: { role: 'assistant', content: ' hello from a tiny model' } },
      stop: () => runner.close!(),
    }
  })

  test('says nothing of a prompt, in the log or in a file, also when it is killed over it', async () => {
    const canary = 'CANARY-5b1f7e'
    const said: string[] = []
    const log = openLog({ write: (line) => void said.push(line), json: true, now: Date.now })
    const runtime = join(folder, 'canary')
    const runner = await spawnLlama(
      { kind: 'llama-server', model: chatModel, ctx: 512, slots: 1, use: 'chat', program: llama! },
      { log, runtime },
    )
    const input = { messages: [{ role: 'user', content: canary }] }
    const work = { task: 'text.chat@1', model: 'tiny', input, outTokens: 100 } as const
    expect((await observe(runner, work)).done?.finish).toBe('stop')
    const [file] = [...new Bun.Glob('runners/*.json').scanSync(runtime)]
    const { pid } = (await Bun.file(join(runtime, file!)).json()) as { pid: number }
    const dying = observe(runner, work)
    process.kill(pid, 'SIGKILL')
    await dying
    await msUntil(async () => said.filter((it) => it.includes('runner.ready')).length === 2, 10_000)
    await observe(runner, work)
    await runner.close!()
    expect(said.join('\n')).toContain('runner.crashed')
    expect(said.join('\n')).not.toContain(canary)
    const found = Bun.spawnSync(['grep', '-rl', canary, folder])
    expect(found.stdout.toString()).toBe('')
  })

  test('listens on a port of loopback where no socket can have so long a path', async () => {
    const runtime = join(folder, 'long'.repeat(30))
    const runner = await open('chat', chatModel, runtime)
    expect([...new Bun.Glob('runners/*').scanSync(runtime)]).toEqual([
      expect.stringMatching(/\.json$/),
    ])
    expect((await runner.capabilities()).length).toBeGreaterThan(0)
    await runner.close!()
  })

  test('has its context for each slot, and does what it was started for', async () => {
    const runner = await open('chat')
    const capabilities = await runner.capabilities()
    expect(capabilities.map((it) => it.model.ctx)).toEqual([512, 512])
    expect(runner.slots).toBe(2)
    await runner.close!()
    const model = join(folder, 'vectors.gguf')
    await Bun.write(model, tinyGguf('embed'))
    const embed = await open('embed', model)
    const work = {
      task: 'text.embed@1',
      model: 'vectors',
      input: { input: ['water'] },
      outTokens: 0,
    }
    expect((await observe(embed, work as never)).fault).toBeUndefined()
    await embed.close!()
    await expect(open('rerank')).rejects.toMatchObject({ code: 'runner.wrong_use' })
  })
})

describe.skipIf(!llama)('fedai serve node --runner llama-server=MODEL.gguf', () => {
  let fedai: string
  beforeAll(async () => {
    fedai = await compiled()
  })

  test('serves, survives a kill -9 of its runner, and leaves nothing when it is killed itself', async () => {
    using at = place(fedai)
    // A wrapper that stays: the server is a grandchild, and its parent ignores TERM.
    const program = join(folder, 'wrapped')
    writeFileSync(program, `#!/bin/sh\ntrap '' TERM\n'${llama}' "$@" &\nwait\n`)
    chmodSync(program, 0o755)
    const router = at.start(['serve', 'router', '--listen', '127.0.0.1:0'])
    await router.until(/router ready|"ready"/, 'stderr')
    const runner = `llama-server=${chatModel},threads=1,program=${program}`
    const node = at.start(['serve', 'node', '--runner', runner])
    await node.until(/node ready|"ready"/, 'stderr')
    expect(node.stderr()).toContain('runner.loading')
    const ask = () => at.run(['request', 'say hi', '--quiet'])
    await msUntil(async () => (await ask()).stdout.includes('hello from a tiny model'), 10_000)

    const first = runnerOf(at)
    const server = /^(\d+) .*ld-linux|llama-server .*--host/m
    expect(groupOf(first).some((it) => server.test(it))).toBe(true)
    process.kill(first, 'SIGKILL')
    // The wrapper is dead; what it had started goes with it.
    await msUntil(async () => groupOf(first).length === 0, 2_000)
    await msUntil(
      async () => /runner.back|runner.ready[^]*runner.ready/.test(node.stderr()),
      10_000,
    )
    expect((await ask()).stdout).toContain('hello from a tiny model')

    const second = runnerOf(at)
    expect(second).not.toBe(first)
    expect(groupOf(second).length).toBeGreaterThan(2)
    node.signal('SIGKILL')
    expect(await msUntil(async () => groupOf(second).length === 0, 5_000)).toBeLessThan(2_000)
    router.signal('SIGTERM')
    await router.done
  })

  test('TERM takes it down in an orderly way', async () => {
    using at = place(fedai)
    const runner = `llama-server=${chatModel},threads=1,program=${llama}`
    const node = at.start(['serve', 'node', '--runner', runner])
    await node.until(/node ready|"ready"/, 'stderr')
    const pid = runnerOf(at)
    node.signal('SIGTERM')
    expect((await node.done).code).toBe(0)
    await msUntil(async () => groupOf(pid).length === 0, 500)
    expect([...new Bun.Glob('run/runners/*').scanSync(at.home)]).toEqual([])
  })

  test('says what is wrong, and ends', async () => {
    using at = place(fedai)
    const serve = (runner: string) => at.run(['serve', 'node', '--runner', runner])
    const bad = at.file('bad.gguf', 'this is no model')
    const broken = await serve(`llama-server=${bad},program=${llama}`)
    expect(broken).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('cannot load bad.gguf'),
    })
    const missing = await serve(`llama-server=nowhere.gguf,program=${llama}`)
    expect(missing).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('there is no file nowhere.gguf'),
    })
    const absent = await serve(`llama-server=${chatModel},program=/nowhere/llama-server`)
    expect(absent).toMatchObject({ code: 69, stderr: expect.stringContaining('install llama.cpp') })
  })
})
