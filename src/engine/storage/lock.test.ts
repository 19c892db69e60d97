import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { takeLock } from './lock.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedai-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Another process that takes the lock and says whether it got it; it lives until it is killed. */
const other = async (path: string) => {
  const program = `const { takeLock } = await import(${JSON.stringify(join(import.meta.dir, 'lock.ts'))})
    console.log(takeLock(${JSON.stringify(path)}) ? 'got' : 'no'); await Bun.sleep(60_000)`
  const child = Bun.spawn([process.execPath, '-e', program], { stdout: 'pipe', stderr: 'inherit' })
  const { value } = await child.stdout.getReader().read()
  return { said: new TextDecoder().decode(value).trim(), child }
}

describe('a lock', () => {
  test('is had by one at a time, and given back', () => {
    const path = join(folder, 'deep', 'lock')
    const mine = takeLock(path)
    expect(mine).toBeDefined()
    expect(takeLock(path)).toBeUndefined()
    mine!.release()
    const again = takeLock(path)
    expect(again).toBeDefined()
    again!.release()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(folder, 'deep'))).toEqual(['lock'])
  })

  test('is not lost to another process when its own asks again, by whatever path', async () => {
    const path = join(folder, 'lock')
    const mine = takeLock(path)
    symlinkSync(path, join(folder, 'link'))
    expect([takeLock(path), takeLock(join(folder, 'link'))]).toEqual([undefined, undefined])
    const { said, child } = await other(path)
    expect(said).toBe('no')
    child.kill('SIGKILL')
    mine!.release()
  })

  test('of another process holds, and ends with it however it ends', async () => {
    const path = join(folder, 'lock')
    const { said, child } = await other(path)
    expect(said).toBe('got')
    expect(takeLock(path)).toBeUndefined()
    child.kill('SIGKILL')
    await child.exited
    const mine = takeLock(path)
    expect(mine).toBeDefined()
    const second = await other(path)
    expect(second.said).toBe('no')
    second.child.kill('SIGKILL')
    mine!.release()
  })

  test('that cannot be made is said', () => {
    mkdirSync(join(folder, 'lock'))
    expect(() => takeLock(join(folder, 'lock'))).toThrow(expect.objectContaining({ kind: 'io' }))
    writeFileSync(join(folder, 'file'), 'x')
    expect(() => takeLock(join(folder, 'file', 'lock'))).toThrow(
      expect.objectContaining({ kind: 'io' }),
    )
  })
})
