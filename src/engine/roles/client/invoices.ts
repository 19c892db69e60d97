import { toSec, unixMs } from '../../base/clock.ts'
import { fromUtf8 } from '../../base/bytes.ts'
import { Fault, isFault } from '../../base/fault.ts'
import { type Msat, msat } from '../../base/money.ts'
import { openOutput } from '../../identity/frame-seal.ts'
import { openLetter } from '../../identity/letters.ts'
import { topUpOf } from '../../metering/tab-top-up.ts'
import { decodeBolt11 } from '../../protocol/bolt11/decode.ts'
import { type Frame, frameHeader } from '../../protocol/frames.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { sealed } from '../../protocol/intake.ts'
import type { Message } from '../../protocol/messages.ts'
import type { MoneyKind } from '../../protocol/money.ts'
import { isRefusal } from '../../protocol/refusal.ts'
import type { SheetPay } from '../../protocol/sheet.ts'
import { parseTerms } from '../../protocol/terms.ts'
import type { Entry } from '../../spending/journal-rows.ts'
import { invoiceFlaw, payableUntil } from '../../spending/invoice-check.ts'
import { leftOn } from '../../spending/ledger.ts'
import { failAll, proceed, waitingFor } from './funding.ts'
import type { ClientMoney, Funding, PurseEvent } from './money.ts'
import { notKnown } from './outcome.ts'
import { type ClientTurn, tell } from './state.ts'
import { leftAt, onStatement, runningAt } from './tabs.ts'

/** What a node says of money: checked, then paid, or not. */

/** A letter (26437). */
export const onMoney = (turn: ClientTurn, message: Message<'money'>): void => {
  const { event } = message
  const inner = openMoney(turn, message)
  if (!inner) return
  if (inner.name === 'invoice') onInvoice(turn, event.pubkey, inner)
  else if (inner.name === 'paid') onPaid(turn, event.pubkey, inner)
  else if (inner.name === 'statement') onStatement(turn, event.pubkey, inner, true)
}

/** What a letter says to our tab with whoever sent it. */
export const openMoney = (
  turn: ClientTurn,
  { event, body }: Message<'money'>,
): Message<MoneyKind> | undefined => {
  const { state } = turn
  const text = state.money && openLetter(state.signer, event.pubkey, body.sealed)
  return text ? read(turn, text, event.pubkey, event.created_at) : undefined
}

/** A frame of type 6: the statement after a receipt. */
export const onMoneyFrame = (turn: ClientTurn, frame: Frame): void => {
  const { money } = turn.state
  const expected = money?.expected.get(frame.tag)
  if (!expected) return
  const bytes = openOutput(expected.secret, frameHeader(frame), frame.seq, frame.bytes)
  const said = bytes && read(turn, fromUtf8(bytes), expected.node, toSec(turn.now))
  if (!said || said.name !== 'statement') return
  money!.expected.delete(frame.tag)
  onStatement(turn, expected.node, said, false)
}

/** How a payment ended. */
export const onPayment = (
  turn: ClientTurn,
  { node, end }: Extract<PurseEvent, { type: 'payment' }>,
): void => {
  const one = turn.state.money?.funding.get(node)
  // What is paid in the background is for nobody who waits.
  if (!one || one.phase !== 'paying') return
  // Another process of ours was first: its payment is in the books now.
  if (isFault(end) && end.code === 'payment.repeated') return settled(turn, one)
  if (isFault(end)) return failAll(turn, one, end)
  if (end.hash !== one.hash) return
  if (end.state === 'failed') return failAll(turn, one, notPaid(end))
  if (end.state !== 'settled') return failAll(turn, one, notKnown())
  for (const job of waitingFor(turn, one))
    tell(turn, job, { type: 'paid', node, msat: end.msat, fee: end.fee })
  settled(turn, one)
}

const settled = (turn: ClientTurn, one: Funding): void => {
  one.phase = 'paid'
  if (one.credited) return proceed(turn, one)
  turn.state.deadlines.set(`fund:${one.node}`, unixMs(turn.now + CREDITED_WITHIN_MS))
}

/** A sealed event of this node's, for our tab there. */
const read = (
  { state, now }: ClientTurn,
  text: string,
  node: PubKey,
  at: Parameters<typeof sealed>[1],
): Message<MoneyKind> | undefined => {
  const money = state.money!
  const isMe = (key: PubKey): boolean => key === money.tab(node).pubkey
  const { verifier, net } = state
  const inner = sealed(text, at, { verifier, net, isMe, replay: money.replay }, now)
  return isRefusal(inner) || inner.event.pubkey !== node ? undefined : inner
}

