import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { seededRandom } from '../base/random.ts'
import { withWal } from './wal.ts'

const root = mkdtempSync(join(tmpdir(), 'fedai-wal-'))
afterAll(() => rmSync(root, { recursive: true }))
let files = 0

/** A database in the middle of its life, with what SQLite itself says is in it. */
const living = (seed: number) => {
  const path = join(root, `${files++}.db`)
  const random = seededRandom(seed)
  const db = new Database(path)
  db.run('PRAGMA journal_mode = WAL')
  db.run('PRAGMA wal_autocheckpoint = 40')
  db.run('CREATE TABLE rows (n INTEGER PRIMARY KEY, text TEXT)')
  const all = () => db.query('SELECT n, text FROM rows ORDER BY n').all()
  return {
    db,
    all,
    step: (n: number) => {
      db.run('INSERT OR REPLACE INTO rows VALUES (?, ?)', [
        random.below(200),
        'x'.repeat(random.below(3_000)),
      ])
      if (n % 13 === 12) db.run('DELETE FROM rows WHERE n % 3 = 1')
      if (n % 29 === 28) db.run('VACUUM')
    },
    read: () => [readFileSync(path), readFileSync(`${path}-wal`)] as const,
  }
}

const rowsIn = (bytes: Uint8Array): unknown[] => {
  const db = Database.deserialize(bytes)
  try {
    expect(db.query('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    return db.query('SELECT n, text FROM rows ORDER BY n').all()
  } finally {
    db.close()
  }
}

test.each([1, 2, 3])('all that was committed is there, at any moment (seed %p)', (seed) => {
  const it = living(seed)
  for (let n = 0; n < 120; n++) {
    it.step(n)
    expect(rowsIn(withWal(...it.read()))).toEqual(it.all())
  }
  it.db.close()
})

test('what is not committed is not, and one that is torn ends before it', () => {
  const it = living(4)
  for (let n = 0; n < 10; n++) it.step(n)
  const [file, wal] = it.read()
  const before = it.all()
  it.db.run('PRAGMA cache_size = 1')
  it.db.run('BEGIN')
  for (let n = 20; n < 30; n++) it.step(20)
  expect(rowsIn(withWal(...it.read()))).toEqual(before)
  it.db.run('COMMIT')
  const [, longer] = it.read()
  const torn = new Uint8Array(longer)
  torn[wal.length + 100]! ^= 1
  expect(rowsIn(withWal(file, torn))).toEqual(before)
  expect(rowsIn(withWal(file, longer.subarray(0, wal.length + 30)))).toEqual(before)
  it.db.close()
})

test('no -wal, or none of SQLite’s, changes nothing', () => {
  const it = living(5)
  it.step(0)
  it.db.run('PRAGMA wal_checkpoint(TRUNCATE)')
  const [file] = it.read()
  for (const wal of [new Uint8Array(), new Uint8Array(5_000), new Uint8Array(5_000).fill(0x37)])
    expect(rowsIn(withWal(file, wal))).toEqual(it.all())
  it.db.close()
})
