// npm run try, as a fresh clone has it.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const home = mkdtempSync(join(tmpdir(), 'fedai-try-'))
afterAll(() => rmSync(home, { recursive: true }))

/** `bun scripts/try.ts WORDS`, in a home that nobody has used. */
const tried = async (...words: string[]) => {
  const child = Bun.spawn([process.execPath, 'scripts/try.ts', ...words], {
    cwd: dirname(dirname(import.meta.dir)),
    env: { PATH: process.env['PATH'], FEDAI_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  return { code: await child.exited, stdout, stderr }
}

test('does real jobs', async () => {
  const { code, stdout, stderr } = await tried()
  expect(code).toBe(0)
  expect(stderr.match(/receipt checked/g)?.length).toBeGreaterThanOrEqual(2)
  expect(stdout).not.toBe('')
}, 30_000)

test('a prompt needs a model, and it says so', async () => {
  const { code, stderr } = await tried('--', 'hello')
  // On a machine where a model runs, that one answers.
  if (stderr.includes('text.chat · hello')) expect(code).toBe(0)
  else {
    expect(code).toBe(69)
    expect(stderr).toMatch(/^error: a prompt needs a chat model[^]*npm run try -- --chat/m)
  }
}, 30_000)

test('what looks like an option is no prompt', async () => {
  const help = await tried('--help')
  expect(help).toEqual({ code: 0, stderr: '', stdout: expect.stringContaining('--chat') })
  const { code, stderr } = await tried('--chta')
  expect({ code, stderr }).toEqual({ code: 64, stderr: expect.stringContaining('--chta') })
})
