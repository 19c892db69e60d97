import { afterEach, beforeEach, expect, test } from 'bun:test'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openTerminal } from '../terminal.ts'
import { daemonSigner } from './identity.ts'

const before = { ...process.env }
let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fedai-identity-'))
  for (const name of ['STATE_DIRECTORY', 'CREDENTIALS_DIRECTORY']) delete process.env[name]
  process.env['FEDAI_HOME'] = home
})
afterEach(() => {
  process.env = { ...before }
  rmSync(home, { recursive: true })
})

const terminal = { ...openTerminal(), canAsk: false }
const keyOf = async (name: string, file?: string) => {
  const made: string[] = []
  const signer = await daemonSigner(name, 'router', file, terminal, (it) => made.push(it))
  return { key: signer.pubkey, made }
}
const fault = (code: string) => expect.objectContaining({ kind: 'config', code })

test('the usual identity is made once, told once, and is the same ever after', async () => {
  const first = await keyOf('router')
  expect(first.made).toEqual([join(home, 'keys', 'router.key')])
  expect(await keyOf('router')).toEqual({ key: first.key, made: [] })
})

test('another one is not made: a slip would be a stranger', async () => {
  expect(keyOf('ruoter')).rejects.toThrow(fault('key.missing'))
})

test('a passphrase comes as a credential of the unit, or from a file that nobody else may read', async () => {
  // systemd's ACLs look like bits for a group.
  const credentials = join(home, 'credentials')
  mkdirSync(credentials)
  writeFileSync(join(credentials, 'passphrase'), 'open sesame\n', { mode: 0o440 })
  process.env['CREDENTIALS_DIRECTORY'] = credentials
  expect((await keyOf('router')).made).toHaveLength(1)
  expect(readFileSync(join(home, 'keys', 'router.key'), 'utf8')).toStartWith('ncryptsec1')

  delete process.env['CREDENTIALS_DIRECTORY']
  expect(keyOf('router')).rejects.toThrow(fault('key.passphrase'))
  const file = join(home, 'passphrase')
  writeFileSync(file, 'open sesame', { mode: 0o640 })
  expect(keyOf('router', file)).rejects.toThrow(fault('key.readable'))
})
