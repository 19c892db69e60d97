// What Lightning itself takes: fees of two-hop payments (one node between) on real lnd (regtest), and what they come to for 1, 100
// and 10,000 typical text jobs: on a tab that is filled by the usual top-ups, beside one invoice for each job.
// The fees are measured; the rows of jobs are computed from them. Needs Go, or FEDAI_LND (scripts/live/lnd.ts).
//   bun bench/lightning.ts
import { startLightning } from '../scripts/live/lightning.ts'
import { ensureLnd } from '../scripts/live/lnd.ts'
import { balanceOf, isQuiet, makeInvoice, payInvoice } from '../scripts/live/lnd/deeds.ts'
import { until } from '../scripts/live/lnd/rest.ts'
import { type Msat, msat } from '../src/engine/base/money.ts'
import { costOf } from '../src/engine/metering/cost.ts'
import { jobInvoiceOf, topUpOf } from '../src/engine/metering/tab-top-up.ts'
import { PLAY_PRICES } from '../src/engine/roles/node/prices.ts'

/** A question and its answer, at the prices of `fedai serve node`. */
const USAGE = { in_token: 60, out_token: 120 }
const JOBS = [1, 100, 10_000]
/** What Lightning carries at least, and the usual top-ups, msat. */
const AMOUNTS = [1_000n, 10_000n, 100_000n]
const TIMES = 5

const [row] = PLAY_PRICES
const cost = costOf({
  rates: Object.fromEntries(
    Object.entries(row!.rates).map(([unit, rate]) => [unit, msat(BigInt(rate!))]),
  ),
  usage: USAGE,
  minimum: msat(0n),
  surcharge: msat(0n),
  ceiling: msat(1_000_000n),
  succeeded: true,
})
const show = (amount: bigint): string =>
  `${(Number(amount) / 1000).toLocaleString('en-US', { maximumFractionDigits: 3 })} sat`
const n = (it: number): string => it.toLocaleString('en-US')

/** Amounts of the top-ups that so many jobs need, one after the other. */
const topUps = (jobs: number): bigint[] => {
  const all: bigint[] = []
  let [paid, used] = [0n, 0n]
  for (let i = 0; i < jobs; i++) {
    if (paid - used < cost) {
      all.push(topUpOf(all.length, cost, msat(1n)))
      paid += all.at(-1)!
    }
    used += cost
  }
  return all
}

const sum = (of: readonly bigint[]): bigint => of.reduce((all, it) => all + it, 0n)

const programs = await ensureLnd()
if ('missing' in programs) {
  process.stderr.write(`!! NOT TRIED: fees of Lightning: ${programs.missing}\n`)
  process.exit(1)
}
const net = await startLightning(programs)
try {
  /** What alice loses more than bob gets, msat; and how long a payment takes, ms. */
  const measure = async (amount: bigint): Promise<{ fee: bigint; ms: number }> => {
    const before = await balanceOf(net.alice)
    const since = performance.now()
    let spent = 0
    for (let i = 0; i < TIMES; i++) {
      const { bolt11 } = await makeInvoice(net.bob, { msat: amount, expirySec: 600 })
      if ((await payInvoice(net.alice, bolt11)) !== 'settled') throw new Error('a payment failed')
      spent = performance.now() - since
    }
    await until('all is still', 10_000, () => isQuiet(net.alice))
    const lost = before - (await balanceOf(net.alice))
    return { fee: lost / BigInt(TIMES) - amount, ms: spent / TIMES }
  }
  const fees = new Map<bigint, bigint>()
  process.stdout.write(
    `measured on real lnd, a payment over two hops, one node between, mean of ${TIMES}:\n`,
  )
  for (const amount of AMOUNTS) {
    const { fee, ms } = await measure(amount)
    fees.set(amount, fee)
    const share = ((Number(fee) / Number(amount)) * 100).toFixed(1)
    process.stdout.write(
      `  ${show(amount).padStart(8)}   fee ${show(fee).padStart(10)}  ${share.padStart(6)} %   ${ms.toFixed(0)} ms\n`,
    )
  }
  const [least] = AMOUNTS as [Msat]
  const single = jobInvoiceOf(cost, msat(1n))
  if (single !== least) throw new Error(`an invoice of ${single} msat was not measured`)
  process.stdout.write(
    `computed from that: jobs of ${USAGE.in_token} tokens in and ${USAGE.out_token} out, ${show(cost)} each\n` +
      '    jobs   used             on a tab: paid       fees  of used    one invoice a job: paid       fees  of used\n',
  )
  for (const jobs of JOBS) {
    const used = cost * BigInt(jobs)
    const paid = topUps(jobs)
    const tab = sum(paid.map((it) => fees.get(it)!))
    const each = fees.get(single)! * BigInt(jobs)
    const of = (fee: bigint): string => `${((Number(fee) / Number(used)) * 100).toFixed(1)} %`
    process.stdout.write(
      `  ${n(jobs).padStart(6)}   ${show(used).padEnd(14)} ${show(sum(paid)).padStart(16)} ${show(tab).padStart(11)} ${of(tab).padStart(8)} ${show(single * BigInt(jobs)).padStart(26)} ${show(each).padStart(11)} ${of(each).padStart(8)}\n`,
    )
  }
  process.stdout.write(
    `What is paid on a tab and not used stays there. An invoice asks for ${show(least)} at least: Lightning carries no less.\n`,
  )
} finally {
  await net.stop()
}
