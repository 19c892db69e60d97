import { Database } from 'bun:sqlite'
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unixMs } from '../base/clock.ts'
import { memoryStore } from './memory.ts'
import { at, entryOf, invoiceOf, settledEntry, tabOf, viewOf } from './money.case.ts'
import { end, moneyConformance } from './money.conformance.ts'
import { openStore } from './sqlite.ts'
import { NODE, receiptOf } from './store.conformance.ts'

const root = mkdtempSync(join(tmpdir(), 'fedai-money-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0
const newPath = (): string => join(root, String(folders++), 'ledger.db')

moneyConformance('memory', async () => memoryStore())
moneyConformance('sqlite', () => openStore(newPath()))

test('everything is there after closing and opening again', async () => {
  const path = newPath()
  const store = await openStore(path)
  await store.money.write([
    { do: 'put', table: 'tabs', row: tabOf() },
    { do: 'add', table: 'payments', row: entryOf(1) },
    { do: 'put', table: 'views', row: viewOf() },
  ])
  await store.close()
  const { money, ...again } = await openStore(path)
  expect(money.tabs(NODE)).toEqual([tabOf()])
  expect(money.spending(at)).toEqual({ entries: [entryOf(1)], views: [viewOf()] })
  await again.close()
})

test('a ledger from before there was money is brought up to date, and keeps its receipts', async () => {
  const path = newPath()
  const store = await openStore(path)
  await store.keep(receiptOf(1))
  await store.close()
  const db = new Database(path)
  for (const table of [
    'tabs',
    'draws',
    'statements',
    'invoices',
    'payments',
    'views',
    'charges',
    'proofs',
    'locked',
  ])
    db.run(`DROP TABLE ${table}`)
  db.run('DROP TABLE spending')
  db.run('CREATE TABLE heads (key TEXT PRIMARY KEY, receipt TEXT NOT NULL) STRICT, WITHOUT ROWID')
  db.run('PRAGMA user_version = 1')
  db.close()
  const again = await openStore(path)
  await again.money.write([{ do: 'put', table: 'tabs', row: tabOf() }])
  expect([again.newest(9), again.money.tabs(NODE)]).toEqual([[receiptOf(1)], [tabOf()]])
  await again.close()
})

test('two processes with one key: what was decided on an old reading is not written', async () => {
  const path = newPath()
  const [a, b] = await Promise.all([openStore(path), openStore(path)])
  a.money.spending(at)
  b.money.spending(at)
  const pay = (store: typeof a, n: number) =>
    end(store.money.write([{ do: 'add', table: 'payments', row: entryOf(n) }]))
  expect(await pay(a, 1)).toBe('written')
  expect(await pay(b, 2)).toBe('again money.elsewhere')
  expect(await pay(b, 2)).toBe('again money.elsewhere')
  // One's own writes are not elsewhere; those of others are until they are read.
  expect([a.money.elsewhere(), b.money.elsewhere()]).toEqual([false, true])
  expect(b.money.spending(at).entries).toEqual([entryOf(1)])
  expect(b.money.elsewhere()).toBe(false)
  expect(await pay(b, 2)).toBe('written')
  expect([a.money.elsewhere(), b.money.elsewhere()]).toEqual([true, false])
  expect(await pay(a, 3)).toBe('again money.elsewhere')
  // What a node writes of its own tabs is no affair of a payer's.
  await a.money.write([{ do: 'put', table: 'tabs', row: tabOf() }])
  expect(await pay(b, 4)).toBe('written')
  await Promise.all([a.close(), b.close()])
})

test('two processes race for the last of a budget: one of them gets it', async () => {
  const path = newPath()
  const stores = await Promise.all([openStore(path), openStore(path), openStore(path)])
  for (const { money } of stores) expect(money.spending(at).entries).toEqual([])
  const ends = await Promise.all(
    stores.map(({ money }, n) =>
      end(money.write([{ do: 'add', table: 'payments', row: entryOf(n) }])),
    ),
  )
  expect(ends.toSorted()).toEqual(['again money.elsewhere', 'again money.elsewhere', 'written'])
  await Promise.all(stores.map((store) => store.close()))
})

test('what waits when the payer reads again is written before, not after', async () => {
  const path = newPath()
  const [a, b] = await Promise.all([openStore(path), openStore(path)])
  const mine = end(a.money.write([{ do: 'add', table: 'payments', row: entryOf(1) }]))
  expect(a.money.spending(at).entries).toEqual([entryOf(1)])
  expect(await mine).toBe('written')
  await a.money.write([{ do: 'put', table: 'payments', row: settledEntry(1) }])
  b.money.spending(at)
  await b.money.write([{ do: 'put', table: 'views', row: viewOf() }])
  const stale = end(a.money.write([{ do: 'add', table: 'payments', row: entryOf(2) }]))
  expect(a.money.spending(at).views).toEqual([viewOf()])
  expect(await stale).toBe('again money.elsewhere')
  await Promise.all([a.close(), b.close()])
})

test('a write resolves when it is on the disk, and a disk that fails takes nothing more', async () => {
  const disks = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const begun = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let syncs = 0
  const store = await openStore(newPath(), () => {
    begun[syncs]!.resolve()
    return disks[syncs++]!.promise
  })
  const write = (n: number) =>
    end(store.money.write([{ do: 'add', table: 'invoices', row: invoiceOf(n) }]))
  let written = ''
  const first = write(1).then((it) => (written = it))
  await begun[0]!.promise
  const second = write(2)
  await Bun.sleep(1)
  expect([written, syncs]).toEqual(['', 1])
  disks[0]!.resolve()
  expect(await first).toBe('written')
  await begun[1]!.promise
  disks[1]!.reject(Object.assign(new Error('EIO'), { code: 'EIO' }))
  expect(await second).toBe('io ledger.io')
  expect(await write(3)).toBe('io ledger.io')
  await store.close()
})

test('nothing to write resolves at once where nothing waits, and else when that is on the disk', async () => {
  const disk = Promise.withResolvers<void>()
  let syncs = 0
  const store = await openStore(newPath(), () => (syncs++, disk.promise))
  await store.money.write([])
  expect(syncs).toBe(0)
  const done: string[] = []
  const first = store.money.write([{ do: 'put', table: 'tabs', row: tabOf() }])
  const writes = [
    first.then(() => done.push('first')),
    store.money.write([]).then(() => done.push('nothing')),
  ]
  await new Promise((resolve) => setImmediate(resolve))
  expect([syncs, done]).toEqual([1, []])
  disk.resolve()
  await Promise.all(writes)
  expect(done).toEqual(['first', 'nothing'])
  await store.close()
})

test('an idle ledger does not wait for others; a busy one writes with them', async () => {
  const disks: PromiseWithResolvers<void>[] = []
  const store = await openStore(newPath(), () => {
    const disk = Promise.withResolvers<void>()
    disks.push(disk)
    return disk.promise
  })
  const write = (n: number) =>
    store.money.write([{ do: 'put', table: 'tabs', row: tabOf({ n, at: unixMs(n) }) }])
  const first = write(0)
  await new Promise((resolve) => setImmediate(resolve))
  expect([store.money.tabs(NODE)[0]?.n, disks.length]).toEqual([0, 1])
  const others = [1, 2, 3].map(write)
  await new Promise((resolve) => setImmediate(resolve))
  expect(disks.length).toBe(1)
  disks[0]!.resolve()
  await first
  expect([store.money.tabs(NODE)[0]?.n, disks.length]).toEqual([3, 2])
  disks[1]!.resolve()
  await Promise.all(others)
  await store.close()
})
