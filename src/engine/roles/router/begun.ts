import { type UnixMs, unixMs } from '../../base/clock.ts'
import type { Message } from '../../protocol/messages.ts'
import type { LinkId } from '../wire.ts'
import type { RouterState, Turn } from './state.ts'

/**
 * A router that has just begun: its nodes are on their way back. An ask for what nobody offers yet waits until somebody
 * does, or the time is over.
 */
export type Begun = { until: UnixMs; asks: { link: LinkId; message: Message<'ask'> }[] }

/** From here on it has begun, and until then nodes may be on their way. */
export const begin = (state: RouterState, now: UnixMs): void => {
  state.begun = { until: unixMs(now + BEGUN_MS), asks: [] }
}

/** @returns whether this ask is kept: it is answered a little later */
export const keepAsk = (
  { state, now }: Turn,
  link: LinkId,
  message: Message<'ask'>,
  why: string | undefined,
): boolean => {
  const { begun } = state
  if (!begun || now >= begun.until || begun.asks.length >= MOST_ASKS) return false
  if (why !== 'task' && why !== 'model') return false
  begun.asks.push({ link, message })
  if (!state.deadlines.has(BEGUN)) state.deadlines.set(BEGUN, unixMs(now + LOOK_MS))
  return true
}

/** A `begun:` deadline fell due: all that wait are looked at again, each where its asker is still there. */
export const answerKept = (
  { state }: Turn,
  answer: (link: LinkId, message: Message<'ask'>) => void,
): void => {
  for (const { link, message } of state.begun?.asks.splice(0) ?? [])
    if (state.keyOf.get(link) === message.event.pubkey) answer(link, message)
}

const BEGUN = 'begun:'
const BEGUN_MS = 2_000
/** Not with each ticket that comes: so many asks and tickets may come in that time. */
const LOOK_MS = 100
/** Each has up to 64 KiB. Beyond, they are answered at once. */
const MOST_ASKS = 256
