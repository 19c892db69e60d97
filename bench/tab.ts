// What paying costs in time: the first piece of a job that draws on a funded tab beside the same job free of charge,
// in turns of one run, and of the job that follows a top-up. Two markets, each with a router and a node that are
// processes of their own, before one runner; the client is this one. All ledgers are on the disk.
//   bun bench/tab.ts [JOBS]
import { join } from 'node:path'
import { systemClock } from '../src/engine/base/clock.ts'
import { msat } from '../src/engine/base/money.ts'
import { systemRandom } from '../src/engine/base/random.ts'
import { openSecp256k1 } from '../src/engine/identity/secp256k1.ts'
import { newSigner } from '../src/engine/identity/signer.ts'
import { faucet } from '../src/engine/payments/sim/faucet.ts'
import { openSimPayer } from '../src/engine/payments/sim/payer.ts'
import { openClient } from '../src/engine/roles/client/client.ts'
import type { Client } from '../src/engine/roles/client/news.ts'
import { openPurse } from '../src/engine/roles/client/purse.ts'
import { openStore } from '../src/engine/storage/sqlite.ts'
import { type Party, WISH, at, newFolder, spawnParty, stopParties } from './parties.ts'

const jobs = Number(process.argv[2] ?? 600)
const WARM = 1_000
/** A job costs 5 sat, so that every 20th is followed by a top-up of 100. */
const RATES = { out_token: '1250000000' }
const COST = 5_000n
const wish = { ...WISH, outTokens: 4 }
/** After a job that left less than another one costs the next comes so much later: nobody is quicker than that. */
const PAUSE_MS = 200
/** More than a job free of charge takes, the larger of both. */
const TARGET = { share: 0.05, ms: 3 }

const folder = newFolder()
const ledger = join(folder, 'play-money.db')
const secp = await openSecp256k1()
const seams = { clock: systemClock, random: systemRandom, secp, net: 'sim' } as const

type Market = Readonly<{ router: Party; node: Party }>

const openMarket = async (name: string, runner: string, more: object): Promise<Market> => {
  const router = await spawnParty('router', { ledger: join(folder, name, 'router', 'ledger.db') })
  const path = join(folder, name, 'node', 'ledger.db')
  const node = await spawnParty('node', { runner, router: router.ready, ledger: path, ...more })
  return { router, node }
}

/** What paid client jobs are paid from. */
const openMoney = async () => {
  const account = { path: ledger, account: 'client' }
  await faucet(account, msat(100_000_000_000n), seams)
  const store = await openStore(join(folder, 'client', 'ledger.db'))
  const payer = await openSimPayer(account, seams)
  const signer = newSigner(secp, systemRandom)
  const broken = (fault: Error) => {
    throw fault
  }
  const purse = openPurse({ ...seams, store: store.money, payer, wallet: 'sim', signer, broken })
  return { purse, caps: { budget: null, exposure: msat(200_000n) } }
}

/** ms until the first piece, whether something had to be paid before, and what is left on the tab, msat. */
type Done = { first: number; waited: boolean; left: bigint }

const one = async (client: Client): Promise<Done> => {
  const before = performance.now()
  const done: Done = { first: NaN, waited: false, left: 0n }
  for await (const news of client.request(wish)) {
    if (news.type === 'funding') done.waited = true
    if (news.type === 'piece' && Number.isNaN(done.first)) done.first = performance.now() - before
    if (news.type !== 'ended') continue
    if (news.outcome.fault) throw news.outcome.fault
    done.left = news.outcome.left ?? 0n
  }
  return done
}

const until = async (client: Client): Promise<void> => {
  for (;;) {
    const there = await one(client).then(
      () => true,
      () => false,
    )
    if (there) return
    await Bun.sleep(20)
  }
}

const cpuOf = async ({ router, node }: Market): Promise<[number, number]> => [
  (await router.used()).cpu,
  (await node.used()).cpu,
]

const ms = (n: number): string => `${n.toFixed(2)} ms`.padStart(9)
const line = (name: string, times: readonly number[]): string =>
  `first piece ${name.padEnd(22)} p50 ${ms(at(times, 0.5))}  p90 ${ms(at(times, 0.9))}  p99 ${ms(at(times, 0.99))}  of ${times.length}\n`

try {
  const { url } = (await spawnParty('runner', {})).ready
  const paying = await openMarket('paid', url, {
    rates: RATES,
    wallet: { path: ledger, account: 'node' },
  })
  const free = await openMarket('free', url, { rates: {} })
  const money = await openMoney()
  const payer = await openClient({ router: paying.router.ready, net: 'sim', secp, money })
  const guest = await openClient({ router: free.router.ready, net: 'sim', secp })
  await until(payer)
  await until(guest)
  for (let i = 0; i < WARM; i++) {
    await one(payer)
    await one(guest)
  }
  const times = { free: [] as number[], tab: [] as number[], afterTopUp: [] as number[] }
  const before = [await cpuOf(paying), await cpuOf(free)]
  const own = { paid: 0, free: 0 }
  const measured = async (which: 'paid' | 'free', client: Client) => {
    const cpu = process.cpuUsage()
    const done = await one(client)
    const { user, system } = process.cpuUsage(cpu)
    own[which] += user + system
    return done
  }
  let [low, waits] = [false, 0]
  for (let i = 0; i < jobs; i++) {
    const { first, waited, left } = await measured('paid', payer)
    ;(low ? times.afterTopUp : times.tab).push(first)
    if (waited) waits++
    low = left < COST
    if (low) await Bun.sleep(PAUSE_MS)
    times.free.push((await measured('free', guest)).first)
  }
  const after = [await cpuOf(paying), await cpuOf(free)]
  const cpu = (market: number, party: number): string =>
    String(Math.round((after[market]![party]! - before[market]![party]!) / jobs)).padStart(5)
  const [without, drawn, topped] = [times.free, times.tab, times.afterTopUp].map((it) =>
    at(it, 0.5),
  )
  const [added, more] = [drawn! - without!, topped! - drawn!]
  const allowed = Math.max(TARGET.share * without!, TARGET.ms)
  process.stdout.write(
    [
      `${jobs} jobs each, in turns, warm; signatures by ${secp.backend}\n`,
      line('free of charge', times.free),
      line('on a funded tab', times.tab),
      line('right after a top-up', times.afterTopUp),
      `a tab adds ${ms(added)} to the median (≤ ${ms(allowed)}); a top-up ${ms(more)} more; ${waits} jobs waited for a payment (0)\n`,
      `CPU of a job, µs: router ${cpu(1, 0)} free ${cpu(0, 0)} paid   node ${cpu(1, 1)} free ${cpu(0, 1)} paid   client ${Math.round(own.free / jobs)} free ${Math.round(own.paid / jobs)} paid\n`,
    ].join(''),
  )
  process.exitCode = added > allowed || waits > 0 || more > TARGET.ms ? 1 : 0
} finally {
  stopParties()
}
// Clients of fedai would dial on.
process.exit()
