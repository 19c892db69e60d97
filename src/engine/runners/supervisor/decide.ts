import type { Random } from '../../base/random.ts'
import type {
  How,
  Rules,
  SupervisorEffect,
  SupervisorEvent,
  SupervisorState,
  Trouble,
} from './state.ts'

type Decision = Readonly<{ state: SupervisorState; effects: readonly SupervisorEffect[] }>

/**
 * The mind of a supervisor: when a runner's process is started, asked for a token, ended. Pure;
 * `random` draws the jitter of a wait.
 */
export const decide = (
  state: SupervisorState,
  event: SupervisorEvent,
  now: number,
  random: Random,
  rules: Rules,
): Decision => {
  const { phase } = state
  switch (event.type) {
    case 'start':
      return phase === 'absent' ? spawn(state, now, rules) : same(state)
    case 'proved':
      if (!doubted(state, event.run)) return same(state)
      return same({
        ...state,
        phase: 'ready',
        everReady: true,
        readyAt: phase === 'starting' ? now : state.readyAt,
        strikes: 0,
        due: null,
        why: null,
      })
    case 'unproved':
      return doubted(state, event.run) ? kill(state, event.why, now, rules) : same(state)
    case 'exited':
      if (!state.alive || event.run !== state.run) return same(state)
      return onExit({ ...state, alive: false }, event.why, now, random, rules)
    case 'began':
      return same({ ...state, jobs: state.jobs + 1 })
    case 'alive':
      return same(phase === 'degraded' ? { ...state, due: now + rules.proveMs } : state)
    case 'ended':
      return onEnded({ ...state, jobs: state.jobs - 1 }, event.how, now, rules)
    case 'stop':
      return onStop(state, event.now, now, rules)
    case 'tick':
      return state.due === null || state.due > now ? same(state) : onDue(state, now, rules)
  }
}

const same = (state: SupervisorState): Decision => ({ state, effects: [] })

/** Whether a token of this process is waited for. */
const doubted = ({ phase, run }: SupervisorState, of: number): boolean =>
  of === run && (phase === 'starting' || phase === 'degraded')

const spawn = (state: SupervisorState, now: number, rules: Rules): Decision => {
  const run = state.run + 1
  return {
    state: {
      ...state,
      phase: 'starting',
      run,
      alive: true,
      strikes: 0,
      readyAt: null,
      due: now + rules.loadMs,
    },
    effects: [{ do: 'spawn', run }],
  }
}

/** It is there and of no use: its whole group goes, and what comes then is decided when it has gone. */
const kill = (state: SupervisorState, why: Trouble, now: number, rules: Rules): Decision => ({
  state: { ...state, phase: 'crashed', why, due: now + rules.termMs },
  effects: [{ do: 'signal', run: state.run, signal: 'SIGKILL' }],
})

const onExit = (
  state: SupervisorState,
  why: Trouble,
  now: number,
  random: Random,
  rules: Rules,
): Decision => {
  if (state.phase === 'draining' || state.phase === 'stopping')
    return same({ ...state, phase: 'stopped', due: null })
  const calm = state.readyAt !== null && now - state.readyAt >= rules.stableMs
  const failures = (calm ? 0 : state.failures) + 1
  // One that we killed ourselves ended for the reason that we had.
  const cause = state.phase === 'crashed' && state.why ? state.why : why
  const crashed: SupervisorState = { ...state, phase: 'crashed', failures, why: cause, due: null }
  const tries = state.everReady ? rules.tries : rules.firstTries
  // Of one that was ready, what it printed since is no proof: a job may have had it print that.
  const hopeless = cause.hopeless && state.readyAt === null
  if (hopeless || failures >= tries) {
    // What has worked before may do so again, once somebody has repaired it.
    const again = hopeless && !state.everReady ? null : now + rules.againMs
    return same({ ...crashed, phase: 'failed', due: again })
  }
  if (failures === 1) return spawn(crashed, now, rules)
  const wait = Math.min(rules.backoffMostMs, rules.backoffMs * 2 ** (failures - 2))
  // ± 20 %, so that the runners of one machine do not all load at the same moment.
  const jitter = random.below(Math.round(wait * 0.4) + 1) - Math.round(wait * 0.2)
  return same({ ...crashed, phase: 'backoff', due: now + wait + jitter })
}

/** Health is told by jobs first: three that went badly, or one that fell silent, and it has to prove itself. */
const onEnded = (state: SupervisorState, how: How, now: number, rules: Rules): Decision => {
  if (state.phase === 'draining' && state.jobs === 0) return term(state, now, rules)
  if (state.phase !== 'ready' || how === 'other') return same(state)
  if (how === 'well') return same({ ...state, strikes: 0 })
  const strikes = state.strikes + (how === 'silent' ? STRIKES : 1)
  if (strikes < STRIKES) return same({ ...state, strikes })
  return {
    state: { ...state, phase: 'degraded', strikes: 0, due: now + rules.proveMs },
    effects: [{ do: 'prove', run: state.run }],
  }
}

const STRIKES = 3

const onStop = (state: SupervisorState, hurry: boolean, now: number, rules: Rules): Decision => {
  if (!state.alive) return same({ ...state, phase: 'stopped', due: null })
  if (hurry) {
    const { state: dying, effects } = kill(state, NOBODYS, now, rules)
    return { state: { ...dying, phase: 'stopping' }, effects: [{ do: 'abort' }, ...effects] }
  }
  if (state.phase === 'draining' || state.phase === 'stopping') return same(state)
  if (state.jobs > 0) return same({ ...state, phase: 'draining', due: now + rules.drainMs })
  return term(state, now, rules)
}

const NOBODYS: Trouble = { code: 'stopped', message: 'it was stopped', hopeless: false }

const term = (state: SupervisorState, now: number, rules: Rules): Decision => ({
  state: { ...state, phase: 'stopping', due: now + rules.termMs },
  effects: [{ do: 'signal', run: state.run, signal: 'SIGTERM' }],
})

const onDue = (state: SupervisorState, now: number, rules: Rules): Decision => {
  const { phase, run } = state
  if (phase === 'backoff' || phase === 'failed') return spawn(state, now, rules)
  if (phase === 'starting') return kill(state, TOO_SLOW, now, rules)
  if (phase === 'degraded') return kill(state, SILENT, now, rules)
  if (phase === 'draining') {
    const { state: stopping, effects } = term(state, now, rules)
    return { state: stopping, effects: [{ do: 'abort' }, ...effects] }
  }
  // Crashed or stopping: a process that waits for a disk or a device hears even KILL late.
  return {
    state: { ...state, due: now + rules.termMs },
    effects: [{ do: 'signal', run, signal: 'SIGKILL' }],
  }
}

const TOO_SLOW: Trouble = {
  code: 'slow',
  message: 'it did not load its model in time',
  hint: 'try a smaller model, or a faster disk',
  hopeless: false,
}
const SILENT: Trouble = { code: 'silent', message: 'it gives no tokens any more', hopeless: false }
