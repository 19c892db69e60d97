// Two processes of one user, one ledger: one pays, the other one waits for the same.
import { afterAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Payment } from '../../payments/payer.ts'
import { SETTLED } from '../../spending/journal.case.ts'
import { openStore } from '../../storage/sqlite.ts'
import { scene } from './purse.case.ts'

const root = mkdtempSync(join(tmpdir(), 'fedai-look-'))
afterAll(() => rmSync(root, { recursive: true }))
let folders = 0

/** A wallet that pays when the test says so. */
const two = async () => {
  const path = join(root, String(folders++), 'ledger.db')
  const stores = await Promise.all([openStore(path), openStore(path)])
  const paid = Promise.withResolvers<Payment>()
  const begun: string[] = []
  const processes = stores.map(({ money }, n) => {
    const it = scene(
      { pay: () => paid.promise, payStatus: async () => ({ state: 'inflight' }) },
      {},
      money,
    )
    return {
      ...it,
      pay: () => it.pay(1, { begun: () => void begun.push(`${n} ${it.paid.length}`) }),
    }
  })
  const end = () => Promise.all(stores.map((store) => store.close()))
  return { a: processes[0]!, b: processes[1]!, paid, begun, end }
}

test('it is said by the one that pays, before anything leaves; the other one sees in the ledger that it is paid', async () => {
  const { a, b, paid, begun, end } = await two()
  const first = a.pay()
  while (begun.length === 0) await Bun.sleep(1)
  expect(begun).toEqual(['0 0'])
  let ended = false
  const second = b.pay().finally(() => (ended = true))
  await b.purse.look()
  expect(ended).toBe(false)
  paid.resolve(SETTLED as Payment)
  expect(await first).toBe('settled')
  expect(ended).toBe(false)
  expect(await b.purse.look()).toBe(true)
  expect(await second).toBe('settled')
  // Nothing is new, and nothing of its own is.
  expect(await b.purse.look()).toBe(false)
  expect(await a.purse.look()).toBe(false)
  expect([begun, a.paid.length, b.paid.length]).toEqual([['0 0'], 1, 0])
  expect([a.purse.begunHere.size, b.purse.begunHere.size]).toEqual([1, 0])
  await Promise.all([a.purse.idle(), b.purse.idle()])
  expect([a.faults, b.faults]).toEqual([[], []])
  await end()
})
