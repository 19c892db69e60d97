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
import { lives, startOf } from '../engine/base/process.ts'
import { announce, findRouters, retract, routersHere, runningHere } from './running.ts'
import { daemonFolder, upFolder } from './state.ts'

const key = pubKey('79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')
const address = 'ws://127.0.0.1:7447'
let home = ''
let env: { FEDAI_HOME: string }
const file = (pid = process.pid) => join(home, 'run', `router-${pid}.json`)

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fedai-running-'))
  env = { FEDAI_HOME: home }
})
afterEach(() => rmSync(home, { recursive: true }))

describe('which router is asked', () => {
  test('none is known', () => {
    expect(() => findRouters([], env)).toThrow(
      expect.objectContaining({ kind: 'unavailable', code: 'router.none' }),
    )
  })

  test('the one that runs here, from a file that only we can read', () => {
    announce({ role: 'router', key, address }, env)
    expect(statSync(file()).mode & 0o777).toBe(0o600)
    expect(findRouters([], env)).toEqual([{ key, address }])
    retract('router', env)
    expect(routersHere(env)).toEqual([])
  })

  test('one that has ended is not asked', () => {
    announce({ role: 'router', key, address }, env)
    const text = readFileSync(file(), 'utf8').replace(`"pid":${process.pid}`, '"pid":4194304')
    writeFileSync(file(), text)
    expect(() => findRouters([], env)).toThrow(
      expect.objectContaining({ code: 'router.stale', hint: expect.stringContaining('fedai up') }),
    )
  })

  const said = (pid: number, port: number) =>
    JSON.stringify({
      v: 1,
      role: 'router',
      key,
      address: `ws://127.0.0.1:${port}`,
      pid,
      started: startOf(pid),
    })

  test('a node that runs is none to ask', () => {
    announce({ role: 'node', key }, env)
    expect(runningHere(env)).toMatchObject([{ role: 'node', key, pid: process.pid }])
    expect(() => findRouters([], env)).toThrow(expect.objectContaining({ code: 'router.none' }))
  })

  test('a later process with the number of an ended router is not taken for it', () => {
    announce({ role: 'router', key, address }, env)
    const text = readFileSync(file(), 'utf8').replace(startOf(process.pid)!, 'another-1')
    writeFileSync(file(), text)
    expect(() => findRouters([], env)).toThrow(expect.objectContaining({ code: 'router.stale' }))
    expect(lives({ pid: process.pid, started: null })).toBe(true)
  })

  // Process 1 always runs, and is never ours.
  const other = (pid: number, port: number, at: number) => {
    writeFileSync(file(pid), said(pid, port))
    utimesSync(file(pid), at, at)
  }

  test('of several the newest that runs is asked first; each takes back only its own word', () => {
    announce({ role: 'router', key, address }, env)
    const now = Date.now() / 1000
    const addresses = () => findRouters([], env).map((it) => it.address)
    other(1, 2, now - 60)
    other(4194304, 3, now + 60)
    expect(addresses()).toEqual([address, 'ws://127.0.0.1:2'])
    other(1, 2, now + 30)
    expect(addresses()).toEqual(['ws://127.0.0.1:2', address])
    retract('router', env)
    expect(routersHere(env)[0]?.pid).toBe(1)
    // A new one sweeps up after those that were killed.
    announce({ role: 'router', key, address }, env)
    expect(readdirSync(join(home, 'run')).toSorted()).toEqual(
      [`router-1.json`, `router-${process.pid}.json`].toSorted(),
    )
  })

  test('ledgers of up: another folder while one has the first', () => {
    const first = upFolder(env)
    expect(first.folder).toBe(join(home, 'state', 'up'))
    const second = upFolder(env)
    expect(second.folder).toBe(join(home, 'state', 'up-2'))
    first.release()
    const third = upFolder(env)
    expect(third.folder).toBe(join(home, 'state', 'up'))
    for (const it of [second, third]) it.release()
  })

  test('one daemon for each key and role, and who it is', () => {
    const held = daemonFolder('router', key, env)
    expect(held.folder).toBe(join(home, 'state', 'router', npub(key)))
    const beside = daemonFolder('node', key, env)
    announce({ role: 'router', key, address }, env)
    expect(() => daemonFolder('router', key, env)).toThrow(
      expect.objectContaining({
        kind: 'config',
        code: 'identity.in_use',
        message: expect.stringContaining(`process ${process.pid} is the router npub1`),
        hint: expect.stringContaining('--as NAME'),
      }),
    )
    for (const it of [held, beside]) it.release()
    daemonFolder('router', key, env).release()
  })

  test('without any home it says which variable is missing', () => {
    expect(() => findRouters([], {})).toThrow(
      expect.objectContaining({
        kind: 'config',
        message: expect.stringContaining('HOME is not set'),
      }),
    )
  })

  test('those that are named are asked in their order, and no other', () => {
    announce({ role: 'router', key, address }, env)
    const named = [2, 1].map((port) => `${npub(key)}@ws://127.0.0.1:${port}`)
    expect(findRouters(named, env).map((it) => it.address)).toEqual([
      'ws://127.0.0.1:2',
      'ws://127.0.0.1:1',
    ])
    expect(() => findRouters(['ws://127.0.0.1:2'], env)).toThrow(
      expect.objectContaining({ kind: 'usage' }),
    )
  })

  test.each(['', '{', '[]', '{"v":2}', '{"v":1,"role":"router","key":"x","address":"a","pid":1}'])(
    'a file that says %j says nothing',
    (text) => {
      announce({ role: 'router', key, address }, env)
      writeFileSync(file(), text)
      expect(() => findRouters([], env)).toThrow(expect.objectContaining({ code: 'router.none' }))
    },
  )
})
