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

/** Several of them, after the wallet was asked. */
export const stillOpen = (open: readonly Entry[], net: Net): Fault => {
  const sum = open.reduce((all, it) => all + it.msat, 0n)
  // By then a wallet that knows of no payment proves that there was none (spending/journal-news.ts).
  const sure = Math.max(...open.map((it) => it.expiresAt)) + 60_000
  return new Fault(
    'uncertain',
    'payment.unknown',
    `how ${count(open.length, 'payment')} ended is not known yet, ${money(sum, net)} in all`,
    { hint: `do not pay again; ask again, at the latest after ${utc(sure)}: fedai pay resolve` },
  )
}

/** It will not succeed, and cost nothing. An invoice is paid once at most, so the next try needs another. */
export const failed = (it: Pick<Entry, 'reason' | 'maxFee'>): Fault => {
  const reason = it.reason ?? 'other'
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

type End = readonly [kind: FaultKind, sentence: string, hint: string]

const REASONS: Readonly<Record<string, End>> = {
  no_route: ['again', 'the wallet found no way to the payee', 'try later'],
  no_balance: ['again', 'the wallet has too little', 'put money into it'],
  expired: ['again', 'the invoice expired before it was paid', 'be sooner'],
  rejected: ['again', 'the payee refused the payment', 'ask why'],
  over_fee: ['refused', 'routing costs more than it may', 'allow more than --max-fee FEE'],
  over_limit: ['refused', 'the wallet has a limit that this is over', 'raise it in the wallet'],
  wrong_net: ['config', 'the wallet is on another network', 'connect one of this network'],
  unsent: ['again', 'the wallet never got to know of it', 'see that it runs'],
}
