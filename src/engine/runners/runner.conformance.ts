import { describe, expect, test } from 'bun:test'
import type { Unit } from '../protocol/fields.ts'
import { ticketEntry } from '../protocol/ticket.ts'
import { TASKS } from '../tasks/catalogue.ts'
import { type Piece, type Runner, RunnerFault } from './runner.ts'

type Work = Parameters<Runner['run']>[0]

/** A runner under test, and work that suits it. */
export type Specimen = Readonly<{
  runner: Runner
  /** Ends by itself, in at least one piece. */
  work: Work
  /** What it makes of `work`, where that is known. */
  output?: unknown
  /** Goes on until it is aborted, or at least for three pieces; absent where a runner has no such work. */
  long?: Work
  stop?(): Promise<void> | void
}>

/** What every runner must do, the fakes included. `make` gives a fresh one for each case. */
export const runnerConformance = (name: string, make: () => Promise<Specimen>): void =>
  describe(`${name} is a runner`, () => {
    for (const [title, check] of CASES)
      test(title, async () => {
        const specimen = await make()
        try {
          await check(specimen)
        } finally {
          await specimen.stop?.()
        }
      })
  })

const never = () => new AbortController().signal

const CASES: readonly (readonly [string, (it: Specimen) => Promise<void>])[] = [
  [
    'says what it is and what it can do, within the bounds of a ticket',
    async ({ runner, work }) => {
      expect(runner.info.name).not.toBe('')
      expect(runner.slots).toBeGreaterThan(0)
      const capabilities = await runner.capabilities()
      expect(capabilities.some((it) => it.task === work.task && it.model.name === work.model)).toBe(
        true,
      )
      for (const it of capabilities) {
        const entry = {
          task: it.task,
          model: { ...it.model, proprietary: it.proprietary },
          warm: it.warm,
          eta_ms: it.etaMs,
          limits: { input_bytes: it.limits.inputBytes, out_tokens: it.limits.outTokens },
          template: { base: it.template.base, per_message: it.template.perMessage },
          prefill: it.prefill,
          sheet: '00'.repeat(32),
          row: 0,
        }
        expect(ticketEntry.safeParse(entry).error).toBeUndefined()
      }
    },
  ],
  [
    'starts once, before its first piece; pieces fit the schema and make the output; usage only rises',
    async ({ runner, work, output }) => {
      const task = TASKS[work.task]
      const pieces: Piece[] = []
      let started = 0
      const sink = {
        started: () => {
          expect(pieces).toBeEmpty()
          started++
        },
        piece: (piece: Piece) => {
          expect(task.delta.safeParse(piece.delta).error).toBeUndefined()
          for (const [unit, n] of Object.entries(pieces.at(-1)?.usage ?? {}))
            expect(piece.usage[unit as Unit] ?? 0).toBeGreaterThanOrEqual(n)
          pieces.push(piece)
        },
      }
      const done = await runner.run(work, sink, never())
      expect(started).toBe(1)
      expect(pieces.length).toBeGreaterThan(0)
      const joined = task.join(pieces.map((it) => it.delta))
      expect(task.output.safeParse(joined).error).toBeUndefined()
      if (output !== undefined) expect(joined).toEqual(output)
      expect(done.finish).toMatch(/^(stop|length)$/)
      expect(Object.keys(done.usage).every((unit) => task.units.includes(unit as Unit))).toBe(true)
      for (const [unit, n] of Object.entries(pieces.at(-1)?.usage ?? {}))
        expect(done.usage[unit as Unit] ?? 0).toBeGreaterThanOrEqual(n)
    },
  ],
  [
    'makes nothing more while the sink says wait',
    async ({ runner, long, work }) => {
      const first = Promise.withResolvers<void>()
      const gate = Promise.withResolvers<void>()
      const stop = new AbortController()
      let pieces = 0
      const run = runner.run(
        long ?? work,
        {
          started: () => {},
          piece: () => {
            pieces++
            first.resolve()
            return pieces === 1 ? gate.promise : stop.abort()
          },
        },
        stop.signal,
      )
      const ended = run.catch((error: unknown) => error)
      await first.promise
      await Bun.sleep(20)
      expect(pieces).toBe(1)
      gate.resolve()
      await ended
    },
  ],
  [
    'does nothing when it was cancelled before',
    async ({ runner, work }) => {
      let told = 0
      const sink = { started: () => void told++, piece: () => void told++ }
      await expectTrouble(runner.run(work, sink, AbortSignal.abort()), 'cancelled')
      expect(told).toBe(0)
    },
  ],
  [
    'is free within 500 ms of a cancel, also when the sink never answers',
    async ({ runner, long, work }) => {
      const first = Promise.withResolvers<void>()
      const stop = new AbortController()
      let pieces = 0
      const sink = {
        started: () => {},
        piece: () => {
          pieces++
          first.resolve()
          return new Promise<void>(() => {})
        },
      }
      const run = runner.run(long ?? work, sink, stop.signal)
      run.catch(() => {})
      await first.promise
      const before = performance.now()
      stop.abort()
      await expectTrouble(run, 'cancelled')
      expect(performance.now() - before).toBeLessThan(500)
      expect(pieces).toBe(1)
    },
  ],
  [
    'does as many jobs at once as it has slots',
    async ({ runner, work }) => {
      const sink = { started: () => {}, piece: () => {} }
      const runs = Array.from({ length: Math.min(runner.slots, 4) }, () =>
        runner.run(work, sink, never()),
      )
      for (const done of await Promise.all(runs)) expect(done.usage).toEqual((await runs[0]!).usage)
    },
  ],
]

const expectTrouble = async (run: Promise<unknown>, trouble: string): Promise<void> => {
  const error = await run.then(
    () => undefined,
    (it: unknown) => it,
  )
  expect(error).toBeInstanceOf(RunnerFault)
  expect((error as RunnerFault).trouble).toBe(trouble as RunnerFault['trouble'])
}
