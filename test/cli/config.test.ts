// `fedai config` of the compiled binary: what is set, and where from, as a user meets it.
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmodSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { KEYS, settingOf, variableOf } from '../../src/engine/base/config/schema.ts'
import { type Place, binary, place } from './cli.ts'

let here: Place
let file: string

beforeAll(async () => {
  here = place(await binary())
  file = join(here.home, 'fedai.toml')
}, 120_000)

afterAll(async () => {
  expect(await here.sprung()).toBe(false)
  here[Symbol.dispose]()
})

const write = (text: string, mode = 0o600): void => {
  rmSync(file, { force: true })
  writeFileSync(file, text)
  chmodSync(file, mode)
}

const json = async (args: readonly string[], env: Record<string, string> = {}) => {
  const { code, stdout, stderr } = await here.run([...args, '--json'], { env })
  return { code, object: stdout === '' ? undefined : JSON.parse(stdout), stderr }
}

describe('config', () => {
  test('says where a value comes from, exactly', async () => {
    write('# ours\n[router]\n  listen = "0.0.0.0:7000"\n')
    const { stdout } = await here.run(['config', 'explain', 'router.listen'])
    expect(stdout).toStartWith('router.listen = "0.0.0.0:7000"\n')
    expect(stdout).toContain(`from      ${file}:3:3\n`)
    const outranked = await json(['config', 'explain', 'router.listen'], {
      FEDAI_ROUTER_LISTEN: '[::1]:1',
    })
    expect(outranked.object).toMatchObject({
      v: 1,
      type: 'setting',
      value: '[::1]:1',
      source: { from: 'env', variable: 'FEDAI_ROUTER_LISTEN' },
      default: '127.0.0.1:7447',
      flag: '--listen',
      reloadable: false,
    })
  })

  test('explain agrees with show, whatever is set where', async () => {
    const some = fc.subarray(KEYS.filter((key) => settingOf(key).value.key === undefined))
    await fc.assert(
      fc.asyncProperty(some, some, async (inEnv, inFile) => {
        const example = (key: (typeof KEYS)[number]) => settingOf(key).example
        write(inFile.map((key) => `${key} = ${JSON.stringify(example(key))}`).join('\n'))
        const env = Object.fromEntries(
          inEnv.map((key) => [
            variableOf(key),
            [example(key)].flat().join(key === 'node.runners' ? ';' : ','),
          ]),
        )
        const all = await json(['config', 'show'], env)
        expect(all.object.settings.map((it: { key: string }) => it.key)).toEqual([...KEYS])
        for (const key of [inEnv[0], inFile.at(-1)]) {
          if (key === undefined) continue
          const one = await json(['config', 'explain', key], env)
          const { value, source } = one.object
          expect(all.object.settings).toContainEqual({ key, value, source })
          expect(source.from).toBe(inEnv.includes(key) ? 'env' : 'file')
        }
      }),
      { numRuns: 5 },
    )
  }, 30_000)

  test('a section lists its keys; a key that is not there gets the nearest', async () => {
    write('')
    const section = await json(['config', 'explain', 'node'])
    expect(section.object.settings.map((it: { key: string }) => it.key)).toEqual(
      KEYS.filter((key) => key.startsWith('node.')),
    )
    expect(await here.run(['config', 'explain', 'node.quue'])).toEqual({
      code: 64,
      stdout: '',
      stderr: 'error: there is no key node.quue\n  try: fedai config explain node.queue\n',
    })
    for (const [said, meant] of [
      ['prefr', 'request.prefer'],
      ['wher', 'request.where'],
      ['limts', 'limits'],
    ] as const)
      expect((await here.run(['config', 'explain', said])).stderr).toBe(
        `error: there is no key ${said}\n  try: fedai config explain ${meant}\n`,
      )
    const group = await here.run(['config', 'shwo'])
    expect(group).toMatchObject({ code: 64, stderr: expect.stringContaining('fedai config show') })
  })

  test('path names what is there and what is not', async () => {
    write('')
    const { object } = await json(['config', 'path'])
    expect(object.paths[0]).toEqual({ name: 'config', path: file, exists: true })
    expect(object.paths).toHaveLength(5)
    rmSync(file)
    expect((await json(['config', 'path'])).object.paths[0].exists).toBe(false)
  })

  test.each([
    ['[router]\nlissten = 1', 0o600, 'config.unknown_key', 'did you mean router.listen?'],
    ['[router]\nlisten = 1', 0o600, 'config.value', 'such as: listen = "0.0.0.0:7447"'],
    ['[router', 0o600, 'config.syntax', 'look at line 1'],
    ['', 0o622, 'config.writable', 'chmod go-w'],
    [`routers = ["npub1${'q'.repeat(58)}@wss://x"]`, 0o600, 'config.value', 'such as'],
  ])('%j (%o) is an error of the configuration', async (text, mode, code, hint) => {
    write(text, mode)
    const ran = await json(['config', 'show'])
    expect(ran.code).toBe(78)
    const { error } = JSON.parse(ran.stderr)
    expect(error).toMatchObject({ code, hint: expect.stringContaining(hint) })
    expect(error.message).toContain(file)
  })

  test('a variable that is not known is one too, with what was meant', async () => {
    write('')
    const ran = await here.run(['config', 'show'], { env: { FEDAI_ROUTER: 'x' } })
    expect(ran).toEqual({
      code: 78,
      stdout: '',
      stderr: 'error: the variable FEDAI_ROUTER is not known\n  did you mean FEDAI_ROUTERS?\n',
    })
  })
})
