import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { version } from '../../package.json'
import { type Place, binary, place } from './cli.ts'

let fedai: string
let here: Place

beforeAll(async () => {
  fedai = await binary()
  here = place(fedai)
}, 120_000)

afterAll(async () => {
  expect(await here.sprung()).toBe(false)
  here[Symbol.dispose]()
})

describe('the binary', () => {
  test('says its version, and what is lost on a closed stdout', async () => {
    expect(await here.run(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
    const shell = Bun.spawnSync(['bash', '-c', '"$0" --help >&-; echo $?', fedai])
    if (process.platform === 'linux') expect(shell.stdout.toString()).toBe('74\n')
  })

  test('help is a word as well', async () => {
    const { stdout } = await here.run(['request', '--help'])
    expect(await here.run(['help', 'request'])).toEqual({ code: 0, stdout, stderr: '' })
    expect((await here.run(['help'])).stdout).toBe((await here.run(['--help'])).stdout)
    const nested = await here.run(['config', 'explain', '--help'])
    expect(await here.run(['help', 'config', 'explain'])).toEqual(nested)
    expect(nested.stdout).toContain('Examples:\n  fedai config explain router.listen\n')
  })

  test('help survives a reader that leaves', async () => {
    const shell = Bun.spawnSync([
      'bash',
      '-c',
      '"$0" request --help | head -1; echo ${PIPESTATUS[0]}',
      fedai,
    ])
    expect(shell.stdout.toString()).toBe('Usage: fedai request [options] [prompt...]\n0\n')
    expect(shell.stderr.toString()).toBe('')
  })

  test('alone it says what is set up, and opens nothing', async () => {
    const { code, stdout } = await here.run([])
    expect(code).toBe(0)
    expect(stdout).toMatch(/none runs on this machine[^]*\ntry: fedai up\n$/)
    const json = JSON.parse((await here.run(['--json'])).stdout)
    expect(json).toMatchObject({ v: 1, type: 'setup', version, router: null, next: 'fedai up' })
  })

  test('code that is made from strings does not run in it', async () => {
    const preload = here.file('preload.js', "console.log('EVIL')")
    const ran = await here.run(['--version'], { env: { BUN_OPTIONS: `--preload ${preload}` } })
    expect(ran.stdout).not.toContain('EVIL')
  })
})

describe('init', () => {
  test('makes a key that only we can read, once', async () => {
    const first = await here.run(['init', '--as', 'work', '--yes'])
    expect(first.code).toBe(0)
    expect(first.stdout).toMatch(/^npub1[a-z0-9]{58}\n$/)
    expect(statSync(join(here.home, 'keys', 'work.key')).mode & 0o777).toBe(0o600)
    const second = await here.run(['init', '--as', 'work', '--yes'])
    expect(second).toMatchObject({ code: 78, stdout: '' })
    expect(second.stderr).toContain('never overwritten')
  })

  test('takes a key from stdin or a file, as nsec, hex or encrypted', async () => {
    const hex = '67dea2ed018072d675f5415ecfaed7d2597555e202d85b3d65ea4e58d2d92ffa'
    // The pair of NIP-19.
    const fromHex = await here.run(['init', '--as', 'hex', '--import', '-'], { stdin: `${hex}\n` })
    const file = here.file(
      'key.txt',
      'nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5\n',
    )
    chmodSync(file, 0o600)
    const fromNsec = await here.run(['init', '--as', 'nsec', '--import', file, '--json'])
    expect(fromHex.code).toBe(0)
    expect(JSON.parse(fromNsec.stdout)).toMatchObject({
      v: 1,
      type: 'identity',
      npub: fromHex.stdout.trim(),
      encrypted: false,
    })
  })

  test('encrypts with a passphrase from a file, and signs with it', async () => {
    const file = here.file('passphrase', 'correct horse\n')
    chmodSync(file, 0o600)
    const made = await here.run(['init', '--as', 'locked', '--passphrase-file', file])
    expect(made.code).toBe(0)
    expect(await Bun.file(join(here.home, 'keys', 'locked.key')).text()).toMatch(/^ncryptsec1/)
    const router = `${made.stdout.trim()}@ws://127.0.0.1:1`
    const asked = await here.run(['request', '--router', router, '--as', 'locked', 'hi'])
    expect(asked).toMatchObject({ code: 78, stderr: expect.stringContaining('--passphrase-file') })
    const wrong = await here.run(
      ['request', '--router', router, '--as', 'locked', '--passphrase-file', '-', 'hi'],
      { stdin: 'wrong' },
    )
    expect(wrong).toMatchObject({ code: 78, stderr: expect.stringContaining('does not open') })
    const right = await here.run([
      'request',
      '--router',
      router,
      '--as',
      'locked',
      '--passphrase-file',
      file,
      'hi',
    ])
    expect(right.code).toBe(69)
    // The key that is encrypted is imported with the same passphrase, and nobody is asked.
    const key = join(here.home, 'keys', 'locked.key')
    const again = ['init', '--as', 'again', '--import', key, '--passphrase-file']
    expect(await here.run([...again, file])).toMatchObject({ code: 0, stdout: made.stdout })
    const other = here.file('other', 'battery staple\n')
    chmodSync(other, 0o600)
    expect((await here.run(['init', '--as', 'third', ...again.slice(3), other])).code).toBe(78)
    expect(
      (await here.run(['init', '--as', 'x', '--import', '-', '--passphrase-file', '-'])).code,
    ).toBe(64)
  }, 30_000)
})

describe('up --once', () => {
  test('does real jobs and ends, though nobody watches and stdin is closed', async () => {
    const { code, stdout, stderr } = await here.run(['up', '--once', '--runner', 'none'])
    expect(code).toBe(0)
    expect(stderr.match(/receipt checked/g)).toHaveLength(2)
    expect(stderr).toContain('play money')
    expect(stderr).toContain('--runner openai=')
    expect(stdout.trimEnd().split('\n')).toHaveLength(4)
  })

  test('--json gives one object a job, each of which verify accepts', async () => {
    const { stdout, stderr } = await here.run(['up', '--once', '--json', '--runner', 'none'])
    expect(stderr).toBe('')
    expect(stdout.trim().split('\n')).toHaveLength(2)
    const verdict = await here.run(['verify', '--json', '-'], { stdin: stdout })
    expect(JSON.parse(verdict.stdout)).toMatchObject({
      ok: true,
      unchecked: [
        expect.stringContaining('output, times, paying_msat, events and error of the result'),
      ],
    })
  })
})

/** A process on a terminal of its own, and what that shows. */
const onTerminal = (args: readonly string[], home: string) => {
  let screen = ''
  const child = Bun.spawn([fedai, ...args], {
    cwd: here.folder,
    env: { PATH: process.env['PATH'], FEDAI_HOME: home, TERM: 'xterm-256color' },
    terminal: {
      cols: 120,
      rows: 40,
      data: (_, bytes) => void (screen += new TextDecoder().decode(bytes)),
    },
  })
  return {
    exited: child.exited,
    type: (text: string) => void child.terminal!.write(text),
    screen: () => screen,
    shows: async (pattern: RegExp) => {
      while (!pattern.test(screen)) await Bun.sleep(10)
    },
  }
}

describe('on a terminal', () => {
  test('up has a live view, and Ctrl-C ends it', async () => {
    const up = onTerminal(['up', '--port', '0', '--runner', 'none'], here.home)
    await up.shows(/0 jobs · 0 msat of play money/)
    const text = 'One. Two. Three. Four.'
    const ran = await here.run(['request', '-q', '--task', 'text.summarize', text])
    expect(ran.code).toBe(0)
    await up.shows(/text\.summarize · fedai-textrank · .* · ok[^]*1 job ·/)
    up.type('\u0003')
    expect(await up.exited).toBe(0)
    // The next `fedai request` knows that nobody is there any more.
    expect((await here.run(['request', 'hi'])).stderr).toContain('none runs on this machine')
  }, 20_000)

  test('init asks, and shows the key alone on stdout', async () => {
    const home = join(here.folder, '.asked')
    const init = onTerminal(['init'], home)
    await init.shows(/be called/)
    init.type('alice\r')
    await init.shows(/Which key/)
    init.type('\r')
    await init.shows(/Encrypt it/)
    init.type('\r')
    expect(await init.exited).toBe(0)
    expect(init.screen()).toMatch(/npub1[a-z0-9]{58}[^]*try: fedai request --as alice/)
    expect(statSync(join(home, 'keys', 'alice.key')).mode & 0o777).toBe(0o600)
  }, 20_000)

  test('Ctrl-C at a question writes nothing', async () => {
    const home = join(here.folder, '.left')
    const init = onTerminal(['init'], home)
    await init.shows(/be called/)
    init.type('\u0003')
    expect(await init.exited).toBe(130)
    expect(await Bun.file(join(home, 'keys', 'me.key')).exists()).toBe(false)
  }, 20_000)

  test('a prompt that is missing is asked of nobody', async () => {
    const request = onTerminal(['request'], here.home)
    expect(await request.exited).toBe(64)
    expect(request.screen()).toContain('there is nothing to send')
  }, 20_000)
})
