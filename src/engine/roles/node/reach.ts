import { unixMs } from '../../base/clock.ts'
import { sealLetter } from '../../identity/letters.ts'
import type { InvoicePlace } from '../../metering/invoice-book-rows.ts'
import { draftOf } from '../../protocol/draft.ts'
import { eventText } from '../../protocol/event.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { Contents } from '../../protocol/messages.ts'
import type { MoneyKind } from '../../protocol/money.ts'
import { type NodeTurn, say } from './state.ts'
import type { Later, Reach, Till } from './till.ts'

/**
 * Who is told of money. Several processes of one user share a tab key, each under a session of its own: what is said of an
 * invoice goes to one session alone, the last that spoke of that very invoice. Were all of them told at once, a router
 * would see whose sessions belong together. The others see in their own ledger what was paid, and ask. Only an invoice
 * goes to several, to each that asked for it.
 */

/** Notes who is told what becomes of an invoice. The job that waits still does when its session says something else. */
export const hear = ({ heard }: Till, of: InvoicePlace, reach: Reach): void => {
  const place = placeOf(of)
  const before = heard.get(place)
  const waits = reach.waits ?? (before?.client === reach.client ? before.waits : undefined)
  heard.delete(place)
  heard.set(place, { ...reach, ...(waits && { waits }) })
  if (heard.size > MOST_HEARD) heard.delete(heard.keys().next().value!)
}

/** Who is told what becomes of an invoice; undefined where nobody spoke of it. */
export const heardOf = ({ heard }: Till, of: InvoicePlace): Reach | undefined =>
  heard.get(placeOf(of))

/** Says something about money to a tab key: signed by ours, sealed for one session of it. */
export const tellSession = <K extends MoneyKind>(
  turn: NodeTurn,
  reach: Reach | undefined,
  payer: PubKey,
  name: K,
  content: Contents[K],
): void => {
  const { state, now } = turn
  if (!reach || !isThere(turn, reach)) return
  const inner = state.signer.sign(draftOf(name, content, { now, net: state.net, to: payer }))
  giveSession(turn, reach, eventText(inner))
}

/** Gives a session what was signed for its tab key before. */
export const giveSession = (turn: NodeTurn, reach: Reach, text: string): void => {
  const { state, random } = turn
  if (!isThere(turn, reach)) return
  const sealed = sealLetter(state.signer, reach.client, text, random)
  say(turn, reach.link, 'money', { sealed }, { to: reach.client })
}

/** No invoice is made for it now: the job that waits for one goes elsewhere, or its client asks again. */
export const refuseSession = (
  turn: NodeTurn,
  reach: Reach | undefined,
  why: 'busy' | 'policy' | 'wallet',
): void => {
  if (!reach?.waits || !isThere(turn, reach)) return
  const { link, client, waits } = reach
  const content = { status: 'refused', ...waits, reason: why === 'wallet' ? 'busy' : why } as const
  say(turn, link, 'progress', content, { to: client, about: waits.ticket })
}

/** Somebody asks for an invoice that may have to be made first. */
export const noteAsking = ({ asking }: Till, of: InvoicePlace, reach: Reach): void => {
  const place = placeOf(of)
  const others = (asking.get(place) ?? []).filter(({ client }) => client !== reach.client)
  asking.delete(place)
  asking.set(place, [reach, ...others].slice(0, MOST_ASKING))
  if (asking.size > MOST_HEARD) asking.delete(asking.keys().next().value!)
}

/**
 * Who asked for an invoice that is made now, each once: it is the answer to their own letters.
 * @param client only this one, which has its answer
 */
export const takeAsking = (
  { asking, later }: Till,
  of: InvoicePlace,
  client?: PubKey,
): readonly Reach[] => {
  const place = placeOf(of)
  const all = asking.get(place) ?? []
  const isTaken = (it: Reach): boolean => client === undefined || it.client === client
  const rest = all.filter((it) => !isTaken(it))
  if (client !== undefined) later.delete(`${client} ${of.ref}`)
  if (rest.length > 0) asking.set(place, rest)
  else asking.delete(place)
  return all.filter(isTaken)
}

/**
 * An invoice that this session asked for, too. Letters that leave in one moment would show a router whose sessions wait for
 * one payment: each leaves at a time of its own.
 */
export const tellLater = (
  { state, now, random }: NodeTurn,
  { later }: Till,
  of: InvoicePlace,
  letter: Later,
): void => {
  const key = `${letter.to.client} ${of.ref}`
  later.set(key, letter)
  state.deadlines.set(`later:${key}`, unixMs(now + LEAST_LATER_MS + random.below(LATER_MS)))
}

/** A `later:` deadline fell due. */
export const onLaterDue = (turn: NodeTurn, key: string): void => {
  const { till } = turn.state
  const letter = till?.later.get(key)
  till?.later.delete(key)
  if (letter) tellSession(turn, letter.to, letter.payer, 'invoice', letter.invoice)
}

const isThere = ({ state }: NodeTurn, { link }: Reach): boolean =>
  state.routers.get(link)?.ready === true

const placeOf = ({ payer, ref }: InvoicePlace): string => `${payer} ${ref}`

const MOST_HEARD = 10_000
/** For one invoice. */
export const MOST_ASKING = 16
/** When the others that asked are told: over about half a second. */
const LEAST_LATER_MS = 20
const LATER_MS = 480
