// The compiled binary, against a real `fedai up`, in a folder that would like to run code of its own.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { FAKE_WORDS, type FakeOpenai } from '../fakes/runner.ts'
import type { Place } from './cli.ts'
import { type WithUp, withUp } from './with-up.ts'

let fedai: string
let here: Place
let server: FakeOpenai
let end: WithUp['end']

const WHOLE = FAKE_WORDS.join('')

beforeAll(async () => void ({ fedai, here, server, end } = await withUp()), 120_000)
afterAll(() => end())

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
      expect.stringContaining('output, times, paying_msat, events and error of the result'),
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
