import { concat } from '../../base/bytes.ts'
import type { Clock } from '../../base/clock.ts'
import { Fault, asFault } from '../../base/fault.ts'
import { openOutput } from '../../identity/frame-seal.ts'
import { holdKey } from '../../identity/hold-seal.ts'
import { decodeFrame, frameHeader } from '../../protocol/frames.ts'
import type { JobId, PaymentHash, Preimage, PubKey } from '../../protocol/ids.ts'
import { decodeOutput } from '../../protocol/payload.ts'
import { isPreimage } from '../../protocol/preimage.ts'
import type { Entry } from '../../spending/journal-rows.ts'
import { type LockedResult, MOST_LOCKED, isStale } from '../../spending/locked.ts'
import type { MoneyReads, MoneyStore } from '../../storage/money-store.ts'
import { TASKS, isTaskName } from '../../tasks/catalogue.ts'

/** Results that came locked: kept until they are handed out, or will never open. */

/** One that is paid. */
export type Result = Readonly<{
  hash: PaymentHash
  job: JobId
  node: PubKey
  task: string
  /** The task's output; null where what came is none, or our wallet does not show what opens it. */
  output: unknown
  opened: boolean
}>

export type Results = Readonly<{
  /** Resolves when it is on the disk: null; or why it is not: `again` `hold.full`, those of MoneyStore.write. */
  keep(row: LockedResult): Promise<Fault | null>
  /** Those whose payment settled, as far as this ledger knows. */
  all(): readonly Result[]
  /** Whoever asked has the result of this job: it is forgotten. */
  taken(job: JobId): Promise<void>
}>

export const resultsIn = (store: MoneyStore, clock: Clock): Results => {
  const drop = (rows: readonly LockedResult[]): Promise<void> =>
    store.write(rows.map((row) => ({ do: 'drop', table: 'locked', row })))
  const keep = async (row: LockedResult): Promise<void> => {
    const payments = paymentsOf(store)
    const now = clock.now()
    const rows = store.locked()
    const stale = rows.filter((it) => isStale(it, payments.get(it.hash), now))
    if (stale.length > 0) await drop(stale)
    if (rows.length - stale.length >= MOST_LOCKED) throw full()
    await store.write([{ do: 'put', table: 'locked', row }])
  }
  return {
    keep: (row) => keep(row).then(() => null, asFault),
    all: () => paidResults(store),
    async taken(job) {
      const rows = store.locked().filter((it) => it.job === job)
      if (rows.length > 0) await drop(rows)
    },
  }
}

/** Those whose payment settled, as far as the ledger knows. */
export const paidResults = (store: Reads): readonly Result[] => {
  const payments = paymentsOf(store)
  return store.locked().flatMap((row) => {
    const payment = payments.get(row.hash)
    return payment?.state === 'settled' ? [resultOf(row, payment.preimage)] : []
  })
}

type Reads = Pick<MoneyReads, 'locked' | 'payments'>

/** The frames of a result as one row has them. */
export const packFrames = (
  frames: readonly Readonly<{ header: Uint8Array; bytes: Uint8Array }>[],
): Uint8Array =>
  concat(
    ...frames.flatMap(({ header, bytes }) => {
      const length = new Uint8Array(LENGTH_BYTES)
      new DataView(length.buffer).setUint32(0, header.length + bytes.length)
      return [length, header, bytes]
    }),
  )

const resultOf = (row: LockedResult, preimage: Preimage | null): Result => {
  const { frames: _, at: __, ...result } = row
  if (preimage === null || !isPreimage(preimage, row.hash))
    return { ...result, output: null, opened: false }
  return { ...result, output: outputOf(row, preimage), opened: true }
}

const outputOf = ({ job, task, frames }: LockedResult, preimage: Preimage): unknown => {
  const deltas: unknown[] = []
  for (let at = 0; at < frames.length;) {
    const end = at + LENGTH_BYTES + new DataView(frames.buffer, frames.byteOffset + at).getUint32(0)
    const frame = decodeFrame(frames.subarray(at + LENGTH_BYTES, end))
    at = end
    if (!frame) return null
    const key = holdKey(preimage, job, frame.tag)
    const plaintext = openOutput(key, frameHeader(frame), frame.seq, frame.bytes)
    key.fill(0)
    const payload = plaintext && decodeOutput(plaintext)
    if (!payload) return null
    deltas.push(...payload.p)
  }
  if (!isTaskName(task)) return null
  const of = TASKS[task]
  const parsed = deltas.map((it) => of.delta.safeParse(it))
  try {
    return of.join(parsed.map(({ data, error }) => (error ? raise(error) : data)))
  } catch {
    return null
  }
}

const raise = (error: unknown): never => {
  throw error
}

const paymentsOf = (store: Reads): Map<PaymentHash, Entry> =>
  new Map(store.payments(NEWEST).map((it) => [it.hash, it]))

const full = (): Fault =>
  new Fault('again', 'hold.full', `${MOST_LOCKED} results wait here to be opened`, {
    hint: 'fedai pay resolve hands out those that are paid',
  })

const LENGTH_BYTES = 4
/** Payments that are looked through. */
const NEWEST = 10_000
