import { Fault, isFault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import type { Message } from '../../protocol/messages.ts'
import { usualMaxFee } from '../../spending/caps.ts'
import { invoiceFlaw } from '../../spending/invoice-check.ts'
import { finishJob } from './ending.ts'
import { payThenSend } from './funding.ts'
import { openMoney } from './invoices.ts'
import type { PurseEvent } from './purse-effects.ts'
import { notKnown } from './outcome.ts'
import { badInvoice, noInvoice, notPaid } from './payee-faults.ts'
import { type Buying, DEADLINE, askPack, endBuying, showPack, waitForPack } from './packs.ts'
import type { ClientTurn } from './state.ts'
import { readInvoice, wantedOf } from './wanted.ts'

/** A pack of routes is paid: by the router's own invoice, which must be exactly what it offered. */

/** A letter (26437) of the router's. */
export const onRouterMoney = (turn: ClientTurn, message: Message<'money'>): void => {
  const inner = openMoney(turn, message)
  if (inner?.name === 'invoice') onInvoice(turn, inner)
  else if (inner?.name === 'paid') onPaid(turn, inner)
}

/** The router's invoice: paid where it is exactly the pack that it offered. */
const onInvoice = (turn: ClientTurn, { body }: Message<'invoice'>): void => {
  const { state, now } = turn
  const { money, router, net } = state
  const one = money?.packs.buying
  if (!money || one?.phase !== 'asked') return
  const { pack } = one
  const read = readInvoice(body)
  if (!read) return
  const { terms, invoice } = read
  const view = money.view(router)
  const ref = money.tab(router).pubkey
  const seq = Math.max(terms.seq, view.seq + 1)
  const parties = { net, payee: router, payer: ref, router, for: 'route', ref, price: '' } as const
  const flaw = invoiceFlaw(
    { terms: body.terms, bolt11: body.bolt11, signer: router },
    { ...parties, seq, msat: pack.msat },
    {
      now,
      secp: money.secp,
      pinnedKeys: pack.payees,
      allowMemo: pack.bind === 'memo',
      allowUnbound: pack.bind === 'none',
    },
  )
  // It has not seen our last payment yet, or hands out an invoice until its last second.
  if (flaw === 'pay.seq' || flaw === 'pay.expired') return waitForPack(turn, AGAIN_MS)
  if (flaw) return failAll(turn, one, badInvoice('router', flaw))
  one.phase = 'paying'
  one.hash = invoice.paymentHash
  state.deadlines.clear(DEADLINE)
  const maxFee = usualMaxFee(terms.msat)
  const { hash } = one
  const news = {
    type: 'paying',
    hash,
    node: router,
    msat: terms.msat,
    maxFee,
    for: 'route',
  } as const
  const payment = wantedOf(read, { payee: router, ref, maxFee })
  // What one job may cost is said of its node.
  const caps = { ...money.caps, maxPrice: null }
  const rest = { price: msat(0n), used: 0n, hold: false, news } as const
  turn.effects.push({ do: 'pay', node: router, payment, caps, ...rest })
}

/** How the payment of a pack ended. */
export const onPackPayment = (turn: ClientTurn, end: PurseEvent & { type: 'payment' }): void => {
  const one = turn.state.money?.packs.buying
  if (!one || one.phase !== 'paying') return
  const { end: entry } = end
  // Another process of ours was first.
  if (isFault(entry)) {
    if (entry.code === 'payment.repeated') return settled(turn, one)
    return failAll(turn, one, entry)
  }
  if (entry.hash !== one.hash) return
  if (entry.state === 'failed') return failAll(turn, one, notPaid('router', entry, end.lockedUntil))
  if (entry.state !== 'settled') return failAll(turn, one, notKnown())
  settled(turn, one)
}

/** The router says that its wallet has the money. */
const onPaid = (turn: ClientTurn, { body }: Message<'paid'>): void => {
  const { money, router } = turn.state
  const one = money?.packs.buying
  if (!money || !one) return
  // It has found what we had paid before.
  if (one.phase === 'asked' && body.seq === money.view(router).seq) return proceed(turn, one)
  if (body.payment_hash !== one.hash) return
  one.credited = true
  if (one.phase === 'paid') proceed(turn, one)
}

/** A `pack:` deadline fell due: no invoice came that can be paid, or no word that the money did. */
export const onPackDue = (turn: ClientTurn): void => {
  const one = turn.state.money?.packs.buying
  if (!one || one.phase === 'paying') return
  if (one.phase === 'asked') {
    if (one.asks < MOST_ASKS) return askPack(turn, one)
    return failAll(turn, one, noInvoice('router'))
  }
  if (one.asks === 0) return proceed(turn, one)
  // Our wallet says that it is paid: the router's own is looked at when we show the pack.
  one.asks = 0
  showPack(turn)
  waitForPack(turn, CREDITED_WITHIN_MS)
}

const settled = (turn: ClientTurn, one: Buying): void => {
  one.phase = 'paid'
  if (one.credited) return proceed(turn, one)
  waitForPack(turn, CREDITED_WITHIN_MS)
}

/** It is paid: what waited for it goes on. */
const proceed = (turn: ClientTurn, one: Buying): void => {
  const waiting = endBuying(turn, one)
  turn.state.money!.packs.left += one.pack.routes
  for (const job of waiting) {
    const { offered, from } = job.funding!
    // One before it may have used up the whole pack.
    if (job.phase === 'funding') payThenSend(turn, job, offered, from)
  }
}

const failAll = (turn: ClientTurn, one: Buying, fault: Fault): void => {
  for (const job of endBuying(turn, one)) finishJob(turn, job, fault)
}

const AGAIN_MS = 1_000
const MOST_ASKS = 5
/** How long a router may take to say that it has what was paid. */
const CREDITED_WITHIN_MS = 3_000
