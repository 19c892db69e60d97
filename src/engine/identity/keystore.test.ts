import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { toHex } from '../base/bytes.ts'
import { type Fault, asFault } from '../base/fault.ts'
import { seededRandom } from '../base/random.ts'
import { nsec } from './keys.ts'
import { createKey, listKeys, loadKey } from './keystore.ts'

const secret = seededRandom(4).bytes(32)
let root = ''
let dir = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'fedai-keys-'))
  dir = join(root, 'deep', 'keys')
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

const never = (): string => {
  throw new Error('asked')
}

const faultOf = async (call: () => Promise<unknown>): Promise<Fault> => {
  try {
    await call()
  } catch (error) {
    const shown = inspect(error, { depth: 9, showHidden: true })
    expect(shown).not.toContain(nsec(secret).slice(5, 30))
    expect(shown).not.toContain(toHex(secret).slice(0, 30))
    return asFault(error)
  }
  throw new Error('it did not throw')
}

test('a key comes back, from a file of 0600 in a folder of 0700', async () => {
  const path = await createKey(dir, 'home', secret)
  expect(path).toBe(join(dir, 'home.key'))
  expect(readFileSync(path, 'utf8')).toBe(`${nsec(secret)}\n`)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(dir).mode & 0o777).toBe(0o700)
  expect(statSync(path).nlink).toBe(1)
  expect(toHex(await loadKey(dir, 'home'))).toBe(toHex(secret))
  expect(readdirSync(dir)).toEqual(['home.key'])
})

test('also where the umask would allow more', async () => {
  const before = process.umask(0)
  try {
    expect(statSync(await createKey(dir, 'home', secret)).mode & 0o777).toBe(0o600)
    expect(statSync(dir).mode & 0o777).toBe(0o700)
  } finally {
    process.umask(before)
  }
})

test('under a passphrase, which is asked for only then', async () => {
  const path = await createKey(dir, 'home', secret, { passphrase: 'pw', work: 2 })
  expect(readFileSync(path, 'utf8')).toStartWith('ncryptsec1')
  expect(toHex(await loadKey(dir, 'home', { passphrase: async () => 'pw' }))).toBe(toHex(secret))
  expect(await faultOf(() => loadKey(dir, 'home', { passphrase: () => 'no' }))).toMatchObject({
    kind: 'config',
    code: 'key.passphrase',
  })
  expect(await faultOf(() => loadKey(dir, 'home'))).toMatchObject({ code: 'key.passphrase' })
  await createKey(dir, 'plain', secret)
  expect(toHex(await loadKey(dir, 'plain', { passphrase: never }))).toBe(toHex(secret))
})

test('a key is never overwritten, and nothing is left behind', async () => {
  await createKey(dir, 'home', secret)
  const other = seededRandom(5).bytes(32)
  expect(await faultOf(() => createKey(dir, 'home', other))).toMatchObject({
    kind: 'config',
    code: 'key.exists',
  })
  expect(toHex(await loadKey(dir, 'home'))).toBe(toHex(secret))
  expect(readdirSync(dir)).toEqual(['home.key'])
})

test('not even a dangling link in its place is followed', async () => {
  mkdirSync(dir, { recursive: true, mode: 0o700 })
  symlinkSync(join(root, 'elsewhere'), join(dir, 'home.key'))
  expect(await faultOf(() => createKey(dir, 'home', secret))).toMatchObject({ code: 'key.exists' })
  expect(readdirSync(root)).toEqual(['deep'])
})

test('of ten at once, one wins', async () => {
  const all = await Promise.allSettled(
    Array.from({ length: 10 }, (_, i) =>
      createKey(dir, 'home', seededRandom(i).bytes(32), { passphrase: 'pw', work: 1 }),
    ),
  )
  expect(all.filter((one) => one.status === 'fulfilled').length).toBe(1)
  expect(readdirSync(dir)).toEqual(['home.key'])
})

