// What of a locked result is in the file of the ledger, also when SQLite has deleted it.
import { expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fromHex, sha256, toHex } from '../../base/bytes.ts'
import { unixMs } from '../../base/clock.ts'
import { seededRandom } from '../../base/random.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { sealOutput } from '../../identity/frame-seal.ts'
import { holdKey } from '../../identity/hold-seal.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import { frameHeader, jobTagOf } from '../../protocol/frames.ts'
import {
  type EventId,
  type JobId,
  type PaymentHash,
  paymentHash,
  preimage,
} from '../../protocol/ids.ts'
import { encodeOutput } from '../../protocol/payload.ts'
import { entryOf, hex } from '../../storage/money.case.ts'
import { openStore } from '../../storage/sqlite.ts'
import { NODE } from '../../storage/store.conformance.ts'
import { packFrames, resultsIn } from './results.ts'

const random = seededRandom(5)
const signer = newSigner(await openSecp256k1(), random)

/** A ledger on a disk, and all bytes that its files hold. */
const onDisk = async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fedai-results-'))
  const store = await openStore(join(dir, 'ledger.db'))
  return {
    store,
    results: resultsIn({ store: store.money, clock: virtualClock(), signer, random }),
    bytes: () => Buffer.concat(readdirSync(dir).map((it) => readFileSync(join(dir, it)))),
    close: () => store.close(),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true }),
  }
}

test('a stolen ledger has the preimage and nothing that it opens: not while a result waits, nor after it was shown', async () => {
  using disk = await onDisk()
  const secret = preimage('ab'.repeat(32))
  const hash = paymentHash(toHex(sha256(fromHex(secret))))
  const job = hex<JobId>(77)
  const tag = jobTagOf(job, hex<EventId>(1))
  const header = frameHeader({ type: 'output', last: true, tag, seq: 0 })
  const said = encodeOutput({ p: [{ text: 'it is secret', spans: [] }], u: {}, end: 'stop' })
  const bytes = sealOutput(holdKey(secret, job, tag), header, 0, said)
  const frames = packFrames([{ header, bytes }])
  const row = { hash, job, node: NODE, task: 'text.summarize@1', frames, at: unixMs(1) }
  expect(await disk.results.keep(row)).toBeNull()
  const settled = { state: 'settled', final: true, preimage: secret } as const
  const paid = { ...entryOf(1), hash, ref: job, ...settled }
  await disk.store.money.write([{ do: 'put', table: 'payments', row: paid }])
  // Its header and its sealed bytes are all that whoever has the preimage needs.
  const holds = () => [header, bytes].map((it) => disk.bytes().includes(Buffer.from(it)))
  expect(disk.bytes().includes(secret)).toBe(true)
  expect(holds()).toEqual([false, false])
  expect(disk.results.all()).toMatchObject([{ output: { text: 'it is secret' } }])
  await disk.results.taken(job)
  expect(holds()).toEqual([false, false])
  await disk.close()
  expect(holds()).toEqual([false, false])
})

test('forgetting one result reads what is in no other', async () => {
  using disk = await onDisk()
  const { money } = disk.store
  for (let n = 1; n <= 8; n++) {
    const about = { hash: hex<PaymentHash>(n), job: hex<JobId>(n), node: NODE, task: 't' }
    const row = { ...about, frames: new Uint8Array(64), at: unixMs(n) }
    await money.write([{ do: 'put', table: 'locked', row }])
  }
  const read: PaymentHash[] = []
  const watched = {
    ...money,
    lockedFrames: (hash: PaymentHash) => (read.push(hash), money.lockedFrames(hash)),
  }
  const results = resultsIn({ store: watched, clock: virtualClock(), signer, random })
  await results.taken(hex<JobId>(3))
  expect(read).toEqual([])
  expect(money.locked()).toHaveLength(7)
  expect(money.locked().some((row) => 'frames' in row)).toBe(false)
  await disk.close()
})
