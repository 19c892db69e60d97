// A stdout or a disk that takes nothing: a job that was paid for is not lost, and nobody is told that
// all is well. /dev/full is a full disk that needs no rights; only Linux has it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'
import { type Place, type Running, binary, place } from './cli.ts'

let fedai: string
let here: Place
let up: Running

beforeAll(async () => {
  fedai = await binary()
  here = place(fedai)
  up = here.start(['up', '--port', '0', '--runner', 'none'])
  await up.until(/^try:/m)
}, 120_000)

afterAll(async () => {
  up.signal('SIGTERM')
  expect((await up.done).code).toBe(0)
  expect(await here.sprung()).toBe(false)
  here[Symbol.dispose]()
})

/** What `fedai WORDS`, written for a shell, ends with. */
const shell = async (words: string) => {
  const child = Bun.spawn(['bash', '-c', `"$0" ${words}; echo "/\${PIPESTATUS[0]}" >&3`, fedai], {
    cwd: here.folder,
    env: { PATH: process.env['PATH'], FEDAI_HOME: here.home },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const [stdout, stderr, said] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    Bun.file(child.stdio[3] as number).text(),
  ])
  return { stdout, stderr, code: Number(said.trim().slice(1)) }
}

const hasFull = existsSync('/dev/full')
if (!hasFull) process.stderr.write('!! NOT TRIED: a full disk, since there is no /dev/full\n')

describe.skipIf(!hasFull)('no room', () => {
  const detect = 'request --task text.detect "Wer rastet, der rostet."'

  test('on stdout: the job is told to its end, then 74', async () => {
    const { code, stderr } = await shell(`${detect} >/dev/full`)
    expect(code).toBe(74)
    expect(stderr).toMatch(
      /receipt checked · .* left there · play money\nerror: stdout took .*ENOSPC\n {2}no room/,
    )
  })

  test.each([
    `${detect} --json >/dev/full`,
    `${detect} --dry-run >/dev/full`,
    `${detect} >&-`,
    'request --help >/dev/full',
    '--version >/dev/full',
    '>/dev/full',
    'up --once --runner none >/dev/full',
    'up --port 0 --runner none >/dev/full',
    'init --as full --yes >/dev/full',
  ])('%s', async (words) => {
    const { code, stderr } = await shell(words)
    expect(code).toBe(74)
    expect(stderr).toMatch(/output\.lost|error: stdout/)
  })

  test('for --out: the result goes to stdout, with its cost, then 74', async () => {
    const { code, stdout, stderr } = await shell(`${detect} --out /dev/full`)
    expect({ code, stdout }).toEqual({
      code: 74,
      stdout: expect.stringMatching(/^de [01]\.\d\d\n$/),
    })
    expect(stderr).toMatch(
      /receipt checked · .* left there · play money\nerror: \/dev\/full .*ENOSPC; the result is on stdout instead\n {2}no room/,
    )
    const json = await shell(`${detect} --json --out /dev/full`)
    expect(JSON.parse(json.stdout)).toMatchObject({ type: 'result', verified: true })
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'output.unwritable' } })
  })

  test('for --out of a job by hold: stdout has the result once, and it is kept where that is full, too', async () => {
    const text = 'A node has a machine. A router has none. A client has a wish. '.repeat(20)
    const hold = `request --timing hold --task text.summarize "${text}" --out /dev/full`
    const once = await shell(hold)
    expect({ code: once.code, said: once.stdout.length > 10 }).toEqual({ code: 74, said: true })
    expect((await shell('pay resolve')).stdout).toBe('')
    const both = await shell(`${hold} >/dev/full`)
    expect(both.code).toBe(74)
    expect(both.stderr).toContain('the result is kept')
    expect(both.stderr).not.toContain('on stdout instead')
    expect(both.stderr.match(/^error: /gm)).toHaveLength(1)
    expect((await shell('pay resolve')).stdout).toBe(once.stdout)
  })

  test('--out to a device leaves the device where it is', async () => {
    expect((await shell(`${detect} --out /dev/null`)).code).toBe(0)
    expect(Bun.spawnSync(['test', '-c', '/dev/null']).exitCode).toBe(0)
  })

  test('a reader that leaves is no error', async () => {
    const { code, stderr } = await shell('up --once --runner none | head -c 1')
    expect(code).toBe(0)
    expect(stderr).not.toContain('error')
  })
})

describe('a ledger of payments that takes nothing more', () => {
  /** Until it is disposed, a row of this table is more than the disk has room for. */
  const fullFor = (table: string) => {
    const ledger = new Database(`${here.home}/state/client/sim/ledger.db`)
    const run = (sql: string) => void ledger.run(sql)
    run(`CREATE TRIGGER no_room BEFORE INSERT ON ${table} BEGIN SELECT RAISE(ABORT, 'full'); END`)
    return {
      [Symbol.dispose]: () => {
        run('DROP TRIGGER no_room')
        ledger.close()
      },
    }
  }
  const ask = async (...args: string[]) => {
    const ran = await here.run([
      'request',
      '--task',
      'text.detect',
      'Wer rastet, der rostet.',
      ...args,
    ])
    return { code: ran.code, stdout: ran.stdout, stderr: ran.stderr }
  }

  test.each([
    ['payments', ['--tab', 'off'], ''],
    ['charges', [], 'de '],
    ['views', [], 'de '],
  ] as const)('of %s: a result that is there is given, then 74', async (table, args, result) => {
    expect(await ask()).toMatchObject({ code: 0 })
    {
      using _ = fullFor(table)
      const started = performance.now()
      expect(await ask(...args)).toEqual({
        code: 74,
        stdout: expect.stringMatching(new RegExp(`^${result}`)),
        stderr: expect.stringMatching(/error: .*ledger\.db/),
      })
      expect(performance.now() - started).toBeLessThan(5_000)
    }
    expect((await here.run(['pay', 'resolve'])).code).toBe(0)
    expect(await ask()).toMatchObject({ code: 0 })
  })
})

test('two at once: the newer is found, and the elder again when that has ended', async () => {
  const found = async () => JSON.parse((await here.run(['--json'])).stdout).router.pid
  expect(await found()).toBe(up.pid)
  const second = here.start(['up', '--port', '0', '--runner', 'none'])
  await second.until(/^try:/m)
  expect(await found()).toBe(second.pid)
  expect(existsSync(`${here.home}/state/up-2/router/ledger.db`)).toBe(true)
  second.signal('SIGTERM')
  expect((await second.done).code).toBe(0)
  expect(await found()).toBe(up.pid)
})