describe('refused', () => {
  test.each([0o640, 0o604, 0o660, 0o644, 0o610, 0o601, 0o777])('a file of %o', async (mode) => {
    const path = await createKey(dir, 'home', secret)
    chmodSync(path, mode)
    expect(await faultOf(() => loadKey(dir, 'home'))).toMatchObject({
      kind: 'config',
      code: 'key.readable',
      hint: `chmod 600 ${path}`,
    })
  })

  test.each([0o750, 0o701, 0o777])('a folder of %o', async (mode) => {
    await createKey(dir, 'home', secret)
    chmodSync(dir, mode)
    const wanted = { kind: 'config', code: 'key.readable', hint: `chmod 700 ${dir}` } as const
    expect(await faultOf(() => loadKey(dir, 'home'))).toMatchObject(wanted)
    expect(await faultOf(() => createKey(dir, 'other', secret))).toMatchObject(wanted)
    expect(readdirSync(dir)).toEqual(['home.key'])
  })

  test('a symbolic link, even to a good key', async () => {
    const path = await createKey(dir, 'home', secret)
    symlinkSync(path, join(dir, 'link.key'))
    expect(await faultOf(() => loadKey(dir, 'link'))).toMatchObject({
      kind: 'config',
      code: 'key.readable',
    })
  })

  test.skipIf(process.getuid?.() !== 0)('a file of somebody else', async () => {
    const path = await createKey(dir, 'home', secret)
    Bun.spawnSync(['chown', '12345', path])
    expect(await faultOf(() => loadKey(dir, 'home'))).toMatchObject({ code: 'key.readable' })
  })

  test('a pipe, a folder, rubbish, too much, two lines', async () => {
    await createKey(dir, 'home', secret)
    Bun.spawnSync(['mkfifo', '-m', '600', join(dir, 'pipe.key')])
    mkdirSync(join(dir, 'folder.key'), { mode: 0o700 })
    const files: Record<string, string> = {
      empty: '',
      rubbish: 'correct horse',
      wrong: `${nsec(secret).slice(0, -1)}q`,
      long: 'a'.repeat(2000),
      two: `${nsec(secret)}\n${nsec(secret)}`,
    }
    for (const [name, text] of Object.entries(files))
      writeFileSync(join(dir, `${name}.key`), text, { mode: 0o600 })
    for (const name of ['pipe', 'folder', ...Object.keys(files)])
      expect(await faultOf(() => loadKey(dir, name))).toMatchObject({
        kind: 'config',
        code: 'key.format',
      })
  })

  test('a name that is a path, or none', async () => {
    for (const name of ['', '..', '../x', 'a/b', 'A', 'a.b', 'a b', 'x'.repeat(33), 'ü', 'a\n']) {
      const wanted = { kind: 'config', code: 'key.name' } as const
      expect(await faultOf(() => createKey(dir, name, secret))).toMatchObject(wanted)
      expect(await faultOf(() => loadKey(dir, name))).toMatchObject(wanted)
    }
  })

  test('a name that is not stored, with those that are', async () => {
    expect(await faultOf(() => loadKey(dir, 'home'))).toMatchObject({ code: 'key.missing' })
    await createKey(dir, 'work', secret)
    const fault = await faultOf(() => loadKey(dir, 'home'))
    expect(fault).toMatchObject({ kind: 'config', code: 'key.missing' })
    expect(fault.hint).toContain('work')
  })

  test('a folder that cannot be made', async () => {
    writeFileSync(join(root, 'deep'), 'a file')
    expect(await faultOf(() => createKey(dir, 'home', secret))).toMatchObject({
      kind: 'io',
      code: 'key.write',
    })
  })
})

test('the list has the names of keys alone, sorted', async () => {
  expect(listKeys(dir)).toEqual([])
  for (const name of ['b', 'a', 'c-1']) await createKey(dir, name, secret)
  writeFileSync(join(dir, 'UPPER.key'), '')
  writeFileSync(join(dir, 'notes.txt'), '')
  writeFileSync(join(dir, '.key'), '')
  expect(listKeys(dir)).toEqual(['a', 'b', 'c-1'])
})
