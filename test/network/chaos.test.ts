import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'bun:test'
import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import { chaos } from './chaos.ts'
import type { Summary } from './chaos-shard.ts'
import { quickSecp } from './quick-secp.ts'

/** More of them, as in CI: FEDAI_SEEDS=20000. One again, and what befell it: FEDAI_SEED=n. */
const only = process.env['FEDAI_SEED']
const count = Number(process.env['FEDAI_SEEDS'] ?? 1_000)
const replay = (seed: number) => `FEDAI_SEED=${seed} bun test test/network/chaos.test.ts`

// No test at all without a seed: one that is skipped in every run would say nothing.
if (only !== undefined)
  test(`seed ${only} again`, async () => {
    const befell: string[] = []
    try {
      await chaos(Number(only), quickSecp(), befell)
      await chaos(Number(only))
    } finally {
      process.stderr.write(`${befell.map((line) => `  ${line}\n`).join('')}`)
    }
  })

test.if(only === undefined)(
  `${count} networks with faults keep every promise`,
  async () => {
    // Seeds are dealt out to one process for each core; a failure says how to see it again.
    const shards = Math.min(availableParallelism(), 8)
    const all = await Promise.all(Array.from({ length: shards }, (_, i) => shard(i + 1, shards)))
    const failed = all.flatMap((it) => it.failed)
    if (failed.length > 0)
      throw new Error(
        failed.map(({ seed, error }) => `seed ${seed}: ${replay(seed)}\n${error}`).join('\n'),
      )
    expect(all.reduce((sum, it) => sum + it.networks, 0)).toBe(count)
    // A run in which nothing ended well, or nothing went wrong, would prove little.
    if (count < 100) return
    const outcomes = totals(all.map((it) => it.outcomes))
    expect(outcomes.get('ok') ?? 0).toBeGreaterThan(count / 2)
    expect(outcomes.size).toBeGreaterThan(5)
    expect(totals(all.map((it) => it.befell)).size).toBeGreaterThan(7)
    if (count < 2_000) return
    const paid = totals(all.map((it) => it.paid))
    for (const how of PAID_HOW) expect(paid.get(how) ?? 0, how).toBeGreaterThan(0)
  },
  3_600_000,
)

test.if(only === undefined)(
  'some of them with real signatures',
  async () => {
    for (let seed = 1; seed <= 20; seed++)
      await chaos(seed).catch((cause: unknown) => {
        throw new Error(`seed ${seed}, with real signatures: ${replay(seed)}`, { cause })
      })
  },
  60_000,
)

/** Seeds that once told a user what was not so, and that no job of theirs ends in it any more. */
test.if(only === undefined).each([
  // A job by `hold` was stopped while its node was away, and its invoice came to those that waited to fill the tab there.
  [36_500, 'invoice.wrong'],
  // No node could be paid, and one that was asked again was said to deny what it had been paid.
  [8_080, 'funding.uncredited'],
  // Two by `hold` were out at the node: its word of that did not pass a router that had another ticket by then.
  [5_220, 'funding.silent'],
])('seed %d, once: %s', async (seed, code) => {
  const { asked } = await chaos(seed, quickSecp())
  const codes = asked.map(({ outcome }) => outcome?.fault?.code)
  expect(codes).not.toContain(code)
  expect(codes).not.toHaveLength(0)
})

// One without money, and one in which nodes are paid.
test.if(only === undefined).each([4242, 4240])(
  'the same seed gives the same run, to the byte: %d',
  async (seed) => {
    const trace = async (): Promise<string> => {
      const { world } = await chaos(seed, quickSecp())
      return toHex(sha256(world.recorded.events.map(({ text }) => text).join('\n')))
    }
    expect(await trace()).toBe(await trace())
  },
  60_000,
)

/** Ways of paying that some jobs must have been charged by; and that client and node died in one network. */
const PAID_HOW = ['before', 'stream', 'after', 'hold']
  .flatMap((timing) => [timing, `${timing}, tab off`])
  .concat('both died')

const shard = async (first: number, step: number): Promise<Summary> => {
  const script = join(import.meta.dir, 'chaos-shard.ts')
  const child = Bun.spawn([process.execPath, script, ...[first, step, count].map(String)], {
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const text = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`a shard of chaos died: ${text}`)
  return JSON.parse(text) as Summary
}

const totals = (all: readonly Record<string, number>[]): Map<string, number> => {
  const sums = new Map<string, number>()
  for (const [name, n] of all.flatMap((it) => Object.entries(it)))
    sums.set(name, (sums.get(name) ?? 0) + n)
  return sums
}
