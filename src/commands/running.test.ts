import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npub } from '../engine/identity/keys.ts'
import { pubKey } from '../engine/protocol/ids.ts'
import { announce, findRouter, readRunning, retract } from './running.ts'
import { stateFolder } from './state.ts'

const key = pubKey('79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')
const address = 'ws://127.0.0.1:7447'
let home = ''
let env: { FEDAI_HOME: string; FEDAI_ROUTER?: string }
const file = (pid = process.pid) => join(home, 'run', `up-${pid}.json`)

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fedai-running-'))
  env = { FEDAI_HOME: home }
})
afterEach(() => rmSync(home, { recursive: true }))

describe('which router is asked', () => {
  test('none is known', () => {
    expect(() => findRouter(undefined, env)).toThrow(
      expect.objectContaining({ kind: 'unavailable', code: 'router.none' }),
    )
  })

  test('the one that runs here, from a file that only we can read', () => {
    announce({ key, address }, env)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(findRouter(undefined, env)).toEqual({ key, address })
    retract(env)
    expect(readRunning(env)).toBeUndefined()
  })

  test('one that has ended is not asked', () => {
    announce({ key, address }, env)
    const text = readFileSync(file(), 'utf8').replace(`"pid":${process.pid}`, '"pid":4194304')
    writeFileSync(file(), text)
    expect(() => findRouter(undefined, env)).toThrow(
      expect.objectContaining({ code: 'router.stale', hint: expect.stringContaining('fedai up') }),
    )
  })

  // Process 1 always runs, and is never ours.
  const other = (pid: number, port: number, at: number) => {
    writeFileSync(file(pid), JSON.stringify({ v: 1, key, address: `ws://127.0.0.1:${port}`, pid }))
    utimesSync(file(pid), at, at)
  }

  test('of several the newest that runs is asked; each takes back only its own word', () => {
    announce({ key, address }, env)
    const now = Date.now() / 1000
    other(1, 2, now - 60)
    other(4194304, 3, now + 60)
    expect(findRouter(undefined, env).address).toBe(address)
    other(1, 2, now + 30)
    expect(findRouter(undefined, env).address).toBe('ws://127.0.0.1:2')
    retract(env)
    expect(readRunning(env)?.pid).toBe(1)
    // A new one sweeps up after those that were killed.
    announce({ key, address }, env)
    expect(readdirSync(join(home, 'run')).toSorted()).toEqual(
      [`up-1.json`, `up-${process.pid}.json`].toSorted(),
    )
  })

  test('ledgers: a folder of its own while another has the first, which no dead one keeps', () => {
    expect(stateFolder(env)).toBe(join(home, 'state', 'up'))
    const claim = join(home, 'run', 'up.pid')
    writeFileSync(claim, '1')
    expect(stateFolder(env)).toBe(join(home, 'state', 'up-2'))
    for (const dead of ['4194304', '', 'x']) {
      writeFileSync(claim, dead)
      expect(stateFolder(env)).toBe(join(home, 'state', 'up'))
    }
  })

  test('without any home it says which variable is missing', () => {
    expect(() => findRouter(undefined, {})).toThrow(
      expect.objectContaining({
        kind: 'config',
        message: expect.stringContaining('HOME is not set'),
      }),
    )
  })

  test('the option wins over the environment, and that over the file', () => {
    announce({ key, address }, env)
    env.FEDAI_ROUTER = `${npub(key)}@ws://127.0.0.1:1`
    expect(findRouter(undefined, env).address).toBe('ws://127.0.0.1:1')
    expect(findRouter(`${npub(key)}@ws://127.0.0.1:2`, env).address).toBe('ws://127.0.0.1:2')
    expect(() => findRouter('ws://127.0.0.1:2', env)).toThrow(
      expect.objectContaining({ kind: 'usage' }),
    )
  })

  test.each(['', '{', '[]', '{"v":2}', '{"v":1,"key":"x","address":"a","pid":1}'])(
    'a file that says %j says nothing',
    (text) => {
      announce({ key, address }, env)
      writeFileSync(file(), text)
      expect(() => findRouter(undefined, env)).toThrow(
        expect.objectContaining({ code: 'router.none' }),
      )
    },
  )
})
