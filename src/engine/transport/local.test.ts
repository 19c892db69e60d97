import { afterEach, beforeEach, expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serveLocal } from './local.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fedai-local-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const answer = (path: string) =>
  path === '/health' ? { status: 200, type: 'application/json', body: '{}' } : undefined

test('a socket for this user alone, over what an earlier process left', async () => {
  const path = join(folder, 'run', 'router.sock')
  const umask = process.umask(0)
  const close = serveLocal(path, answer)
  expect(process.umask(umask)).toBe(0)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(folder, 'run')).mode & 0o777).toBe(0o700)
  const get = (page: string, init: RequestInit = {}) =>
    fetch(`http://localhost${page}`, { ...init, unix: path })
  expect(await (await get('/health?x=1')).text()).toBe('{}')
  expect((await get('/other')).status).toBe(404)
  expect((await get('/health', { method: 'POST', body: 'x' })).status).toBe(405)
  await close()
  expect(existsSync(path)).toBe(false)
  writeFileSync(path, 'left by a process that was killed')
  await serveLocal(path, answer)()
})

test('a path that no socket can have is said', () => {
  expect(() => serveLocal(join(folder, 'x'.repeat(200)), answer)).toThrow(
    expect.objectContaining({ kind: 'io', code: 'local.socket' }),
  )
})
