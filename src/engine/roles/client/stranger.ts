import type { Fault } from '../../base/fault.ts'
import { NETS, tagValue } from '../../protocol/event.ts'
import { KINDS } from '../../protocol/kinds.ts'
import type { LinkId, WireEvent } from '../wire.ts'
import { finishJob } from './ending.ts'
import { mute, otherNet } from './outcome.ts'
import type { ClientTurn } from './state.ts'
import { failTopUps } from './top-up.ts'

/** Whoever answers at the address does not say that it is a router. */
export const onMute = (turn: ClientTurn, link: LinkId): void => leave(turn, link, mute())

/** An event of another network. Where it is our router's first word, which names our AUTH event, the router is of it. */
export const onForeign = (
  turn: ClientTurn,
  { link, event }: Extract<WireEvent, { type: 'foreign' }>,
): void => {
  const { state } = turn
  if (event.kind !== KINDS.quota || event.pubkey !== state.router) return
  if (tagValue(event, 'e') !== state.auths.get(link) || state.link === link) return
  state.deadlines.clear(`quota:${link}`)
  const theirs = NETS.find((net) => net === tagValue(event, 'net'))
  leave(turn, link, otherNet(theirs ?? null, state.net))
}

const leave = (turn: ClientTurn, link: LinkId, fault: Fault): void => {
  turn.effects.push({ do: 'close', link, reason: fault.message })
  failTopUps(turn, fault)
  for (const job of turn.state.jobs.values())
    if (job.phase === 'waiting') finishJob(turn, job, fault)
}
