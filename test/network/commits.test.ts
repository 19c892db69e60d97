// What a payment costs the disks, by the real ledgers of both sides (bench/books.ts).
import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureBooks } from '../../bench/books.ts'
import { openSecp256k1 } from '../../src/engine/identity/secp256k1.ts'

const commits = async (payments: number, atOnce: number): Promise<number> => {
  const folder = mkdtempSync(join(tmpdir(), 'fedai-commits-'))
  try {
    const secp = await openSecp256k1()
    const { payer, payee } = await measureBooks({ secp, folder }, { payments, atOnce })
    // Fewer are not possible: it is in each book before it is paid, and when it has settled.
    if (atOnce === 1) expect([payer, payee]).toEqual([2 * payments, 2 * payments])
    return (payer + payee) / payments
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('the journal of a payer and the book of a payee commit four times for a payment, and less often under load', async () => {
  expect(await commits(8, 1)).toBe(4)
  expect(await commits(64, 16)).toBeLessThan(3.5)
}, 20_000)
