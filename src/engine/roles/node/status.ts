import { unixMs } from '../../base/clock.ts'
import type { NodeTurn } from './state.ts'
import { say } from './state.ts'

/** How busy we are (36422), told to every router when it changes, and again before it expires. */
export const tellStatus = (turn: NodeTurn, again: boolean): void => {
  const { state, now } = turn
  const load = loadOf(turn)
  if (load === state.load && !again) return
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
}

const loadOf = ({ state }: NodeTurn): 'NORMAL' | 'BUSY' | 'SATURATED' => {
  const places = state.runners.reduce((sum, runner) => sum + runner.slots * (1 + state.queue), 0)
  if (state.occupied.size >= places) return 'SATURATED'
  return state.runners.every((runner) => runner.running >= runner.slots) ? 'BUSY' : 'NORMAL'
}
