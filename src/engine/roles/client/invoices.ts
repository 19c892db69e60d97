import { toSec } from '../../base/clock.ts'
import { fromUtf8 } from '../../base/bytes.ts'
import { isFault } from '../../base/fault.ts'
import { openOutput } from '../../identity/frame-seal.ts'
import { openLetter } from '../../identity/letters.ts'
import { type Frame, frameHeader } from '../../protocol/frames.ts'
import { type JobId, type PubKey, paymentHash } from '../../protocol/ids.ts'
import { sealed } from '../../protocol/intake.ts'
import type { Message } from '../../protocol/messages.ts'
import type { MoneyKind } from '../../protocol/money.ts'
import { isRefusal } from '../../protocol/refusal.ts'
import { usualMaxFee } from '../../spending/caps.ts'
import { invoiceFlaw } from '../../spending/invoice-check.ts'
import { amountFor, payOf } from './amounts.ts'
import { failAll, notAllowed, proceed } from './funding.ts'
import { keepDue } from './due.ts'
import { awaitHeld, beginHold, onHeldWord, onHoldPayment, onKey } from './holding.ts'
import { newFunding, placeOf } from './money.ts'
import type { PurseEvent } from './purse-effects.ts'
import { unbookedAt } from './own-invoice.ts'
import { paidNews } from './paid-news.ts'
import { notKnown } from './outcome.ts'
import { badInvoice, notPaid, orAlone } from './payee-faults.ts'
import { refusalAt } from './plan.ts'
import { priceNow } from './price.ts'
import { keepProof, newProof } from './proving.ts'
import type { ClientTurn } from './state.ts'
import { isBroken } from './left.ts'
import { onStatement } from './tabs.ts'
import { awaitsNext, isOfAnotherJob } from './stale.ts'
import { paidByOthers, settled } from './settling.ts'
import { tellTopUp } from './top-up-end.ts'
import { hasDrawn, isWelcome } from './unasked.ts'
import { isWanted, waitingFor } from './waiting.ts'
import { readInvoice, wantedOf } from './wanted.ts'

/** What a node says of money: checked, then paid, or not. */

/** A letter (26437). */
export const onMoney = (turn: ClientTurn, message: Message<'money'>): void => {
  const { event } = message
  const inner = openMoney(turn, message)
  if (!inner) return
  if (inner.name === 'invoice') onInvoice(turn, event.pubkey, inner)
  else if (inner.name === 'paid') onPaid(turn, event.pubkey, inner)
  else if (inner.name === 'statement') {
    const key = turn.state.money!.tab(event.pubkey).pubkey
    onStatement(turn, event.pubkey, inner, key, null)
  }
}

/** What a letter says to our tab with whoever sent it. */
export const openMoney = (
  turn: ClientTurn,
  { event, body }: Message<'money'>,
): Message<MoneyKind> | undefined => {
  const { state } = turn
  const text = state.money && openLetter(state.signer, event.pubkey, body.sealed)
  if (!text) return undefined
  const of = { node: event.pubkey, key: state.money!.tab(event.pubkey).pubkey }
  return openInner(turn, text, of, event.created_at)
}

/** A frame of type 6: the statement after a receipt. */
export const onMoneyFrame = (turn: ClientTurn, frame: Frame): void => {
  const { money } = turn.state
  const expected = money?.expected.get(frame.tag)
  if (!expected) return
  const bytes = openOutput(expected.secret, frameHeader(frame), frame.seq, frame.bytes)
  const said = bytes && openInner(turn, fromUtf8(bytes), expected, toSec(turn.now))
  if (!said || said.name !== 'statement') return
  money!.expected.delete(frame.tag)
  const { node, key, receipt } = expected
  onStatement(turn, node, said, key, { tag: frame.tag, receipt })
}

