// What every command prints with --json, held to its schema: the one that `fedai schema` prints, and
// the same without room for fields that nobody described.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { SHAPES } from '../../src/commands/schema/registry.ts'
import { FAKE_WORDS, type FakeOpenai, fakeOpenai } from '../fakes/runner.ts'
import { type Place, type Ran, type Running, binary, place } from './cli.ts'
import { merchant } from './pay.ts'

let here: Place
let server: FakeOpenai
let up: Running
const tried = new Set<string>()

beforeAll(async () => {
  here = place(await binary())
  server = fakeOpenai()
  up = here.start(['up', '--json', '--port', '0', '--runner', `openai=${server.url}`])
  await up.until(/"type":"ready"/)
}, 120_000)

afterAll(async () => {
  await server.stop()
  expect(await here.sprung()).toBe(false)
  here[Symbol.dispose]()
})

/** The printed schema of a command, and its shape without room for more. */
const schemasOf = async (name: string) => {
  const { code, stdout } = await here.run(['schema', ...name.split(' ')])
  expect(code).toBe(0)
  const printed = JSON.parse(stdout)
  expect(printed).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' })
  const strict = z.toJSONSchema(await SHAPES[name]!(), { io: 'output' })
  return [z.fromJSONSchema(printed), z.fromJSONSchema(strict as never)] as const
}

const lines = (text: string): unknown[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

/** Holds every line that a command printed to its schema. */
const hold = async (name: string, ran: Pick<Ran, 'stdout'>, least = 1): Promise<void> => {
  tried.add(name)
  const all = lines(ran.stdout)
  expect(all.length).toBeGreaterThanOrEqual(least)
  for (const schema of await schemasOf(name))
    for (const object of all)
      expect({ object, issues: schema.safeParse(object).error?.issues }).toEqual({
        object,
        issues: undefined,
      })
}

describe('what --json prints is what its schema says:', () => {
  test('request, its pieces and its offers; verify', async () => {
    const whole = await here.run(['request', '--json', 'hello'])
    await hold('request', whole)
    await hold(
      'request',
      await here.run(['request', '--json', '--stream', 'hello']),
      FAKE_WORDS.length,
    )
    await hold('request', await here.run(['request', '--json', '--dry-run', 'hello']))
    await hold('verify', await here.run(['verify', '--json', '-'], { stdin: whole.stdout }))
  }, 30_000)

  test('a result that failed, and the error on stderr', async () => {
    server.misbehave('dies')
    const ran = await here.run(['request', '--json', 'hello'])
    server.misbehave(null)
    expect(ran.code).toBe(75)
    await hold('request', ran)
    const [printed] = await schemasOf('request')
    const [error] = lines(ran.stderr)
    expect(error).toHaveProperty('error.code')
    expect(printed.safeParse(error).error?.issues).toBeUndefined()
    expect(printed.safeParse({ error: {} }).success).toBe(false)
  }, 30_000)

  test('fedai alone, its version, init, config, schema', async () => {
    await hold('fedai', await here.run(['--json']))
    await hold('version', await here.run(['--json', '--version']))
    await hold('init', await here.run(['init', '--as', 'schema', '--json']))
    await hold('config show', await here.run(['config', 'show', '--json']))
    await hold('config explain', await here.run(['config', 'explain', 'limits', '--json']))
    await hold('config explain', await here.run(['config', 'explain', 'limits.idle', '--json']))
    await hold('config path', await here.run(['config', 'path', '--json']))
    await hold('schema', await here.run(['schema', '--json']))
  }, 30_000)

  test('trust', async () => {
    const key = JSON.parse((await here.run(['init', '--as', 'friend', '--json'])).stdout).npub
    await hold('trust add', await here.run(['trust', 'add', key, '--name', 'mira', '--json']))
    await hold('trust list', await here.run(['trust', 'list', '--json']))
    await hold('trust remove', await here.run(['trust', 'remove', 'mira', '--json']))
  }, 30_000)

  test('pay', async () => {
    const shop = await merchant(here)
    const invoice = await shop.invoice(1)
    await hold('pay', await here.run(['pay', '--dry-run', '--json', invoice]))
    await hold('pay', await here.run(['pay', '--yes', '--json', invoice]))
    await hold('pay', await here.run(['pay', '--yes', '--json', invoice]))
    const held = await shop.held(1)
    await hold('pay', await here.run(['pay', '--yes', '--wait', '1s', '--json', held.bolt11]))
    await hold('pay status', await here.run(['pay', 'status', '--json']))
    await hold('pay status', await here.run(['pay', 'status', '--net', 'mainnet', '--json']))
    await held.cancel()
    await hold('pay resolve', await here.run(['pay', 'resolve', '--json']))
    await hold('pay history', await here.run(['pay', 'history', '--json']))
    await hold('pay tabs', await here.run(['pay', 'tabs', '--json']))
    await hold('pay tabs', await here.run(['pay', 'tabs', '--statements', '--json']))
    const ask = ['request', '--dry-run', '--json', '--task', 'text.detect', 'hello']
    const [{ node }] = JSON.parse((await here.run(ask)).stdout).offers
    await hold('pay top-up', await here.run(['pay', 'top-up', node, '--dry-run', '--json']))
    await hold('pay top-up', await here.run(['pay', 'top-up', node, '--yes', '--json', '100sat']))
    const connection = `sim:${here.home}/state/play-money.db?account=schema`
    await hold('pay connect', await here.run(['pay', 'connect', '--json'], { stdin: connection }))
    await shop.wallet.close()
  }, 30_000)

  test('the daemons', async () => {
    const router = here.start(['serve', 'router', '--json', '--listen', '127.0.0.1:0'])
    await router.until(/"type":"ready"/)
    const node = here.start(['serve', 'node', '--json', '--runner', 'none'])
    await node.until(/"type":"ready"/)
    node.signal('SIGTERM')
    await hold('serve node', await node.done)
    router.signal('SIGTERM')
    await hold('serve router', await router.done)
  }, 30_000)

  test('up, from its first line to its last; up --once', async () => {
    up.signal('SIGINT')
    await hold('up', await up.done, 3)
    await hold('up', await here.run(['up', '--once', '--json', '--runner', 'none']), 2)
  }, 30_000)

  test('and no command is left out', () => {
    expect([...tried].toSorted()).toEqual(Object.keys(SHAPES).toSorted())
  })
})

describe('schema', () => {
  test('lists what it has, and knows what was meant', async () => {
    const { stdout } = await here.run(['schema'])
    expect(stdout.trimEnd().split('\n')).toEqual([...Object.keys(SHAPES), 'fedai.toml'])
    expect(await here.run(['schema', 'requst'])).toMatchObject({
      code: 64,
      stdout: '',
      stderr: expect.stringContaining('try: fedai schema request'),
    })
    expect((await here.run(['schema', 'constructor'])).code).toBe(64)
  })

  test('describes fedai.toml, so that an editor can check it', async () => {
    const schema = z.fromJSONSchema(
      JSON.parse((await here.run(['schema', 'fedai.toml'])).stdout) as never,
    )
    expect(
      schema.safeParse({ router: { listen: '127.0.0.1:1' }, node: { queue: 1 } }).success,
    ).toBe(true)
    expect(schema.safeParse({ router: { lissten: '127.0.0.1:1' } }).success).toBe(false)
    expect(schema.safeParse({ node: { queue: -1 } }).success).toBe(false)
  })
})
