import { concat } from '../../base/bytes.ts'
import type { Clock, UnixMs } from '../../base/clock.ts'
import { Fault, asFault } from '../../base/fault.ts'
import type { Random } from '../../base/random.ts'
import { openOutput } from '../../identity/frame-seal.ts'
import { holdKey } from '../../identity/hold-seal.ts'
import { openKept, sealKept } from '../../identity/kept-seal.ts'
import type { Signer } from '../../identity/seams.ts'
import { decodeFrame, frameHeader } from '../../protocol/frames.ts'
import type { JobId, PaymentHash, Preimage, PubKey } from '../../protocol/ids.ts'
import { decodeOutput } from '../../protocol/payload.ts'
import { isPreimage } from '../../protocol/preimage.ts'
import { type LockedAbout, type LockedResult, MOST_LOCKED, isStale } from '../../spending/locked.ts'
import type { MoneyReads, MoneyStore } from '../../storage/money-store.ts'
import { TASKS, isTaskName } from '../../tasks/catalogue.ts'

/** Results that came locked: kept until they are handed out, or will never open. */

/** One that is paid. */
export type Result = Readonly<{
  hash: PaymentHash
  job: JobId
  node: PubKey
  task: string
  /** The task's output; null where what came is none, or it is shut. */
  output: unknown
  /** What keeps it shut: our wallet does not show what opens it, or another identity of ours kept it. */
  shut: 'wallet' | 'identity' | null
}>

export type Results = Readonly<{
  /** Whether one more than so many can be kept. */
  room(more: number): boolean
  /** Resolves when it is on the disk: null; or why it is not: `again` `hold.full`, those of MoneyStore.write. */
  keep(row: LockedResult): Promise<Fault | null>
  /** Those whose payment settled, as far as this ledger knows. */
  all(): readonly Result[]
  /** Whoever asked has the result of this job: it is forgotten. */
  taken(job: JobId): Promise<void>
}>

type Options = Readonly<{
  store: MoneyStore
  clock: Clock
  /** Whose results they are: nobody else opens them. */
  signer: Pick<Signer, 'derive'>
  random: Random
}>

export const resultsIn = ({ store, clock, signer, random }: Options): Results => {
  const drop = (rows: readonly LockedAbout[]): Promise<void> =>
    store.write(
      rows.map((row) => ({ do: 'drop', table: 'locked', row: { ...row, frames: NOTHING } })),
    )
  const keep = async (row: LockedResult): Promise<void> => {
    const { firm, failed, stale } = sorted(store, clock.now())
    if (firm.length >= MOST_LOCKED) throw noRoom()
    // Where there is no room, what may be paid now is worth more than what failed.
    const gone = [
      ...stale,
      ...failed.slice(0, Math.max(0, firm.length + failed.length + 1 - MOST_LOCKED)),
    ]
    if (gone.length > 0) await drop(gone)
    const frames = sealKept(signer, aboutOf(row), row.frames, random)
    await store.write([{ do: 'put', table: 'locked', row: { ...row, frames } }])
  }
  return {
    room: (more) => sorted(store, clock.now()).firm.length + more < MOST_LOCKED,
    keep: (row) => keep(row).then(() => null, asFault),
    all: () => paidResults(store, signer),
    async taken(job) {
      const rows = store.locked().filter((it) => it.job === job)
      if (rows.length > 0) await drop(rows)
    },
  }
}

/** Rows by what becomes of them, each the oldest first: `failed` may settle after all, `stale` will not. */
const sorted = (store: Reads, now: UnixMs): Record<'firm' | 'failed' | 'stale', LockedAbout[]> => {
  const rows = { firm: [], failed: [], stale: [] } as ReturnType<typeof sorted>
  for (const row of store.locked()) {
    const payment = store.payment(row.hash)
    const isFailed = payment?.state === 'failed'
    rows[isStale(row, payment, now) ? 'stale' : isFailed ? 'failed' : 'firm'].push(row)
  }
  return rows
}

/** Those whose payment settled, as far as the ledger knows; none is opened. */
export const paidRows = (store: Reads): LockedAbout[] =>
  store.locked().filter((row) => store.payment(row.hash)?.state === 'settled')

/** The same, opened. */
export const paidResults = (
  store: Reads & Pick<MoneyReads, 'lockedFrames'>,
  signer: Pick<Signer, 'derive'>,
): readonly Result[] =>
  paidRows(store).flatMap((row) => {
    const sealed = store.lockedFrames(row.hash)
    if (!sealed) return []
    const { at: _, ...result } = row
    const preimage = store.payment(row.hash)?.preimage ?? null
    if (preimage === null || !isPreimage(preimage, row.hash))
      return { ...result, output: null, shut: 'wallet' }
    const frames = openKept(signer, aboutOf(row), sealed)
    if (!frames) return { ...result, output: null, shut: 'identity' }
    return { ...result, output: outputOf({ ...row, frames }, preimage), shut: null }
  })

type Reads = Pick<MoneyReads, 'locked' | 'payment'>

const aboutOf = ({ hash, job, node, task }: LockedAbout): string =>
  ['locked', hash, job, node, task].join(' ')

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

/** So many wait that no other one may come. */
export const noRoom = (): Fault =>
  new Fault('again', 'hold.full', `${MOST_LOCKED} results wait here to be paid or handed out`, {
    hint: 'fedai pay resolve hands out those that are paid; or pay another way: --timing before',
  })

const NOTHING = new Uint8Array()
const LENGTH_BYTES = 4
