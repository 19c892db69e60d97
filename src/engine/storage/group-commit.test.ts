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
  const group = new GroupCommit<number>((rows) => (written.push(...rows), rows.map(() => null)), {
    sync: () => disk.promise,
  })
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
  const group = new GroupCommit<number>((rows) => rows.map(() => null), {
    sync: () => disks[syncs++]!.promise,
  })
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
  const group = new GroupCommit<number>((rows) => rows.map(() => null), {
    sync: () => disks[syncs++]!.promise,
  })
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

/** A disk whose syncs end when the test says so, and all groups that were committed. */
const slowDisk = () => {
  const disks: PromiseWithResolvers<void>[] = []
  const groups: number[][] = []
  const group = new GroupCommit<number>((rows) => (groups.push([...rows]), rows.map(() => null)), {
    sync: () => {
      const disk = Promise.withResolvers<void>()
      disks.push(disk)
      return disk.promise
    },
  })
  return { disks, groups, group }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test('a row that somebody waits for is committed in the turn that brought it, with what else waits', async () => {
  const { groups, group } = slowDisk()
  void group.add(1)
  void group.add(2, true)
  void group.add(3, true)
  // Never inside the call: its caller is in the middle of something.
  expect(groups).toEqual([])
  await turn()
  expect(groups).toEqual([[1, 2, 3]])
})

test('while the disk is busy such rows gather, and are committed when it is free', async () => {
  const { disks, groups, group } = slowDisk()
  const first = group.add(1, true)
  await turn()
  const others = [2, 3].map((row) => group.add(row, true))
  await turn()
  expect(groups).toEqual([[1]])
  disks[0]!.resolve()
  await turn()
  expect(await settledOf(first)).toBe('kept')
  expect([groups, disks.length]).toEqual([[[1], [2, 3]], 2])
  expect(await Promise.all(others.map(settledOf))).toEqual(['open', 'open'])
  disks[1]!.resolve()
  await Promise.all(others)
})

test('a busy disk keeps nobody longer than rows that can wait', async () => {
  const { disks, groups, group } = slowDisk()
  void group.add(1, true)
  await turn()
  void group.add(2, true)
  await Bun.sleep(8)
  expect([groups, disks.length]).toEqual([[[1], [2]], 1])
})

test('rows that can wait do, up to 64 of them', async () => {
  const { groups, group } = slowDisk()
  for (let row = 1; row < 64; row++) void group.add(row)
  await turn()
  expect(groups).toEqual([])
  void group.add(64)
  await turn()
  expect(groups[0]).toHaveLength(64)
})
