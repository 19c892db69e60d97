import { type UnixMs, systemClock, unixMs } from '../../engine/base/clock.ts'
import { Fault, type FaultKind } from '../../engine/base/fault.ts'
import { showMsat } from '../../engine/base/money.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { count } from '../figures.ts'
import { utc } from './invoice.ts'
import { money } from './show.ts'

/** How payments end that did not settle, as Faults. */

export const RESOLVE = 'do not pay again; run: fedai pay resolve'

/** Nobody can say yet: 80. @param left true where it was Ctrl-C that ended the waiting */
export const uncertain = (it: Pick<Entry, 'msat'>, net: Net, left = false): Fault =>
  new Fault(
    'uncertain',
    left ? 'payment.left' : 'payment.unknown',
    left
      ? `you left while ${money(it.msat, net)} was on its way: it may still arrive`
      : `it is not known yet whether ${money(it.msat, net)} arrived`,
    { hint: RESOLVE },
  )

/**
 * Several of them, after the wallet was asked.
 * @param wallet fingerprint of the wallet that is connected, or is to be
 */
export const stillOpen = (
  open: readonly Entry[],
  net: Net,
  wallet: string,
  how: 'is' | 'would be' = 'is',
  now: UnixMs = systemClock.now(),
): Fault => {
  const what = notKnownOf(open, net)
  const others = open.filter((it) => it.wallet !== wallet)
  const ask = `fedai pay resolve --net ${net}`
  const giveUp = `${ask} --give-up HASH`
  if (others.length > 0)
    return new Fault(
      'uncertain',
      'payment.other_wallet',
      `${what}: ${sentBy(others, open.length, net)}, and ${wallet} ${how} connected`,
      {
        hint: others.some((it) => it.wallet !== null)
          ? `do not pay again; ${bringBack(net)}, then: ${ask}\nwhere it is gone for good: ${giveUp}`
          : // Whatever is connected was asked: it may well be the one, and that it arrived is all that is believed.
            `do not pay again; where another was connected then, ${bringBack(net)}, then: ${ask}\nwhere none says that it arrived: ${giveUp}`,
      },
    )
  // By then a wallet that knows of no payment proves that there was none (spending/journal-news.ts).
  const sure = unixMs(Math.max(...open.map((it) => it.expiresAt)) + 60_000)
  return new Fault('uncertain', 'payment.unknown', what, {
    hint:
      now < sure
        ? `do not pay again; ask again, at the latest after ${utc(sure)}: fedai pay resolve`
        : `do not pay again; it is on its way still, or the wallet does not say\nwhat a payee holds comes back by itself, in a day or two; ask again: fedai pay resolve`,
  })
}

/** Several of them, where no wallet can be asked. @param why what keeps it from that */
export const unasked = (open: readonly Entry[], net: Net, why: Fault): Fault =>
  new Fault('uncertain', 'payment.unasked', `${notKnownOf(open, net)}: ${why.message}`, {
    hint: `do not pay again; ${why.hint ?? 'see that the wallet answers: fedai pay status'}\nthen: fedai pay resolve --net ${net}`,
    cause: why,
  })

const notKnownOf = (open: readonly Entry[], net: Net): string => {
  const sum = open.reduce((all, it) => all + it.msat, 0n)
  return `how ${count(open.length, 'payment')} ended is not known yet, ${money(sum, net)} in all`
}

/** Which wallets sent them: `it was sent on sim by the wallet sim-9f2c41d07ab3e518`. */
const sentBy = (others: readonly Entry[], all: number, net: Net): string => {
  const wallets = [...new Set(others.map((it) => it.wallet))]
  const names = wallets
    .slice(0, MOST_NAMED)
    .map((it) => (it ? `the wallet ${it}` : 'a wallet that is not on record'))
  if (wallets.length > MOST_NAMED) names.push(`${wallets.length - MOST_NAMED} more`)
  const n = others.length
  const which =
    all === 1 ? 'it was' : n === all ? 'they were' : `${n} of them ${n === 1 ? 'was' : 'were'}`
  return `${which} sent on ${net} by ${names.join(', ')}`
}

/** Wallets that one sentence names. */
const MOST_NAMED = 3

/** How the wallet that sent them is connected again. */
const bringBack = (net: Net): string =>
  net === 'sim'
    ? 'bring back the wallet that sent it: wallet-sim.connection, or without it the pay.identity, as it was'
    : `connect the wallet that sent it: fedai pay connect --net ${net} --file FILE`

/** It will not succeed, and cost nothing. An invoice is paid once at most, so the next try needs another. */
export const failed = (it: Pick<Entry, 'reason' | 'maxFee'>): Fault => {
  const reason = it.reason ?? 'other'
  if (reason === 'given_up') return givenUp()
  const [kind, sentence, hint] = REASONS[reason] ?? [
    reason.startsWith('wallet.') ? 'unavailable' : 'again',
    `the wallet did not take it (${reason})`,
    'see: fedai pay status',
  ]
  const what = hint.replace('FEE', showMsat(it.maxFee))
  return new Fault(
    kind,
    `payment.${reason.replace(/^wallet\./, '')}`,
    `${sentence}; nothing was paid`,
    {
      hint: `${what}, then ask the payee for a new invoice`,
    },
  )
}

/** Only its user said that it failed. */
const givenUp = (): Fault =>
  new Fault('refused', 'payment.given_up', 'you gave this payment up; it may have arrived', {
    hint: 'ask the payee whether it has it, or for a new invoice',
  })

type End = readonly [kind: FaultKind, sentence: string, hint: string]

const REASONS: Readonly<Record<string, End>> = {
  no_route: ['again', 'the wallet found no way to the payee', 'try later'],
  elsewhere: [
    'config',
    'the invoice is of the play money of another home, or of regtest',
    'each home has play money of its own: use one FEDAI_HOME for both',
  ],
  no_balance: ['again', 'the wallet has too little', 'put money into it'],
  expired: ['again', 'the invoice expired before it was paid', 'be sooner'],
  rejected: ['again', 'the payee refused the payment', 'ask why'],
  over_fee: ['refused', 'routing costs more than it may', 'allow more than --max-fee FEE'],
  over_limit: ['refused', 'the wallet has a limit that this is over', 'raise it in the wallet'],
  wrong_net: ['config', 'the wallet is on another network', 'connect one of this network'],
  unsent: ['again', 'the wallet never got to know of it', 'see that it runs'],
}
