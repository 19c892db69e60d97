// What bad input gets: a sentence, a hint, the exit code of docs/operations, and nothing lost.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync } from 'node:fs'
import { type Place, type Running, binary, place } from './cli.ts'

const NPUB = 'npub10xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqpkge6d'

let here: Place
let bare: Place
let up: Running
let address: string

beforeAll(async () => {
  const fedai = await binary()
  here = place(fedai)
  bare = place(fedai)
  up = here.start(['up', '--json', '--port', '0', '--runner', 'none'])
  await up.until(/\n/)
  address = JSON.parse(up.stdout()).router.address
}, 120_000)

afterAll(async () => {
  up.signal('SIGTERM')
  expect((await up.done).code).toBe(0)
  expect(await here.sprung()).toBe(false)
  expect(await bare.sprung()).toBe(false)
  here[Symbol.dispose]()
  bare[Symbol.dispose]()
})

type Case = [what: string, args: string[], code: number, says: RegExp, stdin?: string]

const cases: Case[] = [
  ['a word that is no command', ['requst'], 64, /no command requst\n {2}try: fedai request/],
  ['an option with a slip', ['request', '--modle', 'x', 'hi'], 64, /'--modle'\n {2}try --model/],
  ['a value that is missing', ['request', '--model'], 64, /argument missing/],
  ['no input on no terminal', ['request'], 65, /stdin is empty/],
  ['an empty prompt', ['request', ''], 64, /the prompt is empty/],
  ['a model without a name', ['request', '--model', '', 'hi'], 64, /--model "" is no name/],
  ['two inputs', ['request', '--file', 'x', 'hi'], 64, /a prompt and --file are both the input/],
  [
    'a task that does not exist',
    ['request', '--task', 'text.sumarize', 'hi'],
    64,
    /text\.sumarize\n.*text\.summarize/,
  ],
  [
    'a price without a unit',
    ['request', '--max-price', '5', 'hi'],
    64,
    /has no unit\n {2}write 5sat or 5msat/,
  ],
  [
    'a price with a comma before its fraction',
    ['request', '--max-price', '1,5sat', 'hi'],
    64,
    /has a comma before its fraction\n {2}write 1\.5sat/,
  ],
  [
    'a cap with one',
    ['request', '--budget', '10,5sat', 'hi'],
    64,
    /has a comma before its fraction\n {2}write 10\.5sat/,
  ],
  ['a price that is none', ['request', '--max-price', 'cheap', 'hi'], 64, /is not an amount/],
  [
    'a time without a unit',
    ['request', '--deadline', '30', 'hi'],
    64,
    /has no unit\n {2}write 30s or 30m/,
  ],
  ['tokens that are no number', ['request', '--max-tokens', 'many', 'hi'], 64, /is not a number/],
  [
    'tokens where there are none',
    ['request', '--task', 'text.summarize', '--max-tokens', '5', 'hi'],
    64,
    /no tokens/,
  ],
  ['a task that needs JSON', ['request', '--task', 'text.rerank', 'hi'], 64, /--input FILE\.json/],
  ['--stream without --json', ['request', '--stream', 'hi'], 64, /--stream goes with --json/],
  ['a router that is no router', ['request', '--router', 'ws://127.0.0.1:1', 'hi'], 64, /npub1/],
  ['a file that is not there', ['request', '--file', 'nope.txt'], 65, /no file nope\.txt/],
  ['a folder as a file', ['request', '--file', '.'], 65, /is a folder/],
  [
    'JSON with an error',
    ['request', '--task', 'text.rerank', '--input', '-'],
    65,
    /line 2, column 15/,
    '{\n "query": "a",,\n}',
  ],
  [
    'JSON that is something else',
    ['request', '--task', 'text.rerank', '--input', '-'],
    65,
    /documents/,
    '{"query":"a"}',
  ],
  [
    'JSON with a key twice',
    ['request', '--task', 'text.detect', '--input', '-'],
    65,
    /"input" twice/,
    '{"input":"a","input":"b"}',
  ],
  [
    'JSON with a slip in a key',
    ['request', '--task', 'text.summarize', '--input', '-'],
    65,
    /"sentence"[^]*\n {2}try sentences/,
    '{"input":"a","sentence":1}',
  ],
  ['bytes that are no text', ['request', '--file', 'latin1.txt'], 65, /not UTF-8/],
  [
    'a folder that is not there for --out',
    ['request', '--out', 'no/where.txt', 'hi'],
    74,
    /cannot be written/,
  ],
  [
    'a model that nobody offers',
    ['request', '--model', 'llama-3.1-70b', 'hi'],
    69,
    /nobody offers/,
  ],
  [
    'a ceiling over --max-price',
    ['request', '--task', 'text.summarize', '--max-price', '1msat', '--file', 'long.txt'],
    77,
    // Nothing went out: no line says who served it, and none is empty.
    /^(?!\n)((?!served by|\n\n)[^])*--max-price((?!served by|\n\n)[^])*$/,
  ],
  [
    'a prompt over the limit',
    ['request', '--task', 'text.summarize', '--file', 'huge.txt'],
    65,
    /262,?144|256 KiB/,
  ],
  ['an identity that is not there', ['request', '--as', 'nobody', 'hi'], 78, /no key named nobody/],
  ['an identity with an odd name', ['request', '--as', '../x', 'hi'], 64, /is no name/],
  ['an identity with no name', ['init', '--as', '', '--yes'], 64, /--as "" is no name/],
  ['verify of nothing', ['verify', 'nope.json'], 65, /no file nope\.json/],
  ['verify of something else', ['verify', 'package.json'], 65, /no signed event/],
  [
    'verify of a deep text',
    ['verify', '-'],
    65,
    /stdin is nested deeper than/,
    '['.repeat(100_000),
  ],
  ['a port that is none', ['up', '--port', '70000'], 64, /--port 70000[^]*7447/],
  [
    'a runner twice',
    ['up', '--runner', 'openai=http://127.0.0.1:1', '--runner', 'openai=http://127.0.0.1:1/'],
    64,
    /given twice/,
  ],
  ['help for what is no command', ['help', 'requst'], 64, /try: fedai request/],
  ['a runner that is none', ['up', '--runner', 'gpt'], 64, /openai=http/],
  [
    'a runner that does not answer',
    ['up', '--once', '--runner', 'openai=http://127.0.0.1:1'],
    69,
    /127\.0\.0\.1:1/,
  ],
  [
    'a prompt without a model',
    ['up', '--once', '--runner', 'none', 'hello'],
    69,
    /needs a chat model[^]*--chat/,
  ],
  ['a prompt to an up that stays', ['up', 'hello'], 64, /--once/],
  ['init without a terminal', ['init'], 64, /fedai init --as NAME --yes/],
  [
    'a key that is none',
    ['init', '--as', 'x', '--import', '-'],
    65,
    /stdin: this is not a secret key/,
    'npub1nonsense',
  ],
]

