import { afterAll, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfigFile } from './file.ts'
import { CONFIG_BYTES } from './toml.ts'

const folder = mkdtempSync(join(tmpdir(), 'fedai-config-'))
afterAll(() => rmSync(folder, { recursive: true }))

const file = (name: string, text: string | Uint8Array, mode = 0o644): string => {
  const path = join(folder, name)
  writeFileSync(path, text)
  chmodSync(path, mode)
  return path
}

const refused = (path: string, me?: number) => {
  try {
    readConfigFile(path, me)
  } catch (error) {
    const { kind, code } = error as Record<string, unknown>
    return { kind, code }
  }
  return undefined
}

test('a file is read, through a link too', () => {
  const path = file('a.toml', 'node.queue = 1')
  expect(readConfigFile(path)?.entries.get('node.queue')).toEqual({ line: 1, column: 1, value: 1 })
  symlinkSync(path, join(folder, 'link.toml'))
  expect(readConfigFile(join(folder, 'link.toml'))?.entries.size).toBe(1)
})

test('none is no fault', () => {
  expect(readConfigFile(join(folder, 'absent.toml'))).toBeUndefined()
  expect(readConfigFile(join(file('plain', ''), 'below'))).toBeUndefined()
})

test.skipIf(process.platform === 'win32').each([0o666, 0o664, 0o646, 0o602])(
  'one that others can write is refused: %o',
  (mode) => {
    const code = 'config.writable'
    expect(refused(file('open.toml', '', mode))).toEqual({ kind: 'config', code })
  },
)

test.skipIf(process.platform === 'win32')('so is one that belongs to somebody else', () => {
  const path = file('mine.toml', '')
  const me = process.getuid!()
  expect(refused(path, me)).toBeUndefined()
  // What root owns, root alone can write: any user may be configured by it.
  expect(refused(path, me + 1)).toEqual(
    me === 0 ? undefined : { kind: 'config', code: 'config.writable' },
  )
})

test('what is no file of text, or too large, is refused at once', () => {
  mkdirSync(join(folder, 'folder.toml'))
  expect(refused(join(folder, 'folder.toml'))?.code).toBe('config.unreadable')
  expect(refused(file('latin.toml', new Uint8Array([0x23, 0xe9])))?.code).toBe('config.not_utf8')
  expect(refused(file('full.toml', '#'.repeat(CONFIG_BYTES)))).toBeUndefined()
  expect(refused(file('large.toml', '#'.repeat(CONFIG_BYTES + 1)))?.code).toBe('config.too_large')
  if (process.platform !== 'linux') return
  const fifo = join(folder, 'fifo.toml')
  expect(Bun.spawnSync(['mkfifo', fifo]).exitCode).toBe(0)
  expect(refused(fifo)?.code).toBe('config.unreadable')
})
