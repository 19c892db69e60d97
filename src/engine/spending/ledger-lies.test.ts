import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { msat } from '../base/money.ts'
import type { EventId } from '../protocol/ids.ts'
import { isLie } from './ledger-findings.ts'
import { books, receiptOf } from './ledger.case.ts'

const fake = (n: number) => receiptOf(900_000 + n)
const seven = Array<number>(7).fill(57)

describe('statements that name receipts which are not ours', () => {
  test('come with their jobs: told at the first, and each job is counted once', () => {
    const it = books(seven, 10_000n, (n) => (n === 1 || n === 7 ? receiptOf(n) : fake(n)))
    const told: string[][] = []
    for (let n = 1; n <= 7; n++) {
      it.counts(n)
      told.push(it.hears(n, true, receiptOf(n)).map(({ check }) => check))
      expect(it.view()).toMatchObject({ used: it.usedAt(n), broken: n > 1 })
    }
    expect(told).toEqual([[], ...Array.from({ length: 5 }, () => ['statement.answer']), []])
    // Of those only one is kept: nobody fills the disk.
    expect(it.kept()).toEqual({ statements: 2, charges: 7 })
  })

  test('the sums of both are told', () => {
    const it = books([57, 57], 10_000n, (n) => (n === 1 ? receiptOf(1) : fake(n)))
    for (const n of [1, 2]) it.counts(n)
    it.hears(1, true, receiptOf(1))
    const [wrong] = it.hears(2, true, receiptOf(2))
    expect(wrong!.detail).toMatch(
      /^statement 2 charges 57 msat for receipt \S+ in place of \S+, .* 114 msat used by it, 114 by the receipts that are here$/,
    )
  })

  test('come by themselves: what our receipts make is not used once more, which is told when all is here', () => {
    const it = books(seven, 10_000n, fake)
    for (let n = 1; n <= 7; n++) it.counts(n)
    expect(it.syncs().map(({ check }) => check)).toEqual(Array(7).fill('statement.counted'))
    expect(it.view()).toMatchObject({ used: it.total, n: 0, broken: false })
  })

  test('one that was counted as lost, since another process had its job, is taken back', () => {
    const it = books([57], 10_000n, fake)
    it.hears(1, true)
    expect(it.view().used).toBe(msat(57n))
    it.counts(1)
    it.hears(1, false, receiptOf(1))
    expect(it.view()).toMatchObject({ used: 57n, broken: true })
    expect(it.kept().charges).toBe(1)
  })

  test('that of an older job, again: told, whether it comes with a job or by itself', () => {
    const again = () => books([57, 57], 10_000n, () => receiptOf(1))
    const came = again()
    came.counts(1)
    came.counts(2)
    came.hears(1, true, receiptOf(1))
    // The old statement itself as well.
    expect(came.hears(1, true, receiptOf(2)).map(isLie)).toEqual([true])
    const asked = again()
    asked.counts(1)
    asked.hears(1, true, receiptOf(1))
    expect(asked.hears(2, true).map(({ check }) => check)).toContain('statement.twice')
    expect(asked.view()).toMatchObject({ used: 57n, broken: true })
  })
})

/** Jobs of one process or of two, from their beginning on; what the node signed of each may be heard at any time. */
const jobs = fc.array(
  fc.record({
    cost: fc.integer({ min: 0, max: 300 }),
    process: fc.nat(1),
    lie: fc.option(fc.integer({ min: 0, max: 11 }), { freq: 2 }),
  }),
  { minLength: 1, maxLength: 8 },
)
const steps = fc.array(
  fc.tuple(fc.nat(7), fc.constantFrom('counts', 'comes', 'heard by 0', 'heard by 1', 'dies')),
  { maxLength: 40 },
)

type Job = Readonly<{ cost: number; process: number; lie: number | null }>
type Step = readonly [number, string]

/** @param isAll every receipt that is counted has its statement, too */
const play = (
  all: readonly Job[],
  made: readonly Step[],
  names: (n: number) => EventId,
  isAll: boolean,
) => {
  const it = books(
    all.map(({ cost }) => cost),
    BigInt(all.reduce((sum, { cost }) => sum + cost, 0)),
    names,
  )
  const [counted, over, lied] = [new Set<number>(), new Set<number>(), new Set<string>()]
  const note = (wrong: readonly { check: string }[]) => {
    for (const { check } of wrong)
      if (check !== 'statement.receipt' && check !== 'statement.counted') lied.add(check)
  }
  const isAlone = (process: number): boolean =>
    all.every((job, at) => job.process !== process || over.has(at + 1))
  const comes = (n: number): void => {
    if (counted.has(n)) note(it.hears(n, isAlone(all[n - 1]!.process), receiptOf(n)))
  }
  const dies = (process: number): void => {
    for (const [at, job] of all.entries()) if (job.process === process) over.add(at + 1)
    it.restarts()
  }
  for (const [at, what] of made) {
    const n = (at % all.length) + 1
    const { process } = all[n - 1]!
    if (what === 'dies') dies(process)
    else if (what === 'comes') comes(n)
    else if (what !== 'counts') note(it.hears(n, isAlone(Number(what.at(-1)))))
    else if (!over.has(n)) {
      it.counts(n)
      counted.add(n)
      over.add(n)
      if (isAll) comes(n)
    }
  }
  for (const process of [0, 1]) dies(process)
  note(it.syncs().map((wrong) => ({ check: wrong.check.replace('counted', 'counted at last') })))
  return { it, counted, lied }
}

test('an honest node is never called wrong, and all ends as it counts: several jobs, processes, crashes, any order', () => {
  fc.assert(
    fc.property(jobs, steps, (all, made) => {
      const { it, lied } = play(all, made, receiptOf, false)
      expect(it.view()).toMatchObject({ used: it.total, broken: false, n: all.length })
      // Its sums may be ahead of ours for as long as something is missing.
      lied.delete('statement.used')
      expect([...lied]).toEqual([])
    }),
    { seed: 11, numRuns: 2_000 },
  )
})

test('whatever receipts it names, no job is counted twice; and it is told where one is named that is none', () => {
  fc.assert(
    fc.property(jobs, steps, fc.boolean(), (all, made, isAll) => {
      // Whose statements do not come with their jobs is held against one process alone.
      const own = isAll ? all : all.map((job) => ({ ...job, process: 0 }))
      const names = (n: number): EventId => {
        const { lie } = own[n - 1]!
        return lie === null ? receiptOf(n) : lie < own.length ? receiptOf(lie + 1) : fake(n)
      }
      const heard = made.map(([at, what]): Step => [at, isAll ? what : what.replace('1', '0')])
      const { it, counted, lied } = play(own, heard, names, isAll)
      expect(it.view().used <= it.total).toBe(true)
      const isFake = own.some(({ cost }, at) => cost > 0 && names(at + 1) === fake(at + 1))
      if (counted.size < own.length) return
      expect(it.view().used).toBe(msat(it.total))
      if (isFake) expect([...lied]).not.toEqual([])
      if (isAll && own.some((_, at) => names(at + 1) !== receiptOf(at + 1)))
        expect(lied).toContain('statement.answer')
    }),
    { seed: 12, numRuns: 3_000 },
  )
})
