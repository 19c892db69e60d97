import { sealLetter } from '../../identity/letters.ts'
import { draftOf } from '../../protocol/draft.ts'
import { eventText } from '../../protocol/event.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { Contents } from '../../protocol/messages.ts'
import type { MoneyKind } from '../../protocol/money.ts'
import { parseTerms } from '../../protocol/terms.ts'
import { type NodeTurn, say } from './state.ts'
import type { Reach, Till } from './till.ts'

/** Where the keys of tabs are heard, and how they are told of money. */

/** Says something about money to a tab key: signed by ours, sealed for the session that it was heard by. */
export const tellTab = <K extends MoneyKind>(
  turn: NodeTurn,
  till: Till,
  payer: PubKey,
  name: K,
  content: Contents[K],
): void => {
  const { state, now } = turn
  if (!isReached(turn, till, payer)) return
  const inner = state.signer.sign(draftOf(name, content, { now, net: state.net, to: payer }))
  giveTab(turn, till, payer, eventText(inner))
}

/** Gives a tab key what was signed for it before. */
export const giveTab = (turn: NodeTurn, till: Till, payer: PubKey, text: string): void => {
  const { state, random } = turn
  const reach = till.reach.get(payer)
  if (!reach || !isReached(turn, till, payer)) return
  const sealed = sealLetter(state.signer, reach.client, text, random)
  say(turn, reach.link, 'money', { sealed }, { to: reach.client })
}

/** No invoice is made for it now: the job that waits for one goes elsewhere, or its client asks again. */
export const refuseTab = (
  turn: NodeTurn,
  till: Till,
  payer: PubKey,
  why: 'busy' | 'policy' | 'wallet',
): void => {
  const reach = till.reach.get(payer)
  if (!reach?.waits || !isReached(turn, till, payer)) return
  const { link, client, waits } = reach
  const reason = why === 'wallet' ? 'busy' : why
  say(
    turn,
    link,
    'progress',
    { status: 'refused', ...waits, reason },
    { to: client, about: waits.ticket },
  )
}

const isReached = ({ state }: NodeTurn, till: Till, payer: PubKey): boolean => {
  const reach = till.reach.get(payer)
  return reach !== undefined && state.routers.get(reach.link)?.ready === true
}

/** Somebody asks for an invoice that may have to be made first. */
export const noteAsking = ({ asking }: Till, payer: PubKey, ref: string, reach: Reach): void => {
  const place = `${payer} ${ref}`
  const others = (asking.get(place) ?? []).filter(({ client }) => client !== reach.client)
  asking.delete(place)
  asking.set(place, [reach, ...others].slice(0, MOST_ASKING))
  if (asking.size > MOST_REACHED) asking.delete(asking.keys().next().value!)
}

/** An invoice goes to whoever asked for it, each once: where its tab was heard last it is told in any case. */
export const tellAsking = (
  turn: NodeTurn,
  till: Till,
  payer: PubKey,
  content: Contents['invoice'],
): void => {
  const { state, now, random } = turn
  const terms = parseTerms(content.terms)
  if (typeof terms === 'string') return
  const place = `${payer} ${terms.ref}`
  const last = till.reach.get(payer)?.client
  const others = (till.asking.get(place) ?? []).filter(({ client }) => client !== last)
  till.asking.delete(place)
  for (const { link, client } of others) {
    if (!state.routers.get(link)?.ready) continue
    const inner = state.signer.sign(draftOf('invoice', content, { now, net: state.net, to: payer }))
    const sealed = sealLetter(state.signer, client, eventText(inner), random)
    say(turn, link, 'money', { sealed }, { to: client })
  }
}

/** Notes where a tab key is to be told things. The job that waits still does when its session says something else. */
export const hear = (till: Till, key: PubKey, reach: Reach): void => {
  const before = till.reach.get(key)
  const waits = reach.waits ?? (before?.client === reach.client ? before.waits : undefined)
  till.reach.delete(key)
  till.reach.set(key, { ...reach, ...(waits && { waits }) })
  if (till.reach.size > MOST_REACHED) till.reach.delete(till.reach.keys().next().value!)
}

const MOST_REACHED = 10_000
/** For one invoice. */
const MOST_ASKING = 16
