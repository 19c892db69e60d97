import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { takeTurn } from './turn.ts'

test('one after the other: who waits says so once, and goes on, is left, or gives up in time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fedai-turn-'))
  const path = join(folder, 'top-up.lock')
  let said = 0
  const waits = () => void said++
  const stop = new AbortController()
  const waiter = { path, waits, signal: stop.signal }
  const first = await takeTurn(waiter)
  expect(said).toBe(0)
  const next = takeTurn(waiter)
  await Bun.sleep(1)
  expect(said).toBe(1)
  first.release()
  const second = await next
  expect(said).toBe(1)
  const late = takeTurn({ ...waiter, withinMs: 0 }).catch((fault: unknown) => fault)
  expect(await late).toMatchObject({ kind: 'again', code: 'top_up.busy' })
  stop.abort()
  const left = await takeTurn(waiter).catch((fault: unknown) => fault)
  expect(left).toMatchObject({ kind: 'interrupted' })
  second.release()
  rmSync(folder, { recursive: true })
})
