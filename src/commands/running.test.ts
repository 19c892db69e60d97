import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npub } from '../engine/identity/keys.ts'
import { pubKey } from '../engine/protocol/ids.ts'
import { announce, findRouter, readRunning, retract } from './running.ts'

const key = pubKey('79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')
const address = 'ws://127.0.0.1:7447'
let home = ''
let env: { FEDAI_HOME: string; FEDAI_ROUTER?: string }
const file = () => join(home, 'run', 'up.json')

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
    // Another process has taken the place: its word stays.
    retract(env)
    expect(readRunning(env)?.pid).toBe(4194304)
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
