import type { Clock } from '../../base/clock.ts'
import type { Log } from '../../base/log.ts'
import type { Random } from '../../base/random.ts'
import { type Done, type Runner, RunnerFault, type RunnerTrouble } from '../runner.ts'
import { cancelled } from '../abort.ts'
import { decide } from './decide.ts'
import { howOf } from './health.ts'
import type { Launched } from './launched.ts'
import {
  newSupervisorState,
  type Rules,
  type SupervisorEffect,
  type SupervisorEvent,
  type SupervisorState,
  type Trouble,
} from './state.ts'
import { type About, tellPhase } from './telling.ts'

export type SupervisorOptions = Readonly<{
  /** Starts process number `run`. */
  launch(run: number): Launched
  /** What a proof that failed says of the process. */
  blame(error: unknown): Trouble
  rules: Rules
  clock: Clock
  random: Random
  log: Log
  /** Said in each line of the log: what runs, its size. */
  about: About
}>

/**
 * One process of a runner, kept up: `decide` (decide.ts) says what becomes of it, this performs it.
 * One writer: everything that happens goes through `feed`. `ensureReady` is the only way in.
 */
export class Supervisor {
  private state: SupervisorState = newSupervisorState()
  private launched: Launched | undefined
  private proven: Runner | undefined
  private proof = new AbortController()
  /** The jobs that are at work: what ends each of them. */
  private readonly jobs = new Set<AbortController>()
  private startedAt = 0
  private readonly waiters = new Set<() => void>()
  private readonly watchers = new Set<() => void>()
  private readonly queue: SupervisorEvent[] = []
  private feeding = false
  private stopTimer = () => {}
  private stopTelling = () => {}

  constructor(private readonly options: SupervisorOptions) {}

  /** What does jobs now; undefined while it is not ready. For telling, never for deciding. */
  get serving(): Runner | undefined {
    return this.state.phase === 'ready' ? this.proven : undefined
  }

  /**
   * Starts the process where there is none yet, and waits until it serves: for `mostMs` at most, or as
   * long as the rules let it load.
   * @throws RunnerFault `crashed` where it serves no more; `loading` after `mostMs`, `cancelled` by `signal`
   */
  async ensureReady(mostMs: number | null, signal?: AbortSignal): Promise<Runner> {
    this.feed({ type: 'start' })
    const limit = Promise.withResolvers<void>()
    let late = false
    const expire = () => {
      late = true
      limit.resolve()
    }
    const leave = () => limit.resolve()
    const takeBack = mostMs === null ? () => {} : this.options.clock.after(mostMs, expire)
    signal?.addEventListener('abort', leave)
    try {
      for (;;) {
        const { phase, why } = this.state
        if (signal?.aborted) throw cancelled()
        if (phase === 'ready' && this.proven) return this.proven
        if (phase === 'failed') throw new Broken(why)
        if (phase === 'draining' || phase === 'stopping' || phase === 'stopped')
          throw new RunnerFault('crashed', 'the runner is being stopped')
        if (late) throw new RunnerFault('loading', 'the runner is not ready yet')
        await Promise.race([this.nextMove(), limit.promise])
      }
    } finally {
      takeBack()
      signal?.removeEventListener('abort', leave)
    }
  }

  /** Does one job on it, and learns from how that ends whether it is well. */
  async serve(
    runner: Runner,
    work: Parameters<Runner['run']>[0],
    sink: Parameters<Runner['run']>[1],
    signal: AbortSignal,
  ): Promise<Done> {
    this.feed({ type: 'began' })
    // Not AbortSignal.any: Bun 1.4.5 keeps what it makes of a signal for as long as that signal lives.
    const job = new AbortController()
    const leave = () => job.abort()
    if (signal.aborted) leave()
    signal.addEventListener('abort', leave)
    this.jobs.add(job)
    const { clock } = this.options
    const began = clock.ticks()
    let pieces = 0
    const heard: typeof sink = {
      started: () => sink.started(),
      piece: (piece) => {
        pieces++
        if (this.state.phase === 'degraded') this.feed({ type: 'alive' })
        return sink.piece(piece)
      },
    }
    let trouble: RunnerTrouble | null = null
    try {
      return await runner.run(work, heard, job.signal)
    } catch (error) {
      trouble = error instanceof RunnerFault ? error.trouble : 'crashed'
      if (trouble === 'crashed') await this.unlessDead()
      if (!job.signal.aborted || signal.aborted) throw error
      throw new RunnerFault('crashed', 'the runner was stopped', { cause: error })
    } finally {
      signal.removeEventListener('abort', leave)
      this.jobs.delete(job)
      this.feed({ type: 'ended', how: howOf(trouble, { pieces, ms: clock.ticks() - began }) })
    }
  }

