// A router under 1,000 accepted jobs of 21 clients: what a job costs it in CPU time, all of it (six or
// seven verifications, one signature, storage, forwarding), beside its signatures alone, which are
// timed inside the running router. Router, nodes and clients are processes of their own.
//   bun bench/router.ts [JOBS] [libsecp256k1|wasm|noble]
import { cpus, setPriority } from 'node:os'
import { join } from 'node:path'
import { openStore } from '../src/engine/storage/sqlite.ts'
import { type Backend, newFolder, spawnParty, stopParties } from './parties.ts'

const TARGETS = { ratio: 0.45, perSecond: 1_500 }
// 63 of each client; so many more than 1,000 because some are being asked for, or have their receipt.
const [CLIENTS, OPEN, NODES, SLOTS, WARM] = [
  21,
  1_323,
  2,
  800,
  Number(process.env['WARM'] ?? 16_000),
]

const jobs = Number(process.argv[2] ?? 12_000)
const secp = (process.argv[3] ?? 'libsecp256k1') as Backend
const folder = newFolder()
const ledger = join(folder, 'router', 'ledger.db')
// One machine plays everybody here, so that answers come late for no fault of the router's.
const bounds = { acceptWithinMs: 60_000, holdMs: 20_000, ticketLifeMs: 240_000 }

try {
  const router = await spawnParty('router', { ledger, secp, bounds })
  // Its turn comes last: so it finds as much to do at once as a router that has all it can do, which the others,
  // who have three quarters of the work, cannot give it on few cores. At their own rate it wakes up for each event.
  setPriority(router.pid, 19)
  // And it keeps to one core: one that moves finds its caches cold each time, and a core is what it is measured by.
  const core = cpus().length - 1
  if (core > 0 && Bun.which('taskset'))
    Bun.spawnSync(['taskset', '-acp', `${core}`, `${router.pid}`])
  const common = { router: router.ready, bounds }
  for (let i = 0; i < NODES; i++) {
    const of = { ...common, ledger: join(folder, `node${i}`, 'ledger.db') }
    await spawnParty('node', { ...of, slots: SLOTS, queue: 0, pieceMs: 250 })
  }
  const clients = await spawnParty('clients', { ...common, clients: CLIENTS })
  await Bun.sleep(3_000)
  const warm = await clients.load({ jobs: WARM, open: OPEN })
  const before = await router.used()
  const load = await clients.load({ jobs, open: OPEN })
  const after = await router.used()
  // What its last clients have, it may still be writing.
  await Bun.sleep(1_000)

  const begun = jobs + WARM
  const store = await openStore(ledger)
  const receipts = store.newest(4 * begun).filter((it) => it.kind === 'receipt')
  await store.close()
  const twice = receipts.length - new Set(receipts.map((it) => it.job)).size
  const cpu = (after.cpu - before.cpu) / load.ended
  const signatures = after.signatures / load.ended
  const ratio = signatures / cpu
  const perSecond = 1e6 / cpu
  const n = (it: number): string => Math.round(it).toLocaleString('en-US')
  const lines = [
    `${n(load.ended)} jobs of ${CLIENTS} clients, ${load.open} accepted at once (median), in ${load.seconds.toFixed(1)} s`,
    `router       ${n(cpu)} µs CPU a job: ${n(perSecond)} jobs/s per core (≥ ${n(TARGETS.perSecond)})`,
    `signatures   ${n(signatures)} µs a job: ${(after.verified / load.ended).toFixed(1)} verified, ${(after.signed / load.ended).toFixed(1)} made`,
    `ratio        ${ratio.toFixed(2)} × what its signatures alone would allow (≥ ${TARGETS.ratio})`,
    `lost         ${warm.failed + load.failed}   recorded ${n(receipts.length)} of ${n(begun)}, twice ${twice}`,
    `memory       ${(after.rss / 1e6).toFixed(0)} MB RSS`,
    ...load.faults,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  const sound = receipts.length === begun && twice === 0 && load.failed + warm.failed === 0
  const met = sound && ratio >= TARGETS.ratio && perSecond >= TARGETS.perSecond
  process.exitCode = met ? 0 : 1
} finally {
  stopParties()
}
