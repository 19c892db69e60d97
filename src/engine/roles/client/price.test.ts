import { expect, test } from 'bun:test'
import { msat } from '../../base/money.ts'
import type { JobId } from '../../protocol/ids.ts'
import { priceNow } from './price.ts'
import type { ClientJob } from './state.ts'

const ID = 'ab'.repeat(32) as JobId

const jobOf = (phase: ClientJob['phase'], paidAlone: bigint): ClientJob => {
  const offered = { ceiling: msat(1_500n) }
  const job: unknown = { id: ID, phase, paidAlone, funding: { offered }, attempt: { offered } }
  return job as ClientJob
}

const priced = (job: ClientJob | undefined, ref: string, more: bigint): bigint =>
  priceNow(job, { ref, msat: msat(more) })

test('a node that cuts what it asks for into many invoices gets no more: each counts with those before it', () => {
  for (const phase of ['funding', 'output'] as const) {
    expect(priced(jobOf(phase, 0n), ID, 1_500n)).toBe(1_500n)
    expect(priced(jobOf(phase, 1_000n), ID, 1_000n)).toBe(2_000n)
    // The first part of what is paid while it runs: the job may cost its ceiling.
    expect(priced(jobOf(phase, 0n), ID, 1_000n)).toBe(1_500n)
  }
})

test('what goes into a tab is not the price of a job, and what is for none has none', () => {
  expect(priced(jobOf('funding', 0n), 'cd'.repeat(32), 100_000n)).toBe(1_500n)
  expect(priced(undefined, 'cd'.repeat(32), 100_000n)).toBe(0n)
})