/** An invoice that was asked for; or one in the background: the next top-up, or what is owed after a job. */
const onInvoice = (turn: ClientTurn, node: PubKey, message: Message<'invoice'>): void => {
  const { event, body } = message
  const { state, now } = turn
  const money = state.money!
  const one = money.funding.get(node)
  if (one && one.phase !== 'asked') return
  const waiting = one ? waitingFor(turn, one) : []
  if (one && waiting.length === 0) return
  const pay = payOf(turn, node)
  const terms = parseTerms(body.terms)
  const invoice = decodeBolt11(body.bolt11)
  if (!pay || typeof terms === 'string' || typeof invoice === 'string') return
  if (!one && !isWelcome(turn, node, terms.for)) {
    if (hasDrawn(turn, node)) money.early.set(node, message)
    return
  }
  const view = money.view(node)
  const ref = money.tab(node).pubkey
  const expected = {
    net: state.net,
    payee: node,
    payer: ref,
    router: '',
    for: terms.for === 'after' ? 'after' : 'topup',
    ref,
    // It may know of payments that we have forgotten; never of fewer than we made.
    seq: Math.max(terms.seq, view.seq + 1),
    msat: { most: mostFor(money, node, pay, terms, one) },
  } as const
  const rules = { secp: money.secp, pinnedKeys: pay.payees, allowMemo: pay.bind === 'memo' }
  const signed = { terms: body.terms, bolt11: body.bolt11, signer: node }
  const flaw = invoiceFlaw(signed, expected, { now, ...rules })
  // It has not seen our last payment yet, or hands out an invoice until its last second.
  if (one && (flaw === 'pay.seq' || flaw === 'pay.expired')) {
    one.isStale = true
    return state.deadlines.set(`fund:${node}`, unixMs(now + AGAIN_MS))
  }
  if (flaw) return one && failAll(turn, one, badInvoice(flaw))
  if (one) Object.assign(one, { phase: 'paying', hash: invoice.paymentHash })
  if (one) state.deadlines.clear(`fund:${node}`)
  const payment = {
    hash: invoice.paymentHash,
    bolt11: body.bolt11,
    terms: body.terms,
    payee: node,
    ref,
    seq: terms.seq,
    purpose: terms.for,
    msat: terms.msat,
    maxFee: feeFor(terms.msat),
    expiresAt: unixMs(payableUntil(terms, invoice) * 1000),
  }
  for (const job of waiting) {
    job.invoices.push(event)
    tell(turn, job, { type: 'paying', node, msat: terms.msat })
  }
  const first = waiting.find((job) => job.phase === 'funding')
  const caps = { ...money.caps, maxPrice: first?.wish.cap ?? null }
  const price = first?.funding?.offered.ceiling ?? msat(0n)
  // What is used is not unused, though no receipt says so yet.
  const used = leftOn(view) - leftAt(money, node) + runningAt(state.jobs.values(), node)
  turn.effects.push({ do: 'pay', node, payment, caps, price, used })
}

/** An `early:` deadline fell due: the receipt came, and the tab is low. */
export const onEarlyInvoice = (turn: ClientTurn, node: PubKey): void => {
  const message = turn.state.money?.early.get(node)
  turn.state.money?.early.delete(node)
  if (message) onInvoice(turn, node, message)
}

/** Whether a receipt of that node's is still to come. */
const hasDrawn = ({ state }: ClientTurn, node: PubKey): boolean =>
  [...state.jobs.values()].some(
    ({ attempt, phase }) => attempt?.drawn && attempt.offered.node === node && phase !== 'over',
  )

/** What nobody waits for is paid where it is owed; or, after a job that left the tab low, once. */
const isWelcome = ({ state, now }: ClientTurn, node: PubKey, purpose: string): boolean => {
  if (purpose === 'after') return true
  const until = state.money!.low.get(node)
  state.money!.low.delete(node)
  return until !== undefined && now < until
}

const onPaid = (turn: ClientTurn, node: PubKey, { body }: Message<'paid'>): void => {
  const money = turn.state.money!
  const one = money.funding.get(node)
  if (!one) return
  // It has found what we had paid before.
  const isFound = one.phase === 'asked' && body.seq === money.view(node).seq
  if (isFound) return proceed(turn, one)
  if (body.payment_hash !== one.hash) return
  one.credited = true
  // What our own wallet has not said yet is not written in our books: nothing is drawn on it.
  if (one.phase === 'paid') proceed(turn, one)
}

/** Most that an invoice may ask: what is needed or the usual top-up; after a job no more than what we owe. */
const mostFor = (
  money: ClientMoney,
  node: PubKey,
  pay: SheetPay,
  terms: { for: string; seq: number },
  one: Funding | undefined,
): Msat => {
  const left = leftAt(money, node)
  // Where it was asked for it pays into the tab, whatever it is called.
  if (terms.for === 'after' && !one) return msat(left < 0n ? -left : 0n)
  return topUpOf(terms.seq - 1, one?.needed ?? msat(0n), pay.granularity)
}

/** How a node is paid, by the sheet that its offers or jobs here name. */
const payOf = ({ state }: ClientTurn, node: PubKey): SheetPay | undefined => {
  for (const { body, event } of state.sheets.values())
    if (event.pubkey === node && body.pay) return body.pay
  return undefined
}

/** What routing may cost: a sat a hop is usual, whatever the amount. */
export const feeFor = (amount: Msat): Msat => msat(amount / 100n + 5_000n)

const notPaid = ({ reason }: Entry): Fault =>
  new Fault(
    'again',
    'payment.failed',
    `the node could not be paid (${reason ?? 'no reason given'})`,
    {
      hint: 'look at your wallet: fedai pay status; then try again',
    },
  )

const badInvoice = (flaw: string): Fault =>
  new Fault(
    'verification',
    'invoice.wrong',
    `the node's invoice does not hold (${flaw}); it was not paid`,
    {
      hint: 'ask another node',
    },
  )

const CREDITED_WITHIN_MS = 3_000
const AGAIN_MS = 1_000