describe('bad input', () => {
  beforeAll(() => {
    here.file('long.txt', 'A sentence that says something. '.repeat(2_000))
    here.file('huge.txt', 'x'.repeat(5 * 1024 * 1024))
    chmodSync(here.file('latin1.txt', ''), 0o600)
  })

  // One argument each: to a function that could take one more, bun:test gives `done`, and waits for it.
  test.each(cases.map((it) => ({ what: it[0], it })))('$what', async ({ it }) => {
    const [, args, code, says, stdin] = it
    if (args.includes('latin1.txt'))
      await Bun.write(`${here.folder}/latin1.txt`, Uint8Array.of(0xe9, 0x20, 0xff))
    const options = stdin === undefined ? {} : { stdin }
    const ran = await here.run(args, options)
    expect(ran).toEqual({ code, stdout: '', stderr: expect.stringMatching(/^error: .+\n {2}\S/) })
    expect(ran.stderr).toMatch(says)
    // Nobody is shown where in our sources something was thrown.
    expect(ran.stderr).not.toMatch(/\bat .*\$bunfs|\.ts:\d/)

    if (args.includes('--stream')) return
    const json = await here.run([args[0]!, '--json', ...args.slice(1)], options)
    expect(json.code).toBe(code)
    expect(JSON.parse(json.stderr)).toEqual({
      error: {
        code: expect.stringMatching(/^[a-z_]+\.[a-z0-9_.]+$/),
        message: expect.any(String),
        hint: expect.any(String),
      },
    })
  })

  test('no router on this machine, and one that does not answer', async () => {
    const none = await bare.run(['request', 'hi'])
    expect(none).toMatchObject({
      code: 69,
      stdout: '',
      stderr: expect.stringContaining('fedai up'),
    })
    const dead = await bare.run(['request', '--router', `${NPUB}@ws://127.0.0.1:1`, 'hi'])
    expect(dead).toMatchObject({
      code: 69,
      stdout: '',
      stderr: expect.stringContaining('127.0.0.1:1'),
    })
  })

  test('another key behind a pinned address', async () => {
    const { code, stderr } = await here.run(['request', '--router', `${NPUB}@${address}`, 'hi'])
    expect(code).toBe(76)
    expect(stderr).toContain('error: ')
  })

  test('a command line that is not UTF-8', async () => {
    const words = `"$0" request -t text.detect "$(printf 'a\\377b')"; echo $?`
    const shell = Bun.spawnSync(['bash', '-c', words, await binary()], {
      env: { PATH: process.env['PATH'], FEDAI_HOME: here.home },
      stdin: 'ignore',
    })
    expect(shell.stdout.toString()).toBe(process.platform === 'linux' ? '65\n' : '0\n')
    // U+FFFD itself is a character like any other.
    expect((await here.run(['request', '-t', 'text.detect', 'a \ufffd b'])).code).toBe(0)
  })

  test('a key file that is none is named', async () => {
    expect((await bare.run(['init', '--as', 'odd', '--yes'])).code).toBe(0)
    const file = `${bare.home}/keys/odd.key`
    for (const text of ['nsec1nonsense\n', 'two words\n', 'ncryptsec1nonsense\n']) {
      await Bun.write(file, text)
      const router = `${NPUB}@${address}`
      const ran = await bare.run(['request', '--router', router, '--as', 'odd', 'hi'])
      expect(ran.code).toBe(78)
      expect(ran.stderr).toContain(file)
    }
  })

  test.each(['--passphrase-file', '--import'])(
    '%s with a file that others can read',
    async (it) => {
      const file = here.file(
        'shared',
        'nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5',
      )
      chmodSync(file, 0o640)
      const { code, stderr } = await bare.run(['init', '--as', 'never', it, file])
      expect(code).toBe(78)
      expect(stderr).toMatch(/others can read .*\n {2}chmod 600 /)
      chmodSync(file, 0o600)
      expect((await bare.run(['init', '--as', it.slice(2, 8), it, file])).code).toBe(0)
    },
  )

  test('without a home', async () => {
    const child = Bun.spawnSync([await binary(), 'request', 'hi'], { env: {}, stdin: 'ignore' })
    expect(child.exitCode).toBe(78)
    expect(child.stderr.toString()).toContain('HOME is not set')
  })

  test('a key file that others can read', async () => {
    expect((await bare.run(['init', '--as', 'open', '--yes'])).code).toBe(0)
    chmodSync(`${bare.home}/keys/open.key`, 0o644)
    const { code, stderr } = await bare.run([
      'request',
      '--router',
      `${NPUB}@${address}`,
      '--as',
      'open',
      'hi',
    ])
    expect(code).toBe(78)
    expect(stderr).toMatch(/others can read.*\n {2}chmod 600/)
  })

  test('a port that is taken', async () => {
    const port = new URL(address).port
    const { code, stderr } = await bare.run(['up', '--port', port, '--runner', 'none'])
    expect(code).toBe(69)
    expect(stderr).toContain(port)
  })

  test('a home that cannot be used', async () => {
    const { code, stderr } = await bare.run(['init', '--yes'], { env: { FEDAI_HOME: 'relative' } })
    expect(code).toBe(78)
    expect(stderr).toContain('FEDAI_HOME')
  })

  test('a secret in argv is not repeated', async () => {
    const nsec = 'nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5'
    const { stderr } = await here.run(['request', '--router', `${nsec}@${address}`, 'hi'])
    expect(stderr).not.toContain('nsec1vl')
  })
})
