// How a request ends that is not served to its end: by Ctrl-C, or because somebody dies.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { FAKE_WORDS, type FakeOpenai } from '../fakes/runner.ts'
import { type Place, type Running, place } from './cli.ts'
import { type WithUp, withUp } from './with-up.ts'

let fedai: string
let here: Place
let server: FakeOpenai
let up: Running
let end: WithUp['end']

const WHOLE = FAKE_WORDS.join('')

beforeAll(async () => void ({ fedai, here, server, up, end } = await withUp()), 120_000)
afterAll(() => end())

describe('Ctrl-C', () => {
  test('before there are offers', async () => {
    using silent = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
    const npub = 'npub10xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqpkge6d'
    const it = here.start(['request', '--router', `${npub}@ws://127.0.0.1:${silent.port}`, 'hello'])
    await Bun.sleep(300)
    const before = performance.now()
    it.signal('SIGINT')
    const { code, stdout } = await it.done
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' })
    expect(performance.now() - before).toBeLessThan(2_000)
  })

  test('while it streams: what came is kept, the runner is free within 500 ms, the receipt says so', async () => {
    server.misbehave('stalls')
    const it = here.start(['request', 'hello'])
    await it.until(/one /)
    expect(server.open()).toBe(1)
    const before = performance.now()
    it.signal('SIGINT')
    while (server.open() > 0) await Bun.sleep(5)
    expect(performance.now() - before).toBeLessThan(500)
    const { code, stdout, stderr } = await it.done
    expect({ code, stdout }).toEqual({ code: 130, stdout: 'one ' })
    expect(stderr).toContain('client_cancelled')
  })

  test('with --json the object is whole and says who ended it', async () => {
    server.misbehave('stalls')
    const it = here.start(['request', '--json', '--stream', 'hello'])
    await it.until(/one /)
    it.signal('SIGINT')
    const { code, stdout, stderr } = await it.done
    expect(code).toBe(130)
    const result = JSON.parse(stdout.trim().split('\n').at(-1)!)
    expect(result).toMatchObject({ type: 'result', finish: 'cancel', verified: true })
    expect(JSON.parse(result.receipt.content)).toMatchObject({ status: 'client_cancelled' })
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'interrupted' } })
  })

  test('twice: leaves at once, though the far side says nothing', async () => {
    server.misbehave('stalls')
    const it = here.start(['request', 'hello'])
    await it.until(/one /)
    process.kill(up.pid, 'SIGSTOP')
    try {
      it.signal('SIGINT')
      await Bun.sleep(200)
      const before = performance.now()
      it.signal('SIGINT')
      expect((await it.done).code).toBe(130)
      expect(performance.now() - before).toBeLessThan(500)
    } finally {
      process.kill(up.pid, 'SIGCONT')
    }
  })

  test('after the last piece: nothing is lost', async () => {
    server.misbehave(null)
    const it = here.start(['request', 'hello'])
    await it.until(/größe/)
    it.signal('SIGINT')
    const { code, stdout } = await it.done
    expect([0, 130]).toContain(code)
    expect(stdout).toBe(WHOLE)
  })
})

describe('what fails midway', () => {
  test('the runner dies: what came is shown, exit 75', async () => {
    server.misbehave('dies when told')
    const it = here.start(['request', 'hello'])
    await it.until(/two /)
    server.tell()
    const { code, stdout, stderr } = await it.done
    expect({ code, stdout }).toEqual({ code: 75, stdout: 'one two ' })
    expect(stderr).toMatch(/^error: /m)
  })

  test('and with --out what came has a name that says so', async () => {
    server.misbehave('dies when told')
    const out = `${here.folder}/half.txt`
    const it = here.start(['request', '--out', out, 'hello'])
    while (server.open() < 1) await Bun.sleep(5)
    // Nothing outside shows that a piece has come to it, and the model does one job at a time.
    await Bun.sleep(300)
    server.tell()
    const { code, stderr } = await it.done
    expect(code).toBe(75)
    expect(await Bun.file(out).exists()).toBe(false)
    expect(await Bun.file(`${out}.partial`).text()).toBe('one two \n')
    expect(stderr).toContain(`${out}.partial`)
  })

  test('`up` is ended: its node says what it charges, exit 75', async () => {
    server.misbehave('stalls')
    using there = place(fedai)
    const ending = there.start(['up', '--port', '0', '--runner', `openai=${server.url}`])
    await ending.until(/^try:/m)
    const it = there.start(['request', '--json', '--stream', 'hello'])
    await it.until(/"piece"/)
    ending.signal('SIGINT')
    const { code, stdout } = await it.done
    expect((await ending.done).code).toBe(0)
    const result = JSON.parse(stdout.trimEnd().split('\n').at(-1)!)
    expect({ code, finish: result.finish, verified: result.verified }).toEqual({
      code: 75,
      finish: 'cancel',
      verified: true,
    })
    expect(JSON.parse(result.receipt.content)).toMatchObject({ status: 'partial', reason: 'drain' })
  }, 40_000)

  test('the node dies: what came is shown, exit 75', async () => {
    server.misbehave('stalls')
    using there = place(fedai)
    const doomed = there.start(['up', '--port', '0', '--runner', `openai=${server.url}`])
    await doomed.until(/^try:/m)
    const it = there.start(['request', 'hello'])
    await it.until(/one /)
    doomed.signal('SIGKILL')
    const { code, stdout, stderr } = await it.done
    expect({ code, stdout }).toEqual({ code: 75, stdout: 'one ' })
    expect(stderr).toMatch(/^error: /m)
    // Its word is still in the file, and nobody believes it.
    const late = await there.run(['request', 'hello'])
    expect(late.code).toBe(69)
    expect(late.stderr).toContain('fedai up')
  }, 40_000)
})
