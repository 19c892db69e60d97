import { msat } from '../../base/money.ts'
import { sealLetter } from '../../identity/letters.ts'
import { routesLeft, useRoute } from '../../metering/route-pack.ts'
import { credit } from '../../metering/tab.ts'
import type { BookEvent, InvoicePlace } from '../../metering/invoice-book-rows.ts'
import { draftOf } from '../../protocol/draft.ts'
import { eventText } from '../../protocol/event.ts'
import type { PubKey } from '../../protocol/ids.ts'
import type { Contents, Message } from '../../protocol/messages.ts'
import type { MoneyKind } from '../../protocol/money.ts'
import type { ReceiptStatus } from '../../protocol/receipt.ts'
import type { MoneyChange } from '../../storage/money-store.ts'
import { type Payee, commitTo, feedBook, lookSoon, mayAsk, onUnwritten } from '../counter.ts'
import type { LinkId, Unwritten } from '../wire.ts'
import type { FeeTill } from './fee.ts'
import { newestLink } from './links.ts'
import { type JobRecord, type RouterState, type Turn, accept, decline, say } from './state.ts'

/**
 * What this router takes for itself: a pack of routes, paid ahead to its own wallet by a key that the client has
 * for this router alone. A session says by a letter of that key on which pack it draws; that links its jobs.
 */

/** A letter (26437) to us: the pack's key asks for an invoice, or says that this session draws on it. */
export const onLetter = (
  turn: Turn,
  link: LinkId,
  message: Message<'money'>,
  inner: Message<MoneyKind>,
): void => {
  const { fee } = turn.state
  const { event } = message
  if (!fee) return decline(turn, link, message, 'restricted: this router takes no fee')
  if (inner.name !== 'fund' && inner.name !== 'tab_sync')
    return decline(turn, link, message, 'invalid: letter')
  const key = inner.event.pubkey
  draw(fee, event.pubkey, key)
  const settled = fee.tabs.tabs.get(key)?.seq ?? 0
  // Who paid for a pack and has used it up asks for something else; whoever else asks so soon hears that it is too soon.
  const isNew = mayAsk(turn, inner.name, event.pubkey, `${settled}`)
  if (!isNew && inner.name === 'fund') return decline(turn, link, message, TOO_SOON)
  accept(turn, link, message)
  if (!isNew) return
  // Who asks may have paid.
  lookSoon(turn, fee, key)
  if (inner.name !== 'fund' || inner.body.for !== 'route' || inner.body.ref !== key) return
  // Several sessions of one user ask for the same invoice, and all hear of it.
  fee.asking.set(key, (fee.asking.get(key) ?? new Set()).add(event.pubkey))
  const wanted = { payer: key, ref: key, msat: fee.price.pack, hold: false } as const
  onWallet(turn, { type: 'fund', purpose: 'route', settled, ...wanted })
}

/** What our wallet did or says; or it is time to ask it. */
export const onWallet = (turn: Turn, event: BookEvent): void => {
  const { fee } = turn.state
  if (fee) feedBook(turn, fee, PAYEE, event)
}

/** Our wallet gave an invoice that the ledger has from before. */
export const onRepeated = (turn: Turn, event: Unwritten): void => {
  const { fee } = turn.state
  if (fee) onUnwritten(turn, fee, PAYEE, event)
}

/** What a client that asks is told of the fee. */
export const feeFor = (
  { fee }: RouterState,
  client: PubKey,
): Pick<Contents['offers'], 'fee' | 'pack'> => {
  if (!fee) return { fee: '0' }
  const { price, payees, bind } = fee
  const { pack, routes, route } = price
  const left = freeFor(fee, client)
  return {
    fee: String(route),
    pack: { msat: String(pack), routes, left, payees: [...payees], bind },
  }
}

/** Whether a job of this session may be placed; one that is will use a route of its pack. */
export const mayRoute = ({ fee }: RouterState, client: PubKey): boolean =>
  fee === null || freeFor(fee, client) > 0

/** A job is placed: others cannot have its route meanwhile. @returns the pack that it draws on */
export const takeRoute = ({ fee }: RouterState, client: PubKey): PubKey | null => {
  const key = fee?.packOf.get(client)
  if (!fee || key === undefined) return null
  fee.open.set(key, (fee.open.get(key) ?? 0) + 1)
  return key
}

/** It is over. A receipt may come yet. */
export const freeRoute = ({ fee }: RouterState, { pack }: JobRecord): void => {
  if (!fee || pack === null) return
  const open = (fee.open.get(pack) ?? 1) - 1
  if (open > 0) fee.open.set(pack, open)
  else fee.open.delete(pack)
}

/** What a receipt takes from the pack of its job, once: to be written with it. */
export const chargeRoute = (
  { state, now }: Turn,
  job: JobRecord,
  status: ReceiptStatus,
): readonly MoneyChange[] => {
  const { fee } = state
  if (!fee || job.pack === null || job.charged) return []
  if (status !== 'ok' && status !== 'partial') return []
  job.charged = true
  return useRoute(fee.tabs, job.pack, fee.price, now)
}

/** A session has no link any more. */
export const forgetSession = ({ fee }: RouterState, client: PubKey): void => {
  const key = fee?.packOf.get(client)
  if (!fee || key === undefined) return
  fee.packOf.delete(client)
  askNoMore(fee, client, key)
}

/** The key of a pack has signed that this session draws on it. */
const draw = (fee: FeeTill, client: PubKey, key: PubKey): void => {
  if (fee.packOf.get(client) === key) return
  const before = fee.packOf.get(client)
  if (before !== undefined) askNoMore(fee, client, before)
  fee.packOf.set(client, key)
}

/** Keys of packs cost nothing to make: one that no session asks for any more leaves no trace. */
const askNoMore = ({ asking }: FeeTill, client: PubKey, key: PubKey): void => {
  const sessions = asking.get(key)
  sessions?.delete(client)
  if (sessions?.size === 0) asking.delete(key)
}

const freeFor = (fee: FeeTill, client: PubKey): number => {
  const key = fee.packOf.get(client)
  if (key === undefined) return 0
  return Math.max(0, routesLeft(fee.tabs, key, fee.price) - (fee.open.get(key) ?? 0))
}

const tellSessions = <K extends 'invoice' | 'paid'>(
  turn: Turn,
  fee: FeeTill,
  { payer: key }: InvoicePlace,
  name: K,
  content: Contents[K],
): void => {
  const { state, now, random } = turn
  const asking = fee.asking.get(key)
  if (name === 'paid') fee.asking.delete(key)
  if (!asking?.size) return
  const inner = state.signer.sign(draftOf(name, content, { now, net: state.net, to: key }))
  for (const client of asking) {
    const link = newestLink(state, client)
    if (link === undefined) continue
    const letter = sealLetter(state.signer, client, eventText(inner), random)
    say(turn, link, 'money', { sealed: letter }, { to: client })
  }
}

/** What arrives is the pack key's; a route is what was used of it. */
const PAYEE: Payee<Turn, FeeTill> = {
  commit: commitTo,
  terms: ({ state }, fee, { payer }) => ({
    router: state.signer.pubkey,
    price: '',
    cum_used_msat: fee.tabs.tabs.get(payer)?.used ?? NOTHING,
  }),
  credit: ({ now }, fee, paid) => credit(fee.tabs, paid, now, 0),
  tell: tellSessions,
  credited: () => {},
}

const NOTHING = msat(0n)
/** A client asks again after half a second (counter.ts, mayAsk). */
const TOO_SOON = 'rate-limited: an invoice was asked for a moment ago'
