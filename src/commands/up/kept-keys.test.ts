import { expect, test } from 'bun:test'
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { keptSigners } from './kept-keys.ts'

const inFolder = async (run: (state: string) => Promise<void>): Promise<void> => {
  const state = mkdtempSync(join(tmpdir(), 'fedai-up-'))
  await run(state).finally(() => rmSync(state, { recursive: true }))
}

const keysIn = async (folder: string) => {
  const said: string[] = []
  const { nodeSigner, routerSigner } = await keptSigners(folder, (line) => said.push(line))
  return { node: nodeSigner.pubkey, router: routerSigner.pubkey, said }
}

test('node and router of up keep their keys beside their ledgers, for their user alone; another folder has others', () =>
  inFolder(async (state) => {
    const [first, other] = [join(state, 'up'), join(state, 'up-2')]
    const made = await keysIn(first)
    // Also where the first start came no further: its port was taken, say.
    expect(await keysIn(first)).toEqual({ ...made, said: [] })
    const others = await keysIn(other)
    expect(new Set([made.node, made.router, others.node, others.router]).size).toBe(4)
    for (const role of ['node', 'router'])
      if (process.platform !== 'win32')
        expect(statSync(join(first, role, `${role}.key`)).mode & 0o777).toBe(0o600)
  }))

test.each(['node', 'router'])('a %s.key that holds none is named, and not written over', (role) =>
  inFolder(async (state) => {
    await keysIn(state)
    const file = join(state, role, `${role}.key`)
    writeFileSync(file, 'garbage\n')
    const fault = await keysIn(state).catch((error: unknown) => error)
    expect(fault).toMatchObject({
      kind: 'config',
      code: 'up.key',
      message: `${file} holds no secret key`,
      hint: expect.stringContaining('move it away: the next fedai up makes a new one'),
    })
    expect(await Bun.file(file).text()).toBe('garbage\n')
  }),
)

test('a node whose ledger is gone begins anew under another key, says so, and keeps the old one', () =>
  inFolder(async (state) => {
    const before = await keysIn(state)
    for (const file of readdirSync(join(state, 'node')))
      if (file.startsWith('ledger.db')) rmSync(join(state, 'node', file))
    const after = await keysIn(state)
    expect(after.node).not.toBe(before.node)
    expect(after.router).toBe(before.router)
    expect(before.said).toEqual([])
    expect(after.said).toEqual([expect.stringContaining('what was paid on its tabs')])
    const keys = readdirSync(join(state, 'node')).filter((it) => it.startsWith('node.key'))
    expect(keys).toHaveLength(2)
  }))
