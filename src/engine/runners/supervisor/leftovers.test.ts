import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startOf } from '../../base/process.ts'
import { openLeftovers } from './leftovers.ts'
import { until } from './spawn.fixtures.ts'

let runtime: string
let folder: string
beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'fedai-left-'))
  folder = join(runtime, 'runners')
  mkdirSync(folder)
})
afterEach(() => rmSync(runtime, { recursive: true }))

/** A process in a group of its own, and what an owner that ended would have written about it. */
const leftover = (said: object = {}) => {
  const child = Bun.spawn(['sleep', '600'], { detached: true })
  const about = {
    v: 1,
    pid: child.pid,
    started: startOf(child.pid),
    owner: { pid: 2 ** 22 - 1, started: 'long ago' },
    ...said,
  }
  writeFileSync(join(folder, '999-1-1.json'), JSON.stringify(about))
  writeFileSync(join(folder, '999-1-1.sock'), '')
  return child
}

describe.if(process.platform === 'linux')('what an earlier fedai left behind', () => {
  test('is ended, and forgotten', async () => {
    const child = leftover()
    openLeftovers(runtime)
    await child.exited
    expect(child.signalCode).toBe('SIGKILL')
    expect(readdirSync(folder)).toEqual([])
  })

  test('is not some process that got its number later', async () => {
    const child = leftover({ started: 'before' })
    openLeftovers(runtime)
    await Bun.sleep(20)
    expect(child.killed || child.exitCode !== null).toBe(false)
    expect(readdirSync(folder)).toEqual([])
    child.kill()
  })

  test('is not what a fedai that runs has', async () => {
    const child = leftover({ owner: { pid: process.pid, started: startOf(process.pid) } })
    openLeftovers(runtime)
    await Bun.sleep(20)
    expect(child.exitCode).toBeNull()
    expect(readdirSync(folder)).toHaveLength(2)
    child.kill()
  })

  test('of an owner whose number another has now is ended too', async () => {
    const child = leftover({ owner: { pid: process.pid, started: 'before' } })
    openLeftovers(runtime)
    await child.exited
  })

  test.each(['', '{}', '[1]', '{"v":1,"pid":1}', '{"v":1,"pid":-1,"started":null}', '{"v":2'])(
    'and says %p about it is taken away, and ends nobody',
    (text) => {
      writeFileSync(join(folder, '999-1-1.json'), text)
      openLeftovers(runtime)
      expect(readdirSync(folder)).toEqual([])
    },
  )
})

describe('the folder of runners', () => {
  test('is for this user only, also where it was made by somebody careless', () => {
    chmodSync(folder, 0o777)
    openLeftovers(runtime)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  })

  test('lists what was started until it is struck out', async () => {
    const leftovers = openLeftovers(runtime)
    leftovers.note('1-1', process.pid)
    expect(readdirSync(folder)).toEqual([`${process.pid}-1-1.json`])
    leftovers.strike('1-1')
    await until(() => readdirSync(folder).length === 0)
  })

  test('that cannot be made is said', () => {
    writeFileSync(join(runtime, 'file'), '')
    expect(() => openLeftovers(join(runtime, 'file'))).toThrow(
      expect.objectContaining({ code: 'runner.folder', kind: 'io' }),
    )
  })
})