/** How a payment ended. */
export const onPayment = (
  turn: ClientTurn,
  event: Extract<PurseEvent, { type: 'payment' }>,
): void => {
  const { node, ref, hash, end } = event
  const money = turn.state.money!
  if (money.holds.has(hash)) return onHoldPayment(turn, event)
  const one = money.funding.get(placeOf(node, ref))
  if (!one || one.hash !== hash) return
  if (one.phase === 'asked' && one.credited && !isFault(end) && end.state === 'settled')
    return proceed(turn, one)
  // What is paid in the background is for nobody who waits.
  if (one.phase !== 'paying') return
  // Another process of ours was first: its payment is in the books now.
  if (isFault(end) && end.code === 'payment.repeated') {
    return settled(turn, one, { others: true })
  }
  if (isFault(end)) return notAllowed(turn, one, end)
  if (end.state === 'failed') return failAll(turn, one, notPaid('node', end, event.lockedUntil))
  if (end.state !== 'settled') return failAll(turn, one, notKnown())
  if (one.topUp && event.others) one.topUp.fee = end.fee
  else if (one.topUp) tellTopUp(turn, one.topUp, paidNews(node, end))
  keepProof(turn, one, { preimage: end.preimage })
  settled(turn, one, { paid: end.msat, others: event.others ?? false })
}

/** A sealed event of this node's, for a tab of ours there. */
const openInner = (
  { state, now }: ClientTurn,
  text: string,
  { node, key: own }: Readonly<{ node: PubKey; key: PubKey }>,
  at: Parameters<typeof sealed>[1],
): Message<MoneyKind> | undefined => {
  const money = state.money!
  const isMe = (key: PubKey): boolean => key === own
  const { verifier, net } = state
  const inner = sealed(text, at, { verifier, net, isMe, replay: money.replay }, now)
  return isRefusal(inner) || inner.event.pubkey !== node ? undefined : inner
}

/** An invoice that was asked for; or one in the background: the next top-up, or what is owed after a job. */
export const onInvoice = (turn: ClientTurn, node: PubKey, message: Message<'invoice'>): void => {
  const { event, body } = message
  const { state, now } = turn
  const money = state.money!
  const read = readInvoice(body)
  if (!read) return
  const { terms, invoice } = read
  const tab = money.tab(node).pubkey
  const { funding } = money
  const one = funding.get(placeOf(node, terms.ref)) ?? funding.get(placeOf(node, tab))
  const isDue = terms.for === 'after' && (one === undefined || one.phase !== 'asked')
  if (one && one.phase !== 'asked') return isDue ? keepDue(turn, node, message) : undefined
  if (one && paidByOthers(turn, one)) return
  const waiting = one ? waitingFor(turn, one) : []
  if (one && !isWanted(turn, one)) return
  // What is owed and agreed to is paid to whoever did not lie, and nothing besides it.
  const refusal = isDue && !isBroken(money, node) ? null : refusalAt(money, node)
  if (refusal) return one && failAll(turn, one, refusal)
  const pay = payOf(turn, node)
  if (!pay) return
  if (!one && !isWelcome(turn, node, terms)) {
    if (hasDrawn(turn, node)) money.early.set(node, message)
    return
  }
  const ref = one?.ref ?? terms.ref
  const hold = one?.timing === 'hold'
  const isAfter = terms.for === 'after' && !hold
  // It may know of payments that we have forgotten; never of fewer than we made.
  const view = money.view(node)
  const last = ref === tab ? view.seq : (state.jobs.get(ref as JobId)?.paidSeq.get(node) ?? 0)
  // Its node has had more than we know of: another process of ours may have paid meanwhile.
  if (one && ref === tab && !one.topUp && !one.looked && terms.seq > last + 1) {
    one.looked = true
    return keepDue(turn, node, message)
  }
  const expected = {
    net: state.net,
    payee: node,
    payer: tab,
    router: one && money.proves ? state.router : '',
    for: isAfter ? 'after' : ref === tab ? 'topup' : 'job',
    ref,
    seq: Math.max(terms.seq, last + 1),
    msat: amountFor(money, node, pay, terms, one),
  } as const
  const rules = { secp: money.secp, pinnedKeys: pay.payees, allowMemo: pay.bind === 'memo' }
  const signed = { terms: body.terms, bolt11: body.bolt11, signer: node }
  const hash = invoice.paymentHash
  // Asked for again after a link was lost: our money is on its way there already.
  if (hold && waiting[0]!.holds.get(node)?.hash === hash) return awaitHeld(turn, one, hash)
  // Begun before, and nobody waits for it: how it ends is in the books when it has.
  if (!one && !isAfter && money.isSent(hash)) return
  const flaw = invoiceFlaw(signed, expected, { now, ...rules })
  if (flaw) {
    if (isDue && flaw === 'pay.amount') keepDue(turn, node, message)
    if (isOfAnotherJob(signed, terms, expected, { now, ...rules })) return
    if (one && !awaitsNext(turn, one, { flaw, terms, invoice }))
      failAll(turn, one, badInvoice('node', flaw))
    return
  }
  const maxFee = one?.topUp?.maxFee ?? usualMaxFee(terms.msat)
  const first = waiting.find((job) => job.phase === 'funding' || job.id === ref)
  const caps = { ...money.caps, maxPrice: first?.wish.cap ?? null }
  const price = priceNow(first, terms)
  // What is used is not unused, though no receipt says so yet.
  const used = unbookedAt(turn, node)
  // Only what will be paid is said to be. One that runs has its price said and allowed; where it is paid alone each
  // invoice adds to that.
  const over = money.over({ node, key: tab, ref, caps, price, msat: terms.msat, maxFee, used })
  if (over && one) return notAllowed(turn, one, ref === tab ? orAlone(over, terms, one) : over)
  if (over && !isAfter) return
  // A job that comes meanwhile waits for what is paid in the background, and asks for nothing more.
  const wanted = { node, ref, timing: 'before', jobs: new Set<JobId>(), topUp: null } as const
  const own =
    one ?? (ref === tab ? newFunding({ ...wanted, needed: terms.msat }, now, view.seq) : null)
  const proof = one && money.proves ? newProof(node, terms.msat, event) : null
  const begun = { phase: 'paying', hash, seq: terms.seq, credited: false, proof } as const
  if (own) funding.set(placeOf(node, ref), Object.assign(own, begun))
  state.deadlines.clear(`fund:${placeOf(node, ref)}`)
  if (hold) awaitHeld(turn, one, hash)
  const payment = wantedOf(read, { payee: node, ref, maxFee })
  if (hold) beginHold(turn, waiting[0]!, { node, hash, msat: terms.msat })
  for (const job of waiting) job.invoices.push(event)
  const what = hold ? 'hold' : isAfter ? 'after' : ref === tab ? 'tab' : 'job'
  const news = { type: 'paying', hash, node, msat: terms.msat, maxFee, for: what } as const
  if (one?.topUp) one.topUp.msat = terms.msat
  if (!hold) money.sending.set(hash, { node, msat: terms.msat })
  turn.effects.push({ do: 'pay', node, payment, caps, price, used, hold, news })
}

