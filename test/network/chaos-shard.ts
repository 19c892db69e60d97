import { chaos } from './chaos.ts'
import { quickSecp } from './quick-secp.ts'

/** What one process saw of its share of the seeds. */
export type Summary = {
  networks: number
  outcomes: Record<string, number>
  befell: Record<string, number>
  /** Jobs that cost something, by how they were paid; networks in which a client and a node died at a deed. */
  paid: Record<string, number>
  failed: { seed: number; error: string }[]
}

/** A failure or two say enough; a thousand of them would take an hour to say it. */
const MOST_FAILED = 3

/** Runs every `step`th seed from `first` to `last`. */
const runShard = async (first: number, step: number, last: number): Promise<Summary> => {
  const summary: Summary = { networks: 0, outcomes: {}, befell: {}, paid: {}, failed: [] }
  const count = (table: Record<string, number>, name: string) =>
    (table[name] = (table[name] ?? 0) + 1)
  for (let seed = first; seed <= last && summary.failed.length < MOST_FAILED; seed += step)
    try {
      const { asked, befell, paid } = await chaos(seed, quickSecp())
      summary.networks++
      for (const { outcome } of asked) count(summary.outcomes, outcome?.fault?.code ?? 'ok')
      for (const name of befell) count(summary.befell, name.split(' ', 2).join(' '))
      for (const name of paid) count(summary.paid, name)
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      summary.failed.push({ seed, error: text })
    }
  return summary
}

if (import.meta.main) {
  const [first, step, last] = Bun.argv.slice(2).map(Number) as [number, number, number]
  process.stdout.write(JSON.stringify(await runShard(first, step, last)))
}
