// The path of a job: time to first piece through router and node beside the same call straight to the
// runner, interleaved, and what a job costs the router in CPU time. Runner, router and node are
// processes of their own; the client is this one. Prints figures and ratios of one run.
//   bun bench/path.ts [JOBS] [libsecp256k1|wasm|noble]
import { join } from 'node:path'
import { openSecp256k1 } from '../src/engine/identity/secp256k1.ts'
import { openClient } from '../src/engine/roles/client/client.ts'
import type { Client } from '../src/engine/roles/client/news.ts'
import { type Backend, WISH, at, newFolder, spawnParty, stopParties } from './parties.ts'

const jobs = Number(process.argv[2] ?? 300)
const backend = (process.argv[3] ?? 'libsecp256k1') as Backend
const folder = newFolder()
const [WARM, AT_ONCE] = [2_000, 8]
/** ms, added to the first piece. */
const TARGETS = { p50: backend === 'libsecp256k1' ? 2.5 : 7, p99: 10 }

/** ms until the first piece through fedai; then the job is let end. */
const through = async (client: Client): Promise<number> => {
  const before = performance.now()
  let first = NaN
  for await (const news of client.request(WISH)) {
    if (news.type === 'piece' && Number.isNaN(first)) first = performance.now() - before
    if (news.type === 'ended' && news.outcome.fault) throw news.outcome.fault
  }
  return first
}

/** ms until the first content of the same chat, asked of the runner itself. */
const direct = async (url: string): Promise<number> => {
  const before = performance.now()
  const body = JSON.stringify({ model: 'bench-model', stream: true, ...(WISH.input as object) })
  const response = await fetch(`${url}/v1/chat/completions`, { method: 'POST', body })
  let first = NaN
  let text = ''
  for await (const bytes of response.body!) {
    text += new TextDecoder().decode(bytes)
    if (Number.isNaN(first) && text.includes('"content"')) first = performance.now() - before
  }
  return first
}

const ms = (n: number): string => `${n.toFixed(2)} ms`

try {
  const runner = await spawnParty('runner', {})
  const router = await spawnParty('router', {
    ledger: join(folder, 'router', 'ledger.db'),
    secp: backend,
  })
  const options = {
    ledger: join(folder, 'node', 'ledger.db'),
    secp: backend,
    runner: runner.ready.url,
    router: router.ready,
  }
  const node = await spawnParty('node', options)
  const secp = await openSecp256k1(backend)
  const client = await openClient({ router: router.ready, net: 'sim', secp })
  // The node may not have told the router of its tickets yet.
  while (
    await through(client).then(
      () => false,
      () => true,
    )
  )
    await Bun.sleep(20)
  // Warm is what a daemon is after minutes: everything compiled that is worth it.
  for (let i = 0; i < WARM / AT_ONCE; i++)
    await Promise.all(Array.from({ length: AT_ONCE }, () => through(client)))
  for (let i = 0; i < 100; i++) {
    await through(client)
    await direct(runner.ready.url)
  }
  const before = [(await router.used()).cpu, (await node.used()).cpu]
  const times = { through: [] as number[], direct: [] as number[] }
  for (let i = 0; i < jobs; i++) {
    times.through.push(await through(client))
    times.direct.push(await direct(runner.ready.url))
  }
  const used = [(await router.used()).cpu - before[0]!, (await node.used()).cpu - before[1]!]
  const added = times.through.map((time, i) => time - times.direct[i]!)
  console.log(
    `${jobs} jobs, one at a time, warm; signatures by ${router.ready.backend} (client: ${secp.backend})`,
  )
  for (const [name, numbers] of Object.entries({ ...times, added }))
    console.log(
      `first piece ${name.padEnd(8)} p50 ${ms(at(numbers, 0.5))}  p90 ${ms(at(numbers, 0.9))}  p99 ${ms(at(numbers, 0.99))}`,
    )
  console.log(
    `ratio of medians, through to direct: ${(at(times.through, 0.5) / at(times.direct, 0.5)).toFixed(2)}`,
  )
  console.log(
    `CPU per job: router ${Math.round(used[0]! / jobs)} µs, node ${Math.round(used[1]! / jobs)} µs`,
  )
  await client.close()
  const over99 = backend === 'libsecp256k1' && at(added, 0.99) > TARGETS.p99
  process.exitCode = at(added, 0.5) > TARGETS.p50 || over99 ? 1 : 0
} finally {
  stopParties()
}
