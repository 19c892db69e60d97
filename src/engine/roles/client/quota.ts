import { tagValue } from '../../protocol/event.ts'
import type { Message } from '../../protocol/messages.ts'
import type { LinkId } from '../wire.ts'
import { askAll } from './asking.ts'
import { noteClock } from './clocks.ts'
import { finishJob } from './ending.ts'
import { wrongKey } from './outcome.ts'
import { showPack } from './packs.ts'
import { onLinkBack } from './resume.ts'
import type { ClientTurn } from './state.ts'
import { beginTopUps, failTopUps } from './top-up.ts'

/** The router answers our AUTH event: with that its link stands, or is closed. */
export const onQuota = (turn: ClientTurn, link: LinkId, message: Message<'quota'>): void => {
  const { state } = turn
  // NIP-42 proved our key to the router; this signed answer proves the router's to us. It names the
  // AUTH event of this link: who holds the address cannot pass on what the router said on another.
  const ofThisLink = tagValue(message.event, 'e') === state.auths.get(link)
  if (message.event.pubkey === state.router && ofThisLink) {
    state.deadlines.clear(`quota:${link}`)
    if (state.link === link) return
    state.link = link
    noteClock(turn, message)
    // Jobs under way keep their tab; the next ones are told by their offers (proving.ts).
    state.wantsProof = message.body.evidence === 'proof'
    showPack(turn)
    onLinkBack(turn)
    beginTopUps(turn)
    return askAll(turn)
  }
  turn.effects.push({ do: 'close', link, reason: 'another key than the pinned one' })
  const fault = wrongKey()
  failTopUps(turn, fault)
  for (const job of state.jobs.values()) finishJob(turn, job, fault)
}
