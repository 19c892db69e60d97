import { expect, test } from 'bun:test'
import { fromHex, sha256, toHex } from '../../base/bytes.ts'
import { unixMs } from '../../base/clock.ts'
import { seededRandom } from '../../base/random.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { sealOutput } from '../../identity/frame-seal.ts'
import { holdKey } from '../../identity/hold-seal.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import { frameHeader, jobTagOf } from '../../protocol/frames.ts'
import { type EventId, type JobId, type PubKey, paymentHash, preimage } from '../../protocol/ids.ts'
import { encodeOutput } from '../../protocol/payload.ts'
import type { Entry } from '../../spending/journal-rows.ts'
import { type LockedResult, MOST_LOCKED } from '../../spending/locked.ts'
import { memoryStore } from '../../storage/memory.ts'
import { entryOf, hex } from '../../storage/money.case.ts'
import { NODE } from '../../storage/store.conformance.ts'
import { packFrames, resultsIn } from './results.ts'

const random = seededRandom(5)
const secp = await openSecp256k1()
const [own, other] = [newSigner(secp, random), newSigner(secp, random)]
const secretOf = (n: number) => preimage(n.toString(16).padStart(64, 'a'))
const hashOf = (n: number) => paymentHash(toHex(sha256(fromHex(secretOf(n)))))
const SUMMARY = [
  { delta: { text: 'a he', spans: [] }, byte: 2 },
  { delta: { text: 'ron', spans: [{ start: 0, end: 5 }] }, byte: 5 },
]

/** As it comes from a node: each frame sealed under what this payment reveals. */
const lockedOf = (n: number, at: number, deltas: readonly unknown[]): LockedResult => {
  const job = hex<JobId>(n)
  const tag = jobTagOf(job, hex<EventId>(1))
  const key = holdKey(secretOf(n), job, tag)
  const frames = deltas.map((delta, seq) => {
    const last = seq === deltas.length - 1
    const header = frameHeader({ type: 'output', last, tag, seq })
    const end = last ? ({ end: 'stop' } as const) : {}
    return {
      header,
      bytes: sealOutput(key, header, seq, encodeOutput({ p: [delta], u: {}, ...end })),
    }
  })
  const row = { hash: hashOf(n), job, node: NODE, task: 'text.summarize@1', at: unixMs(at) }
  return { ...row, frames: packFrames(frames) }
}
const GOOD = SUMMARY.map(({ delta }) => delta)

const scene = () => {
  const clock = virtualClock()
  const { money } = memoryStore()
  const pay = (n: number, over: Partial<Entry>) =>
    money.write([
      { do: 'put', table: 'payments', row: { ...entryOf(n), hash: hashOf(n), ...over } },
    ])
  const settled = { state: 'settled', final: true } as const
  const by = (signer: typeof own) => resultsIn({ store: money, clock, signer, random })
  return { clock, money, pay, settled, by, results: by(own) }
}

test('a result opens by the preimage of its payment, once that has settled', async () => {
  const { clock, results, pay, settled } = scene()
  await pay(1, { state: 'inflight' })
  expect(await results.keep(lockedOf(1, clock.now(), GOOD))).toBeNull()
  expect(results.all()).toEqual([])
  await pay(1, { ...settled, preimage: secretOf(1) })
  const output = expect.objectContaining({ text: 'a heron' })
  expect(results.all()).toMatchObject([{ job: hex(1), node: NODE, shut: null, output }])
  await results.taken(hex<JobId>(2))
  expect(results.all()).toHaveLength(1)
  await results.taken(hex<JobId>(1))
  expect(results.all()).toEqual([])
})

test.each([
  ['none', null],
  ['another', secretOf(2)],
])('a wallet that shows %s as its preimage opens nothing', async (_, shown) => {
  const { clock, results, pay, settled } = scene()
  await pay(1, { ...settled, preimage: shown })
  await results.keep(lockedOf(1, clock.now(), GOOD))
  expect(results.all()).toMatchObject([{ shut: 'wallet', output: null }])
})

