import { expect, test } from 'bun:test'
import { Fault } from '../base/fault.ts'
import { GroupCommit } from './group-commit.ts'

const settledOf = async (promise: Promise<void>): Promise<string> =>
  Promise.race([
    promise.then(
      () => 'kept',
      (error: Fault) => error.code,
    ),
    Bun.sleep(1).then(() => 'open'),
  ])

test('a row is kept when it is on the disk, not when it is committed', async () => {
  const disk = Promise.withResolvers<void>()
  const written: number[] = []
  const group = new GroupCommit<number>(
    (rows) => (written.push(...rows), rows.map(() => null)),
    () => disk.promise,
  )
  const kept = group.add(1)
  group.flush()
  expect(written).toEqual([1])
  expect(await settledOf(kept)).toBe('open')
  const synced = group.synced()
  expect(await settledOf(synced)).toBe('open')
  disk.resolve()
  expect(await settledOf(kept)).toBe('kept')
  await synced
})

test('one sync at a time, and the next one is for all that was committed meanwhile', async () => {
  const disks = Array.from({ length: 3 }, () => Promise.withResolvers<void>())
  let syncs = 0
  const group = new GroupCommit<number>(
    (rows) => rows.map(() => null),
    () => disks[syncs++]!.promise,
  )
  const kept = [1, 2, 3].map((row) => {
    const it = group.add(row)
    group.flush()
    return it
  })
  expect(syncs).toBe(1)
  disks[0]!.resolve()
  expect(await Promise.all(kept.map(settledOf))).toEqual(['kept', 'open', 'open'])
  expect(syncs).toBe(2)
  const synced = group.synced()
  disks[1]!.reject(new Fault('io', 'ledger.io', 'the disk failed'))
  expect(await Promise.all(kept.map(settledOf))).toEqual(['kept', 'ledger.io', 'ledger.io'])
  await synced
  expect(syncs).toBe(2)
})

test('a disk that fails keeps nothing any more, not even what a later sync would report', async () => {
  const disks = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let syncs = 0
  const group = new GroupCommit<number>(
    (rows) => rows.map(() => null),
    () => disks[syncs++]!.promise,
  )
  const first = group.add(1)
  group.flush()
  const second = group.add(2)
  group.flush()
  disks[0]!.reject(new Fault('io', 'ledger.io', 'the disk failed'))
  expect(await settledOf(first)).toBe('ledger.io')
  disks[1]!.resolve()
  expect(await settledOf(second)).toBe('ledger.io')
  expect(await settledOf(group.add(3))).toBe('ledger.io')
})
