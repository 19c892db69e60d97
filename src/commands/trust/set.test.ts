import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PubKey } from '../../engine/protocol/ids.ts'
import { MOST_KEYS } from '../../engine/protocol/where.ts'
import { type Trusted, changeTrust, isTrustName, namer, readTrust, trustPath } from './set.ts'

const keyOf = (n: number): PubKey => n.toString(16).padStart(64, '0') as PubKey
const one = (n: number, more: Partial<Trusted> = {}): Trusted => ({
  key: keyOf(n),
  name: null,
  own: false,
  ...more,
})
let home = ''
let env: { FEDAI_HOME: string }
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fedai-trust-'))
  env = { FEDAI_HOME: join(home, 'config') }
})
afterEach(() => rmSync(home, { recursive: true }))

test('what was written is read back, from a file that only we can read', async () => {
  expect(readTrust(env)).toEqual([])
  const keys = [one(1, { name: 'Zoë’s node 🐝', own: true }), one(2)]
  await changeTrust(() => keys, env)
  expect(readTrust(env)).toEqual(keys)
  expect(statSync(trustPath(env)).mode & 0o777).toBe(0o600)
  expect(readFileSync(trustPath(env), 'utf8')).toContain('npub1')
})

test('writers at the same time lose nothing', async () => {
  const all = Array.from({ length: 20 }, (_, i) => one(i + 1))
  await Promise.all(all.map((it) => changeTrust((before) => [...before, it], env)))
  expect(new Set(readTrust(env).map((it) => it.key))).toEqual(new Set(all.map((it) => it.key)))
  expect(readdirSync(env.FEDAI_HOME).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

test('a change that fails or changes nothing leaves all as it was, and the lock free', async () => {
  await changeTrust(() => [one(1)], env)
  const before = statSync(trustPath(env)).ino
  await expect(
    changeTrust(() => {
      throw new Error('no')
    }, env),
  ).rejects.toThrow('no')
  await changeTrust(() => null, env)
  expect(statSync(trustPath(env)).ino).toBe(before)
  const many = Array.from({ length: MOST_KEYS + 1 }, (_, i) => one(i + 1))
  await changeTrust(() => many.slice(1), env)
  await expect(changeTrust(() => many, env)).rejects.toMatchObject({ code: 'trust.full' })
  expect(readTrust(env)).toHaveLength(MOST_KEYS)
})

const nonsense = [
  '',
  '{',
  '[]',
  '{"v":2,"keys":[]}',
  '{"v":1,"keys":[{"npub":"npub1x","name":null,"own":false}]}',
  '{"v":1,"keys":[{"name":"a","own":true}]}',
]
test.each(nonsense)('a file that says %j is an error, and is not written over', async (text) => {
  await changeTrust(() => [one(1)], env)
  writeFileSync(trustPath(env), text)
  expect(() => readTrust(env)).toThrow(expect.objectContaining({ code: 'trust.file' }))
  await expect(changeTrust((all) => [...all, one(2)], env)).rejects.toMatchObject({
    kind: 'config',
    code: 'trust.file',
  })
  expect(readFileSync(trustPath(env), 'utf8')).toBe(text)
})

test('names: printable, short, and none that looks like a key', () => {
  for (const name of ['m', 'mira', 'Zoë’s node 🐝', 'a b', 'x'.repeat(32)])
    expect([name, isTrustName(name)]).toEqual([name, true])
  for (const name of ['', ' a', 'a ', 'a\nb', 'a\u202eb', 'npub1qq', 'x'.repeat(33), '\u001b[1m'])
    expect([name, isTrustName(name)]).toEqual([name, false])
})

test('keys are called by their names, and never by the name alone', () => {
  const show = namer([one(1, { name: 'mira' }), one(2)])
  expect(show(keyOf(1))).toMatch(/^mira \(npub1\w\w…\w{3}\)$/)
  expect(show(keyOf(2))).toMatch(/^npub1\w\w…\w{3}$/)
  expect(show(keyOf(3))).toMatch(/^npub1\w\w…\w{3}$/)
})
