import { unixMs } from '../../base/clock.ts'
import type { NodeTurn } from './state.ts'
import { say } from './state.ts'

/**
 * How busy we are (36422), told to every router when it changes, and again before it expires; once a second at most,
 * and what it is by then. Two that say the same in one second are one event: a router takes the second for a replay.
 */
export const tellStatus = (turn: NodeTurn, again: boolean): void => {
  const { state, now } = turn
  const load = loadOf(turn)
  if (load === state.load && !again) return
  if (state.deadlines.has(STATUS_SAID)) {
    // Whoever is new here must hear it then, also where it is the same.
    if (again) state.load = null
    return
  }
  state.load = load
  const queue = state.runners.reduce((sum, runner) => sum + runner.waiting.length, 0)
  const warm = state.runners.flatMap((runner) =>
    runner.capabilities.filter((it) => it.warm).map((it) => it.model.name),
  )
  const content = { load, warm: [...new Set(warm)].slice(0, 200), queue }
  const expires = unixMs(now + state.bounds.ticketLifeMaxMs)
  for (const router of state.routers.values())
    if (router.ready) say(turn, router.link, 'status', content, { d: 'status', expires })
  state.deadlines.set('status:', unixMs(now + state.bounds.ticketLifeMaxMs / 2))
  // When it is over, decide.ts asks whether there is something to tell, as after each event.
  state.deadlines.set(STATUS_SAID, unixMs(now + 1_000))
}

const STATUS_SAID = 'said:'

const loadOf = ({ state }: NodeTurn): 'NORMAL' | 'BUSY' | 'SATURATED' => {
  const places = state.runners.reduce((sum, runner) => sum + runner.slots * (1 + state.queue), 0)
  if (state.occupied.size >= places) return 'SATURATED'
  return state.runners.every((runner) => runner.running >= runner.slots) ? 'BUSY' : 'NORMAL'
}
