import { Database } from 'bun:sqlite'
import { afterAll, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { at, entryOf, viewOf } from './money.case.ts'
import { MIGRATIONS } from './ledger.ts'
import type { MoneyReads } from './money-store.ts'
import { readMoney } from './reading.ts'
import { openStore } from './sqlite.ts'

const root = mkdtempSync(join(tmpdir(), 'fedai-reading-'))
chmodSync(root, 0o755)
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
const newPath = (): string => join(root, String(folders++), 'ledger.db')

const hashes = (money: MoneyReads): string[] => money.payments(9).map((it) => it.hash)
const pays = async (path: string, n: number) => {
  const store = await openStore(path)
  await store.money.write([{ do: 'add', table: 'payments', row: entryOf(n) }])
  return store
}

/** Copies what is there now to another folder, as a process that is killed leaves it. */
const killedAt = (path: string, but = ''): string => {
  const to = newPath()
  mkdirSync(dirname(to))
  for (const name of readdirSync(dirname(path)))
    if (name !== but) copyFileSync(join(dirname(path), name), join(dirname(to), name))
  return to
}

/** What is done in a folder whose owner may only read it, the superuser not being asked. */
const readOnly = <T>(path: string, call: () => T): T => {
  const folder = dirname(path)
  const before = process.geteuid?.()
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o400)
  chmodSync(folder, 0o500)
  if (before === 0) {
    for (const name of ['.', ...readdirSync(folder)]) chownSync(join(folder, name), NOBODY, NOBODY)
    process.seteuid!(NOBODY)
  }
  try {
    return call()
  } finally {
    if (before === 0) process.seteuid!(before)
    chmodSync(folder, 0o700)
  }
}
const NOBODY = 65_534

const files = (path: string): string[] => readdirSync(dirname(path)).toSorted()

describe('a ledger is read', () => {
  test('where it may be written as well: all that is in it, and no file is made or changed', async () => {
    const path = newPath()
    const store = await pays(path, 1)
    await store.money.write([{ do: 'put', table: 'views', row: viewOf() }])
    await store.close()
    const before = [files(path), statSync(path, { bigint: true }).mtimeNs]
    expect(files(path)).toEqual(['cache.db', 'ledger.db'])
    const expected = { entries: [entryOf(1)], views: [viewOf()] }
    expect(readMoney(path, (money) => money.spending(at))).toEqual(expected)
    expect(readOnly(path, () => readMoney(path, (money) => money.spending(at)))).toEqual(expected)
    expect([files(path), statSync(path, { bigint: true }).mtimeNs]).toEqual(before)
  })

  test('while another process has it open: with what is in its -wal alone', async () => {
    const path = newPath()
    const store = await pays(path, 1)
    const before = files(path)
    expect(readMoney(path, hashes)).toEqual([entryOf(1).hash])
    expect(readOnly(path, () => readMoney(path, hashes))).toEqual([entryOf(1).hash])
    await store.money.write([{ do: 'add', table: 'payments', row: entryOf(2) }])
    expect(readMoney(path, hashes)).toHaveLength(2)
    expect(files(path)).toEqual(before)
    await store.close()
  })

  test('after its process was killed, in a folder that cannot be written: with its -wal, not without', async () => {
    const path = newPath()
    const store = await pays(path, 1)
    const killed = killedAt(path)
    await store.close()
    const before = files(killed)
    expect(before).toContain('ledger.db-wal')
    expect(readOnly(killed, () => readMoney(killed, hashes))).toEqual([entryOf(1).hash])
    expect(files(killed)).toEqual(before)
  })

  test('never without its -wal, also where there is no -shm, and none can be made or is whole', async () => {
    const path = newPath()
    const store = await pays(path, 1)
    const copy = killedAt(path, 'ledger.db-shm')
    await store.close()
    const before = files(copy)
    expect(readOnly(copy, () => readMoney(copy, hashes))).toEqual([entryOf(1).hash])
    expect(readMoney(copy, hashes)).toEqual([entryOf(1).hash])
    expect(files(copy)).toEqual(before)
    // As a full disk leaves it: made, and without a byte in it.
    for (const size of [0, 3]) {
      writeFileSync(`${copy}-shm`, 'x'.repeat(size))
      expect(readMoney(copy, hashes)).toEqual([entryOf(1).hash])
      expect(statSync(`${copy}-shm`).size).toBe(size)
    }
    writeFileSync(`${copy}-wal`, '')
    expect(readOnly(copy, () => readMoney(copy, hashes))).toBeNull()
  })

  test('by somebody who is overtaken by a writer: as it is then', async () => {
    const path = newPath()
    await (await pays(path, 1)).close()
    let times = 0
    const found = readMoney(path, (money) => {
      if (times++ === 0) {
        const db = new Database(path)
        db.run('DELETE FROM payments')
        db.close(true)
      }
      return hashes(money)
    })
    expect([found, times]).toEqual([[], 2])
  })
})

test('nothing is there yet: no folder, no file, or one with nothing in it; and none is made', async () => {
  const path = newPath()
  expect(readMoney(path, hashes)).toBeNull()
  expect(readdirSync(root)).not.toContain(dirname(path))
  mkdirSync(dirname(path))
  expect(readOnly(path, () => readMoney(path, hashes))).toBeNull()
  writeFileSync(path, '')
  expect(readMoney(path, hashes)).toBeNull()
  expect(files(path)).toEqual(['ledger.db'])
})

test('a ledger of an older fedai is read as it will be, and stays as it is', async () => {
  const path = newPath()
  mkdirSync(dirname(path))
  const db = new Database(path)
  db.run('PRAGMA journal_mode = WAL')
  for (const sql of MIGRATIONS.slice(0, 3)) db.run(sql)
  db.run('PRAGMA user_version = 3')
  db.run(`INSERT INTO payments VALUES ('${entryOf(1).hash}', 'lnbcrt…', '', NULL, 'tab', 1, 'topup',
    9007199254740993, 5000, 9, 'settled', NULL, NULL, NULL, 0, 1, 8, NULL)`)
  const killed = killedAt(path)
  db.close()
  const before = [files(killed), readFileSync(killed)]
  for (const it of [path, killed])
    expect(readOnly(it, () => readMoney(it, (money) => money.payments(9)))).toMatchObject([
      { hash: entryOf(1).hash, msat: 9_007_199_254_740_993n, wallet: null },
    ])
  expect([files(killed), readFileSync(killed)]).toEqual(before)
})

test('what cannot be read is no empty ledger', async () => {
  const path = newPath()
  await (await pays(path, 1)).close()
  const db = new Database(path)
  db.run('PRAGMA user_version = 99')
  db.close()
  const codeOf = (call: () => unknown) => {
    try {
      return call()
    } catch (error) {
      return error
    }
  }
  expect(codeOf(() => readMoney(path, hashes))).toMatchObject({ code: 'ledger.newer' })
  writeFileSync(path, 'not a database, but long enough to be taken for one'.repeat(99))
  expect(codeOf(() => readMoney(path, hashes))).toMatchObject({ code: 'ledger.damaged' })
  const shut = newPath()
  await (await pays(shut, 1)).close()
  const blind = () => {
    chmodSync(dirname(shut), 0o000)
    return readMoney(shut, hashes)
  }
  const before = process.geteuid?.()
  if (before === 0) chownSync(dirname(shut), NOBODY, NOBODY)
  if (before === 0) process.seteuid!(NOBODY)
  const found = codeOf(blind)
  if (before === 0) process.seteuid!(before)
  chmodSync(dirname(shut), 0o700)
  expect(found).toMatchObject({ code: 'ledger.io', kind: 'io' })
})
