import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeSignerIn } from './node-key.ts'

test('the node of up keeps its key beside its ledger, for its user alone; another folder has another', async () => {
  const state = mkdtempSync(join(tmpdir(), 'fedai-up-'))
  const [first, other] = [join(state, 'up'), join(state, 'up-2')]
  const { pubkey } = await nodeSignerIn(first)
  expect((await nodeSignerIn(first)).pubkey).toBe(pubkey)
  expect((await nodeSignerIn(other)).pubkey).not.toBe(pubkey)
  const file = join(first, 'node', 'node.key')
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
  // What is there and is no key is not written over.
  writeFileSync(file, 'nsec1\n')
  const code = await nodeSignerIn(first).catch((fault: { code: string }) => fault.code)
  expect(code).toBe('key.format')
  rmSync(state, { recursive: true })
})
