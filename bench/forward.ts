// What a router passes on: small pieces and large ones, each in a frame of its own, from a runner that
// makes them as fast as they are taken. Frames and bytes for each second of the router's CPU time, and
// pieces a second over the whole path, sealed, on the cores of this machine.
//   bun bench/forward.ts [STREAMS]
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { openClient } from '../src/engine/roles/client/client.ts'
import { WISH, newFolder, spawnParty, stopParties } from './parties.ts'

const TARGETS = { pieces: 100_000, mbs: 400, path: 50_000 }
const streams = Number(process.argv[2] ?? 8)

type Seen = Readonly<{
  frames: number
  pieces: number
  bytes: number
  seconds: number
  cpu: number
}>

/** All streams once: what came, how long it took, and the router's CPU time, in seconds. */
const run = async (pieces: number, bytes: number, coalesceBytes: number): Promise<Seen> => {
  const folder = newFolder()
  const bounds = { coalesceBytes }
  const router = await spawnParty('router', { ledger: join(folder, 'router', 'ledger.db') })
  const given = { router: router.ready, slots: streams, queue: 0, bounds, flood: { pieces, bytes } }
  await spawnParty('node', { ...given, ledger: join(folder, 'node', 'ledger.db') })
  const client = await openClient({ router: router.ready, net: 'sim' })
  await Bun.sleep(1_000)
  const seen = { frames: 0, bytes: 0, pieces: 0 }
  const one = async (): Promise<void> => {
    const wish = { ...WISH, outTokens: 1_000_000, deadlineMs: 300_000 }
    for await (const news of client.request(wish)) {
      if (news.type === 'piece') {
        seen.frames++
        seen.bytes += news.text.length
      }
      if (news.type !== 'ended') continue
      if (news.outcome.fault) throw news.outcome.fault
      seen.pieces += news.outcome.usage.out_token ?? 0
    }
  }
  await one()
  const before = await router.used()
  Object.assign(seen, { frames: 0, bytes: 0, pieces: 0 })
  const since = performance.now()
  await Promise.all(Array.from({ length: streams }, one))
  const seconds = (performance.now() - since) / 1000
  const { cpu } = await router.used()
  await client.close()
  stopParties()
  return { ...seen, seconds, cpu: (cpu - before.cpu) / 1e6 }
}

try {
  const small = await run(20_000, 30, 1)
  const large = await run(1_500, 16_000, 1)
  const merged = await run(40_000, 30, 16_384)
  const n = (it: number): string => Math.round(it).toLocaleString('en-US')
  const frames = small.frames / small.cpu
  const mbs = large.bytes / large.cpu / 1e6
  const path = Math.max(small.pieces / small.seconds, merged.pieces / merged.seconds)
  process.stdout.write(
    `router, per core, 30 bytes a piece     ${n(frames)} frames/s (≥ ${n(TARGETS.pieces)}), ${(small.pieces / small.frames).toFixed(2)} pieces a frame\n` +
      `router, per core, 16 kB a piece        ${n(mbs)} MB/s (≥ ${TARGETS.mbs})\n` +
      `whole path, ${availableParallelism()} cores, each in a frame  ${n(small.pieces / small.seconds)} pieces/s\n` +
      `whole path, ${availableParallelism()} cores, coalesced        ${n(merged.pieces / merged.seconds)} pieces/s (≥ ${n(TARGETS.path)})\n`,
  )
  process.exitCode = frames >= TARGETS.pieces && mbs >= TARGETS.mbs && path >= TARGETS.path ? 0 : 1
} finally {
  stopParties()
}
