import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { observe } from '../../../../test/fakes/observe.ts'
import { FAKE_WORDS } from '../../../../test/fakes/runner.ts'
import { silentLog } from '../../base/log.ts'
import { runnerConformance } from '../runner.conformance.ts'
import { groupOf, Stage, until } from './spawn.fixtures.ts'
import { spawnLlama } from './spawn.ts'

const posix = process.platform !== 'win32'
const work = (content = 'hi') => ({
  task: 'text.chat@1' as const,
  model: 'model',
  input: { messages: [{ role: 'user', content }] },
  outTokens: 20,
})

let stage: Stage
beforeEach(() => {
  stage = new Stage()
})
afterEach(() => stage.end())

if (posix)
  runnerConformance('a spawned llama-server', async () => {
    const mine = new Stage()
    const output = { message: { role: 'assistant', content: FAKE_WORDS.join('') } }
    return { runner: await mine.spawn('good'), work: work(), output, stop: () => mine.end() }
  })

describe.if(posix)('a llama-server that fedai starts', () => {
  test('is started again when it dies, and what watches hears of both', async () => {
    const runner = await stage.spawn('good')
    const heard: number[] = []
    const stop = runner.watch!(() => void runner.capabilities().then((it) => heard.push(it.length)))
    const [first] = stage.pids
    process.kill(first!, 'SIGKILL')
    await until(() => heard.length === 2)
    expect(heard[0]).toBe(0)
    expect(heard[1]).toBeGreaterThan(0)
    expect(stage.pids).toHaveLength(1)
    expect(stage.pids[0]).not.toBe(first)
    expect((await observe(runner, work())).done?.finish).toBe('stop')
    stop()
  })

  test('that dies of a job fails that job only', async () => {
    const runner = await stage.spawn('dies of a job')
    expect((await observe(runner, work('die'))).fault?.trouble).toBe('crashed')
    // At once after: it is not sent to the dead one, but waits for the next start.
    expect((await observe(runner, work('live'))).done?.finish).toBe('stop')
  })

  test('that fails to come up is tried after a growing wait', async () => {
    const runner = await stage.spawn('dies twice')
    process.kill(stage.pids[0]!, 'SIGKILL')
    await until(() => stage.starts === 4 && stage.said.at(-1)!.startsWith('runner.ready'))
    expect((await runner.capabilities()).length).toBeGreaterThan(0)
    const crashes = stage.said.filter((it) => it.startsWith('runner.crashed'))
    expect(crashes.map((it) => /failures=(\d)/.exec(it)?.[1])).toEqual(['1', '2', '3'])
  })

  test('leaves nothing behind when it is closed, whatever it had started, TERM or not', async () => {
    for (const mode of ['forks', 'stubborn']) {
      const runner = await stage.spawn(mode)
      const [pid] = stage.pids
      expect(groupOf(pid!).length).toBeGreaterThan(1)
      await runner.close!()
      // Killed already: the kernel may take a moment with one that holds none of our pipes.
      await until(() => groupOf(pid!).length === 0, 200)
      expect(stage.pids).toEqual([])
      expect(await runner.capabilities()).toEqual([])
      expect((await observe(runner, work())).fault?.trouble).toBe('crashed')
    }
  })

  /** Another fedai that runs it, to be killed. */
  const elsewhere = async (mode: string) => {
    const script = `
      import { silentLog } from ${JSON.stringify(join(import.meta.dir, '../../base/log.ts'))}
      import { spawnLlama } from ${JSON.stringify(join(import.meta.dir, 'spawn.ts'))}
      await spawnLlama(${JSON.stringify(stage.spec(mode))}, { log: silentLog, runtime: ${JSON.stringify(stage.runtime)} })
      console.log('up')
      await new Promise(() => {})`
    const parent = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe' })
    await parent.stdout.getReader().read()
    return { parent, pid: stage.pids[0]! }
  }

  test('and its grandchildren go when fedai is killed with -9', async () => {
    const { parent, pid } = await elsewhere('forks')
    expect(groupOf(pid).length).toBeGreaterThan(2)
    parent.kill('SIGKILL')
    await until(() => groupOf(pid).length === 0, 2_000)
    // The next start clears away what was written about it.
    await (
      await stage.spawn('good')
    ).close!()
    expect(stage.pids).toEqual([])
  })

  test.if(Bun.which('setpriv') !== null)('goes even if its guard was killed before', async () => {
    const { parent, pid } = await elsewhere('good')
    const guard = groupOf(pid).find((it) => it.includes('fedai-runner'))!
    process.kill(Number(/^\s*\d+\s+(\d+)/.exec(guard)![1]), 'SIGKILL')
    parent.kill('SIGKILL')
    await until(() => groupOf(pid).length === 0, 2_000)
  })

  test.if(process.platform === 'linux')(
    'leaves no core file, and goes before fedai does',
    async () => {
      await stage.spawn('good')
      const [pid] = stage.pids
      const read = (name: string) => readFileSync(`/proc/${pid}/${name}`, 'utf8')
      expect(read('limits')).toMatch(/Max core file size +0 +0 /)
      expect(Number(read('oom_score_adj'))).toBe(500)
    },
  )

  test('does what it was started for, or is given up', async () => {
    const spec = { ...stage.spec('good'), use: 'embed' as const }
    const opening = spawnLlama(spec, { log: silentLog, runtime: stage.runtime })
    await expect(opening).rejects.toMatchObject({ code: 'runner.wrong_use' })
    expect(stage.starts).toBe(1)
  })

  test.each([
    ['knows no flag', 'bad_flag', 'does not take --cache-ram', 1],
    ['out of memory', 'oom', 'not enough memory for model.gguf', 3],
    ['exits', 'crashed', 'ended with code 1', 3],
  ])('that %s is given up with %s', async (mode, code, message, starts) => {
    const failing = stage.spawn(mode)
    await expect(failing).rejects.toMatchObject({ kind: 'unavailable', code: `runner.${code}` })
    await expect(failing).rejects.toThrow(message)
    await expect(failing).rejects.toHaveProperty('hint', expect.any(String))
    expect(stage.starts).toBe(starts)
  })

  test('that hangs, or answers without a token, is killed in the time that its model may take', async () => {
    for (const mode of ['hangs', 'mute']) {
      const failing = stage.spawn(mode, { rules: { loadMs: 80, firstTries: 1 } })
      await expect(failing).rejects.toMatchObject({ code: 'runner.slow' })
      expect(stage.pids).toEqual([])
    }
  })

  test('says nothing that it printed', async () => {
    const error: unknown = await stage.spawn('talks').catch((it: unknown) => it)
    expect(Bun.inspect(error)).toContain('ended with code 3')
    expect(Bun.inspect(error) + stage.said.join('\n')).not.toContain('CANARY')
  })

  test('is not waited for after Ctrl-C', async () => {
    const stop = new AbortController()
    const opening = stage.spawn('hangs', { signal: stop.signal })
    await until(() => stage.said.length > 0)
    stop.abort()
    await expect(opening).rejects.toMatchObject({ kind: 'interrupted' })
    expect(stage.pids).toEqual([])
  })

  test('is not started without its model or its program: where it looked, and what to install', async () => {
    const options = { log: silentLog, runtime: stage.runtime }
    const spec = stage.spec('good')
    const opening = (change: object) => spawnLlama({ ...spec, ...change }, options)
    await expect(opening({ model: '/nowhere/x.gguf' })).rejects.toMatchObject({
      code: 'runner.no_model_file',
      message: 'there is no file /nowhere/x.gguf',
    })
    await expect(opening({ model: stage.folder })).rejects.toThrow('is no file')
    const missing = opening({ program: 'llama-server-of-nobody' })
    await expect(missing).rejects.toThrow('there is no llama-server-of-nobody in /')
    await expect(missing).rejects.toHaveProperty(
      'hint',
      expect.stringContaining('install llama.cpp'),
    )
  })
})