test('what opens and is none of its task, or does not open, is null', async () => {
  const { clock, results, pay, settled } = scene()
  const good = lockedOf(1, clock.now(), GOOD)
  await pay(1, { ...settled, preimage: secretOf(1) })
  for (const frames of [
    lockedOf(1, 0, [{ text: 'a', spans: 'nowhere' }]).frames,
    lockedOf(2, 0, GOOD).frames,
    good.frames.with(30, good.frames[30]! ^ 1),
    good.frames.subarray(0, 40),
    Uint8Array.of(0, 0, 0, 9, 1),
  ]) {
    expect(await results.keep({ ...good, frames })).toBeNull()
    expect(results.all()).toMatchObject([{ shut: null, output: null }])
  }
})

test('another identity of ours opens none, and says so; nor does anybody open one that was changed or moved', async () => {
  const { clock, money, results, by, pay, settled } = scene()
  await pay(1, { ...settled, preimage: secretOf(1) })
  await results.keep(lockedOf(1, clock.now(), GOOD))
  expect(by(other).all()).toMatchObject([{ shut: 'identity', output: null }])
  expect(results.all()).toMatchObject([{ shut: null, output: { text: 'a heron' } }])
  const [row] = money.locked()
  const frames = money.lockedFrames(row!.hash)!
  for (const it of [
    { ...row!, frames: frames.with(20, frames[20]! ^ 1) },
    { ...row!, node: hex<PubKey>(9), frames },
    { ...row!, frames: new Uint8Array(3) },
  ]) {
    await money.write([{ do: 'put', table: 'locked', row: it }])
    expect(results.all()).toMatchObject([{ shut: 'identity', output: null }])
  }
})

test('no more are kept than may be: what failed, or is 30 days old, makes room, the oldest first; what may be paid does not', async () => {
  const { clock, money, results, pay } = scene()
  for (let n = 1; n <= MOST_LOCKED; n++) {
    await pay(n, { state: 'inflight' })
    expect(results.room(0)).toBe(true)
    expect(await results.keep(lockedOf(n, clock.now() - 99 + n, GOOD))).toBeNull()
  }
  const one = (n: number) => results.keep(lockedOf(n, clock.now(), GOOD))
  expect(results.room(0)).toBe(false)
  expect(await one(99)).toMatchObject({ kind: 'again', code: 'hold.full' })
  // It may settle after all: it goes where there is no room, and the oldest goes first.
  await pay(2, { state: 'failed', final: false })
  await pay(1, { state: 'failed', final: false })
  expect([results.room(0), results.room(1), results.room(2)]).toEqual([true, true, false])
  expect(money.locked()).toHaveLength(MOST_LOCKED)
  const kept = () => money.locked().map(({ hash }) => hash)
  expect(await one(98)).toBeNull()
  expect(kept()).not.toContain(hashOf(1))
  expect(kept()).toContain(hashOf(2))
  await pay(3, { state: 'failed', final: true })
  expect(await one(97)).toBeNull()
  expect(kept()).not.toContain(hashOf(3))
  expect(kept()).toContain(hashOf(2))
  await clock.advance(31 * 86_400_000)
  expect(await one(99)).toBeNull()
  expect(money.locked()).toHaveLength(1)
})

test('a paid one behind 10,000 newer payments is handed out', async () => {
  const { clock, money, results, pay, settled } = scene()
  await pay(1, { ...settled, preimage: secretOf(1), at: unixMs(1) })
  await results.keep(lockedOf(1, clock.now(), GOOD))
  const row = (n: number): Entry => ({ ...entryOf(n), at: unixMs(1_000 + n), ...settled })
  for (let n = 2; n < 10_003; n++)
    await money.write([{ do: 'put', table: 'payments', row: row(n) }])
  expect(results.all()).toMatchObject([{ output: { text: 'a heron' } }])
})
