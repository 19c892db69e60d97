import type { z } from 'zod'
import { showLeft, showMsat } from '../../engine/base/money.ts'
import { spanOf } from '../../engine/metering/finding.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { PubKey } from '../../engine/protocol/ids.ts'
import type { News, ToppedUp } from '../../engine/roles/client/news.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { utc } from './invoice.ts'
import type { topUpShape } from './shape.ts'
import { emitResult, feeWords, labelled, money, ofCap, orNull, routingWords } from './show.ts'
import type { TopUpOrder } from './top-up.ts'

/** What a top-up says, before and after. */

/** What is about to be paid, for whoever says yes to it. */
export const showPlan = (
  { user, terminal, show, node, last }: TopUpOrder,
  { msat, maxFee, left }: ToppedUp,
): void => {
  const { caps, net, purse } = user
  terminal.progress('')
  terminal.say(
    labelled([
      ['pays', [`${money(msat!, net)}, ${routingWords(maxFee!, user.kind)}`]],
      ['to', [`your tab at ${show(node)}`]],
      ['there', [`${leftText(left)}; at most ${ofExposure(caps.exposure)} may lie there unused`]],
      ...(last ? [['last', [lastText(last, net)]] as const] : []),
      ['before', [`spent today ${ofCap(purse.spentToday(), caps.budget)}`]],
    ]),
  )
}

export const showProgress = ({ terminal, show, user }: TopUpOrder, news: News): void => {
  if (news.type === 'other_invoice') {
    const rest = spanOf(Math.max(1, Math.ceil((news.untilMs - Date.now()) / 1000)))
    const other = `an invoice over ${showMsat(news.msat)} is still out there`
    terminal.say(`${other}: waits until it is paid or ends, ${rest} at most · Ctrl-C leaves`)
  }
  if (news.type === 'funding') terminal.progress(`asking ${show(news.node)} for an invoice`)
  if (news.type === 'paying')
    terminal.progress(`paying ${money(news.msat, user.net)} to ${show(news.node)} · Ctrl-C leaves`)
  if (news.type === 'paid')
    terminal.progress(`paid; waiting for ${show(news.node)} to say that it has it`)
}

/** The result: an object whatever it is; lines for people where it was paid. */
export const tellEnd = async (
  order: TopUpOrder,
  router: PubKey | null,
  end: ToppedUp,
  status: z.output<typeof topUpShape>['status'],
): Promise<void> => {
  const { user, terminal, show, node } = order
  terminal.progress('')
  if (terminal.json) return emitResult(terminal, topUpObject(order, router, end, status), () => '')
  if (status === 'dry_run') return terminal.say('nothing was paid')
  if (!end.paid) return
  const fee = feeWords(end.fee)
  const lines: readonly (readonly [string, readonly string[]])[] = [
    ['node', [show(node)]],
    [
      status === 'paid_before' ? 'paid before' : 'paid',
      [`${end.msat === null ? '' : `${money(end.msat, user.net)} · `}${fee}`],
    ],
    ['tab', [leftText(end.left)]],
  ]
  await terminal.emit(`${labelled(lines)}\n`)
}

const topUpObject = (
  { user, node, last }: TopUpOrder,
  router: PubKey | null,
  { msat, fee, maxFee, left, fault }: ToppedUp,
  status: z.output<typeof topUpShape>['status'],
): z.output<typeof topUpShape> => ({
  v: 1,
  type: 'top_up',
  net: user.net,
  status,
  node,
  router,
  amount_msat: orNull(msat),
  fee_msat: orNull(fee),
  max_fee_msat: orNull(maxFee),
  left_msat: String(left),
  last: last && { amount_msat: String(last.msat), settled_at: last.doneAt ?? last.at },
  spent_today_msat: String(user.purse.spentToday()),
  budget_msat: orNull(user.caps.budget),
  max_exposure_msat: orNull(user.caps.exposure),
  error: fault ? { code: fault.code, message: fault.message, hint: fault.hint ?? null } : null,
})

/** Whoever repeats a command that was killed sees that the first one paid. */
const lastText = (it: Entry, net: Net): string =>
  `${money(it.msat, net)} settled at ${utc(it.doneAt ?? it.at)} and are on the tab; this pays anew`

const leftText = (left: bigint): string =>
  left < 0n ? `owed ${showMsat(-left)}` : `left ${showLeft(left)}`

const ofExposure = (exposure: bigint | null): string =>
  exposure === null ? 'any sum' : showMsat(exposure)
