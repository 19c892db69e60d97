// The compiled binary, against a real `fedai up`, in a folder that would like to run code of its own.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { type Place, type Running, binary, place } from './cli.ts'
import { FAKE_WORDS, type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'

let fedai: string
let here: Place
let server: FakeOpenai
let up: Running

const WHOLE = FAKE_WORDS.join('')

beforeAll(async () => {
  fedai = await binary()
  here = place(fedai)
  server = fakeOpenai()
  up = here.start(['up', '--port', '0', '--runner', `openai=${server.url}`])
  await up.until(/^try:/m)
}, 120_000)

afterAll(async () => {
  up.signal('SIGINT')
  const { code } = await up.done
  await server.stop()
  expect(code).toBe(0)
  expect(await here.sprung()).toBe(false)
  here[Symbol.dispose]()
})

describe('request', () => {
  test('the text on stdout and nothing else; talk on stderr', async () => {
    server.misbehave(null)
    const { code, stdout, stderr } = await here.run(['request', 'hello'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: WHOLE })
    expect(stderr).toMatch(/served by npub1.*\n.*fake-model.*receipt checked.*play money/)
    // What it may cost is said first, also where nobody watches, and is what was held to.
    const [, most] = /^costs at most ([\d.,]+ m?sat)\n/.exec(stderr) ?? []
    expect(stderr).toContain(` of at most ${most} · `)
  })

  test('--quiet says nothing at all on stderr', async () => {
    expect(await here.run(['request', '-q', 'hello'])).toEqual({
      code: 0,
      stdout: WHOLE,
      stderr: '',
    })
  })

  test('stdin composes, and a file, and an answer in a file', async () => {
    const piped = await here.run(['request'], { stdin: 'hello' })
    expect(piped.stdout).toBe(WHOLE)
    const file = here.file('prompt.txt', 'hello')
    const out = `${here.folder}/answer.txt`
    const filed = await here.run(['request', '--file', file, '--out', out])
    expect({ code: filed.code, stdout: filed.stdout }).toEqual({ code: 0, stdout: '' })
    expect(await Bun.file(out).text()).toBe(`${WHOLE}\n`)
  })

  test('--json gives one object that verify accepts, also through a pipe and later', async () => {
    const { code, stdout } = await here.run(['request', '--json', 'hello'])
    expect(code).toBe(0)
    const result = JSON.parse(stdout)
    expect(result).toMatchObject({
      v: 1,
      type: 'result',
      net: 'sim',
      task: 'text.chat@1',
      model: 'fake-model',
      finish: 'stop',
      verified: true,
      error: null,
      receipt: { kind: 4642 },
    })
    expect(result.cost_msat).toMatch(/^[0-9]+$/)
    expect(Object.keys(result.bundle).toSorted()).toEqual([
      'accepted',
      'acknowledgement',
      'draw',
      'job',
      'offers',
      'receipt',
      'sheet',
      'statement',
      'ticket',
    ])
    const verdict = await here.run(['verify', '-'], { stdin: stdout })
    expect(verdict.code).toBe(0)
    // All but what no document can show.
    expect(verdict.stdout.match(/not checked .*/g)).toEqual([
      expect.stringContaining('output, times and error of the result'),
    ])
    for (const [field, value] of [
      ['cost_msat', `${result.cost_msat}0`],
      ['node', result.router],
      ['usage', {}],
    ]) {
      const changed = JSON.stringify({ ...result, [field]: value })
      const bad = await here.run(['verify', '--json', '-'], { stdin: changed })
      expect(bad.code).toBe(76)
      expect(JSON.parse(bad.stdout)).toMatchObject({ wrong: { check: `result.${field}` } })
    }
    for (const name of ['receipt', 'ticket', 'job', 'sheet']) {
      const event = result.bundle[name]
      const forged = {
        ...result,
        bundle: {
          ...result.bundle,
          [name]: { ...event, content: event.content.replace(/[0-9]/, '7') + ' ' },
        },
      }
      const bad = await here.run(['verify', '--json', '-'], { stdin: JSON.stringify(forged) })
      expect(bad.code).toBe(76)
      expect(JSON.parse(bad.stdout)).toMatchObject({
        ok: false,
        wrong: { check: 'event.wrong_id' },
      })
      expect(JSON.parse(bad.stderr)).toMatchObject({ error: { code: 'event.wrong_id' } })
    }
  })

  test('--json --stream: a line for each piece, then the same object', async () => {
    const { stdout } = await here.run(['request', '--json', '--stream', 'hello'])
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(
      lines
        .slice(0, -1)
        .map((it) => it.text)
        .join(''),
    ).toBe(WHOLE)
    expect(lines.at(-1)).toMatchObject({ v: 1, type: 'result', verified: true })
    expect(lines.slice(0, -1).every((it) => it.type === 'piece' && it.v === 1)).toBe(true)
  })

  test('--dry-run sends nothing and says so', async () => {
    const { code, stdout } = await here.run(['request', '--dry-run', 'hello'])
    expect(code).toBe(0)
    expect(stdout).toMatch(/offers? of npub1.*, best first; nothing was sent/)
    expect(stdout).toMatch(/ceiling .* play money/)
    const json = JSON.parse((await here.run(['request', '--dry-run', '--json', 'hello'])).stdout)
    expect(json).toMatchObject({ v: 1, type: 'offers', net: 'sim', input_bytes: 5 })
  })

  test('a task with JSON input', async () => {
    const input = here.file(
      'rerank.json',
      JSON.stringify({ query: 'sky', documents: ['blue sky', 'red mud'] }),
    )
    const { code, stdout } = await here.run(['request', '--task', 'text.rerank', '--input', input])
    expect(code).toBe(0)
    expect(stdout).toContain('document 0')
  })

  test('a reader that leaves (| head) is no error', async () => {
    server.misbehave(null)
    const shell = Bun.spawn(
      ['bash', '-c', `"$0" request hello | head -c 3; echo "/\${PIPESTATUS[0]}"`, fedai],
      {
        cwd: here.folder,
        env: { PATH: process.env['PATH'], FEDAI_HOME: here.home },
        stdin: 'ignore',
        stdout: 'pipe',
        stderr: 'pipe',
      },
    )
    expect(await new Response(shell.stdout).text()).toBe('one/0\n')
    expect(await new Response(shell.stderr).text()).not.toContain('error')
  })
})

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