  /** A broken line mostly means that the process is gone: the next job must not be sent to a dead one. */
  private unlessDead(): Promise<unknown> {
    const { clock } = this.options
    const moment = new Promise<void>((resolve) => void clock.after(DYING_MS, resolve))
    return Promise.race([moment, this.launched?.exited])
  }

  /** Calls back each time that it begins or ceases to serve. */
  watch(changed: () => void): () => void {
    this.watchers.add(changed)
    return () => void this.watchers.delete(changed)
  }

  /** Takes it down; with `now` without waiting for anything. Settles when nothing of it is left. */
  async close(now = false): Promise<void> {
    this.feed({ type: 'stop', now })
    while (this.state.phase !== 'stopped') await this.nextMove()
  }

  private nextMove(): Promise<void> {
    return new Promise((resolve) => void this.waiters.add(resolve))
  }

  private feed(event: SupervisorEvent): void {
    this.queue.push(event)
    if (this.feeding) return
    this.feeding = true
    const before = this.state
    try {
      for (let next = this.queue.shift(); next; next = this.queue.shift()) {
        const { clock, random, rules } = this.options
        const decision = decide(this.state, next, clock.ticks(), random, rules)
        this.state = decision.state
        for (const effect of decision.effects) this.perform(effect)
      }
    } finally {
      this.feeding = false
    }
    this.sleep()
    if (before.phase !== this.state.phase || before.run !== this.state.run) this.moved(before)
  }

  private perform(effect: SupervisorEffect): void {
    if (effect.do === 'spawn') this.spawn(effect.run)
    else if (effect.do === 'prove') this.prove(effect.run)
    else if (effect.do === 'signal') this.launched?.child.kill(effect.signal)
    else for (const job of this.jobs) job.abort()
  }

  private spawn(run: number): void {
    this.startedAt = this.options.clock.ticks()
    this.launched = this.options.launch(run)
    void this.launched.exited.then((why) => {
      this.proof.abort()
      this.feed({ type: 'exited', run, why })
    })
    this.prove(run)
  }

  private prove(run: number): void {
    this.proof.abort()
    const proof = (this.proof = new AbortController())
    this.launched!.prove(proof.signal).then(
      (runner) => {
        if (proof.signal.aborted) return
        this.proven = runner
        this.feed({ type: 'proved', run })
      },
      (error: unknown) => {
        if (!proof.signal.aborted)
          this.feed({ type: 'unproved', run, why: this.options.blame(error) })
      },
    )
  }

  /** Only one timer: the mind says when it wants to be woken next. */
  private sleep(): void {
    this.stopTimer()
    const { due } = this.state
    if (due === null) return void (this.stopTimer = () => {})
    const wait = Math.max(0, due - this.options.clock.ticks())
    this.stopTimer = this.options.clock.after(wait, () => this.feed({ type: 'tick' }))
  }

  private moved(before: SupervisorState): void {
    this.tell()
    for (const wake of this.waiters) wake()
    this.waiters.clear()
    if ((before.phase === 'ready') === (this.state.phase === 'ready')) return
    for (const changed of this.watchers) changed()
  }

  private tell(again = false): void {
    this.stopTelling()
    const { log, about, clock } = this.options
    tellPhase(log, about, this.state, { now: clock.ticks(), startedAt: this.startedAt, again })
    // A large model takes minutes: who waits sees that it goes on.
    if (this.state.phase === 'starting')
      this.stopTelling = clock.after(LOADING_EVERY_MS, () => this.tell(true))
  }
}

/** From a broken connection to the news that its process has ended. */
const DYING_MS = 200
const LOADING_EVERY_MS = 5_000

/** It is given up: why, for whoever started it. */
export class Broken extends RunnerFault {
  constructor(readonly why: Trouble | null) {
    super('crashed', why?.message ?? 'the runner failed')
  }
}