/** An `early:` deadline fell due: the receipt came, and the tab is low. */
export const onEarlyInvoice = (turn: ClientTurn, node: PubKey): void => {
  const message = turn.state.money?.early.get(node)
  turn.state.money?.early.delete(node)
  if (message) onInvoice(turn, node, message)
}

const onPaid = (turn: ClientTurn, node: PubKey, { event, body }: Message<'paid'>): void => {
  if (body.held) return onHeldWord(turn, node, body)
  if (body.preimage !== undefined) return onKey(turn, node, body)
  const { money, jobs } = turn.state
  const one = money!.funding.get(placeOf(node, body.ref))
  if (!one) return
  // It has found what we had paid before.
  const tab = money!.tab(node).pubkey
  const last =
    one.ref === tab ? money!.view(node).seq : jobs.get(one.ref as JobId)?.paidSeq.get(node)
  const isFound = one.phase === 'asked' && last !== 0 && body.seq === last
  if (isFound) return proceed(turn, one)
  // It has what is paid in the background; our own wallet will say so in a moment.
  if (one.phase === 'asked') one.hash = paymentHash(body.payment_hash)
  // Of what another process of ours paid while we asked only the number is known.
  const isIts =
    one.phase === 'paid' && one.hash === null ? body.seq >= one.seq : body.payment_hash === one.hash
  if (!isIts) return
  keepProof(turn, one, { paid: event })
  one.credited = true
  // What our own wallet has not said yet is not written in our books: nothing is drawn on it.
  if (one.phase === 'paid') proceed(turn, one)
}
