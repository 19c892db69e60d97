import { afterEach, beforeEach, expect, test } from 'bun:test'
import {
  chmodSync,
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
import { readWallet, storeWallet, walletPath } from './wallet-file.ts'

const CANARY = 'canary7c1e04password'
const TEXT = `phoenixd+http://:${CANARY}@127.0.0.1:9740`
let home = ''
let env: { FEDAI_HOME: string }
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'fedai-wallet-'))
  env = { FEDAI_HOME: join(home, 'fedai') }
})
afterEach(() => rmSync(home, { recursive: true }))

const failing = async (work: Promise<unknown>): Promise<{ code: string; message: string }> => {
  const fault = await work.then(
    () => ({ code: 'none', message: '', hint: '' }),
    (it) => it,
  )
  expect(`${fault.message} ${fault.hint} ${fault.stack}`).not.toContain(CANARY)
  return fault
}

test('what is stored is read back, one wallet for each network, by nobody else', async () => {
  expect(await readWallet('regtest', env)).toBeNull()
  const path = await storeWallet('regtest', TEXT, env)
  expect(path).toBe(walletPath('regtest', env))
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
  expect(await readWallet('regtest', env)).toMatchObject({
    text: TEXT,
    connection: { kind: 'phoenixd', url: 'http://127.0.0.1:9740', password: CANARY },
  })
  expect(await readWallet('mainnet', env)).toBeNull()
})

test('the next one takes its place whole, whatever bits the first had', async () => {
  const path = await storeWallet('regtest', TEXT, env)
  chmodSync(path, 0o644)
  await storeWallet('regtest', TEXT.replace('9740', '9741'), env)
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect((await readWallet('regtest', env))?.text).toContain(':9741')
  expect(readdirSync(join(path, '..'))).toEqual(['wallet-regtest.connection'])
})

test('a file that others can read, a link, a pipe of nothing: refused, and not quoted', async () => {
  const path = await storeWallet('regtest', TEXT, env)
  for (const mode of [0o640, 0o604, 0o660, 0o610]) {
    chmodSync(path, mode)
    const fault = await failing(readWallet('regtest', env))
    expect({ mode, code: fault.code }).toEqual({ mode, code: 'wallet.readable' })
  }
  rmSync(path)
  writeFileSync(join(home, 'elsewhere'), TEXT, { mode: 0o600 })
  symlinkSync(join(home, 'elsewhere'), path)
  expect((await failing(readWallet('regtest', env))).code).toBe('wallet.readable')
  rmSync(path)
  mkdirSync(path)
  expect((await failing(readWallet('regtest', env))).code).toBe('wallet.file')
})

test.each(['', '{}', `phoenixd+http://${CANARY}`, `${'x'.repeat(20_000)}${CANARY}`])(
  'a file that says no connection is refused, and not quoted (%#)',
  async (text) => {
    const path = await storeWallet('regtest', TEXT, env)
    writeFileSync(path, text)
    expect((await failing(readWallet('regtest', env))).code).toBe('wallet.file')
  },
)

test('a folder that others can use takes no wallet', async () => {
  const path = await storeWallet('regtest', TEXT, env)
  chmodSync(join(path, '..'), 0o770)
  expect((await failing(storeWallet('mainnet', TEXT, env))).code).toBe('key.readable')
  expect(await readWallet('mainnet', env)).toBeNull()
})
