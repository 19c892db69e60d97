import { afterAll, expect, test } from 'bun:test'
import { Database } from 'bun:sqlite'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unixMs } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import { openStore } from './sqlite.ts'
import type { Observation } from './store.ts'
import { NODE, receiptOf, storeConformance } from './store.conformance.ts'

const root = mkdtempSync(join(tmpdir(), 'fedai-store-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
const newPath = (): string => join(root, String(folders++), 'ledger.db')

const seen: Observation = {
  node: NODE,
  task: 'text.chat@1',
  model: 'm',
  outcome: 'ok',
  firstMs: 1,
  msPerUnit: 1,
  at: unixMs(1_000),
}

const faultOf = async (promise: Promise<unknown>): Promise<Fault> => {
  const error = await promise.then(
    () => new Error('nothing was thrown'),
    (thrown: Error) => thrown,
  )
  if (!(error instanceof Fault)) throw error
  return error
}

storeConformance('sqlite', () => openStore(newPath()))

test('only its owner can read it, the journal included, also where the file was there before', async () => {
  const path = newPath()
  mkdirSync(join(path, '..'))
  writeFileSync(path, '', { mode: 0o644 })
  const store = await openStore(path)
  await store.keep(receiptOf(1))
  const modes = ['', '-wal', '-shm'].map((end) => statSync(path + end).mode & 0o777)
  expect(modes).toEqual([0o600, 0o600, 0o600])
  expect(statSync(join(path, '..', 'cache.db')).mode & 0o777).toBe(0o600)
  await store.close()
})

test('everything is there after closing and opening again, and nothing is left beside it', async () => {
  const path = newPath()
  const store = await openStore(path)
  await store.keep(receiptOf(1))
  await store.close()
  expect(existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0).toBe(false)
  const again = await openStore(path)
  expect(again.newest(9)).toEqual([receiptOf(1)])
  expect(again.chainHead(NODE)).toBe(receiptOf(1).id)
  await again.close()
})

test('what is kept is on the disk: it waits for a slow one, and a failed one keeps nothing more', async () => {
  const disks = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let syncs = 0
  const store = await openStore(newPath(), () => {
    begun[syncs]!.resolve()
    return disks[syncs++]!.promise
  })
  let kept = false
  const first = store.keep(receiptOf(1)).then(() => (kept = true))
  await begun[0]!.promise
  // Written, and lost if the power goes now.
  expect(store.newest(9)).toHaveLength(1)
  const second = faultOf(store.keep(receiptOf(2)))
  await Bun.sleep(10)
  expect([kept, syncs]).toEqual([false, 1])
  disks[0]!.resolve()
  expect(await first).toBe(true)
  await begun[1]!.promise
  disks[1]!.reject(Object.assign(new Error('EIO'), { code: 'EIO' }))
  expect((await second).code).toBe('ledger.io')
  expect((await faultOf(store.keep(receiptOf(3)))).code).toBe('ledger.io')
  await store.close()
})

test('two processes share one ledger; the second receipt loses whoever writes it', async () => {
  const path = newPath()
  const [a, b] = await Promise.all([openStore(path), openStore(path)])
  const { job } = receiptOf(1)
  const both = [a.keep(receiptOf(1)), b.keep(receiptOf(2, { job }))]
  const ends = await Promise.allSettled(both)
  expect(ends.map((it) => it.status).toSorted()).toEqual(['fulfilled', 'rejected'])
  await b.keep(receiptOf(3))
  expect(a.chainHead(NODE)).toBe(receiptOf(3).id)
  expect(a.newest(9)).toHaveLength(2)
  await a.close()
  await b.keep(receiptOf(4))
  await b.close()
})

test('a damaged ledger is refused and left as it is', async () => {
  const path = newPath()
  const store = await openStore(path)
  for (let n = 1; n <= 200; n++) void store.keep(receiptOf(n, { text: 'x'.repeat(500) }))
  await store.close()
  // A process that ended without closing it leaves its note behind: then the file is read in full.
  const db = new Database(path)
  db.run('INSERT INTO openings (pid, at) VALUES (4194305, 0)')
  db.close()
  const bytes = readFileSync(path)
  bytes.fill(0xff, 4096 * 6, 4096 * 12)
  writeFileSync(path, bytes)
  const fault = await faultOf(openStore(path))
  expect([fault.kind, fault.code]).toEqual(['io', 'ledger.damaged'])
  expect(readFileSync(path).equals(bytes)).toBe(true)
  writeFileSync(path, 'no database at all, but long enough to look like a header of one ....')
  expect((await faultOf(openStore(path))).code).toBe('ledger.damaged')
})

test('a damaged cache is begun anew', async () => {
  const path = newPath()
  await (await openStore(path)).close()
  writeFileSync(join(path, '..', 'cache.db'), 'x'.repeat(5000))
  const store = await openStore(path)
  expect(store.observations(unixMs(0))).toEqual([])
  await store.close()
})

test('a cache that is damaged beyond its first page is begun anew, and the ledger is as it was', async () => {
  const path = newPath()
  const cache = join(path, '..', 'cache.db')
  const store = await openStore(path)
  await store.keep(receiptOf(1))
  for (let n = 0; n < 3_000; n++)
    void store.observe({ ...seen, model: `model ${n}`, at: unixMs(1_000 + n) })
  await store.close()
  const bytes = readFileSync(cache)
  expect(bytes.length).toBeGreaterThan(4096 * 30)
  bytes.fill(0xff, 4096 * 10, 4096 * 30)
  writeFileSync(cache, bytes)
  const ledger = readFileSync(path)
  const again = await openStore(path)
  expect(again.observations(unixMs(0))).toEqual([])
  void again.observe(seen)
  expect(again.observations(unixMs(0))).toEqual([seen])
  expect(again.newest(9)).toEqual([receiptOf(1)])
  expect(readFileSync(path).subarray(4096).equals(ledger.subarray(4096))).toBe(true)
  await again.close()
})

test('a cache that takes nothing more stops no ledger', async () => {
  const path = newPath()
  const store = await openStore(path)
  const db = new Database(join(path, '..', 'cache.db'))
  db.run('DROP TABLE observations')
  db.close()
  const lost = faultOf(store.observe(seen))
  await store.keep(receiptOf(1))
  await store.close()
  expect((await lost).kind).toBe('io')
})

test('what is closed is closed: no file is left open, no journal beside it', async () => {
  const open = (): number => (existsSync('/proc/self/fd') ? readdirSync('/proc/self/fd').length : 0)
  const before = open()
  for (let round = 0; round < 50; round++) {
    const path = newPath()
    const store = await openStore(path)
    await store.keep(receiptOf(1))
    const observed = store.observe(seen)
    await store.close()
    await observed
    expect(readdirSync(join(path, '..')).toSorted()).toEqual(['cache.db', 'ledger.db'])
  }
  expect(open() - before).toBeLessThan(10)
})

test('a ledger of a newer fedai is left alone', async () => {
  const path = newPath()
  await (await openStore(path)).close()
  const db = new Database(path)
  db.run('PRAGMA user_version = 99')
  db.close()
  expect((await faultOf(openStore(path))).code).toBe('ledger.newer')
})

test('after a commit has failed, all who wait hear of it and nothing more is taken', async () => {
  const path = newPath()
  const store = await openStore(path)
  await store.keep(receiptOf(1))
  const db = new Database(path)
  db.run(`CREATE TRIGGER full BEFORE INSERT ON kept BEGIN SELECT RAISE(ABORT, 'no room'); END`)
  db.close()
  const waiting = [store.keep(receiptOf(2)), store.keep(receiptOf(3))]
  const faults = await Promise.all(waiting.map(faultOf))
  expect(faults.map((it) => it.kind)).toEqual(['io', 'io'])
  expect((await faultOf(store.keep(receiptOf(4, { kind: 'acknowledgement' })))).kind).toBe('io')
  expect(store.newest(9)).toEqual([receiptOf(1)])
  await store.close()
})

test('SIGKILL at any moment loses nothing that was acknowledged', async () => {
  const fixture = join(import.meta.dir, '../../../test/fixtures/store-appender.ts')
  const path = newPath()
  const acknowledged = new Set<number>()
  for (let round = 0; round < 4; round++) {
    const child = Bun.spawn([process.execPath, fixture, path, String(round)], {
      stdout: 'pipe',
      stderr: 'inherit',
    })
    let text = ''
    let lines = 0
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk
      lines = text.split('\n').length - 1
      if (lines >= 40 + 77 * round) break
    }
    child.kill('SIGKILL')
    await child.exited
    expect(lines).toBeGreaterThanOrEqual(40)
    for (const line of text.split('\n').slice(0, -1)) acknowledged.add(Number(line))
    const store = await openStore(path)
    const kept = new Set(store.newest(1_000_000).map((it) => Number.parseInt(it.id, 16)))
    expect([...acknowledged].filter((n) => !kept.has(n))).toEqual([])
    expect(store.chainHead(NODE)).toBe(store.newest(1)[0]!.id)
    await store.close()
  }
}, 20_000)
