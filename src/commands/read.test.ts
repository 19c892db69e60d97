import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readText } from './read.ts'

test('what is too large to be what it should be is no job, and is told so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedai-read-'))
  const file = join(folder, 'wallet.txt')
  writeFileSync(file, 'x'.repeat(17))
  const fault = await readText(file, 16).catch((error: unknown) => error)
  expect(fault).toMatchObject({
    code: 'input.too_large',
    message: `${file} is larger than 16 bytes`,
    hint: 'check that it is the right file',
  })
  rmSync(folder, { recursive: true })
})
