import { Fault } from '../../base/fault.ts'
import { type Msat, msat } from '../../base/money.ts'
import { npub, shortNpub } from '../../identity/keys.ts'
import { topUpOf } from '../../metering/tab-top-up.ts'
import type { Timing } from './money.ts'
import type { Offered } from './offered.ts'
import type { ClientJob, ClientTurn } from './state.ts'
import { leftAt } from './left.ts'

/** Why a job cannot be paid as it is asked for, by whose rule, and which way there is. */

/** @param admitted the timings that are left there: by the node's sheet and ticket, and by the router's rule */
export const noTiming = (
  turn: ClientTurn,
  job: ClientJob,
  offered: Offered,
  admitted: readonly Timing[],
): Fault => {
  const isNode = isNodes(job, offered)
  const who = isNode ? 'the node' : `the router ${shortNpub(turn.state.router)}`
  if (admitted.length === 0) return noCommonTiming(who, offered)
  const by = admitted.join(', ')
  const needsTab = admitted.every((it) => it === 'after')
  return new Fault('refused', 'timing.none', `${who} takes this job only paid by: ${by}`, {
    hint:
      needsTab && !isCovered(turn, offered)
        ? throughTab(turn, offered, 'leave --timing out')
        : `allow it with --timing ${admitted[0]}`,
  })
}

/** No word of ours would do: the node takes it in no way in which the router places it. */
const noCommonTiming = (who: string, { node }: Offered): Fault =>
  new Fault('refused', 'timing.none', `${who} takes this job paid by nothing that its node takes`, {
    hint: `ask another node: --where deny:${npub(node)}\nor another router: --router ADDRESS`,
  })

/** Who pays after a job is trusted with no more. */
export const noCredit = (turn: ClientTurn, job: ClientJob, offered: Offered): Fault => {
  const message = 'the node does not let you pay after the job, or not so much'
  const here = admittedBy(job)
  if (here?.every((it) => it !== 'before' && it !== 'stream') ?? false)
    return new Fault(
      'refused',
      'credit.none',
      `${message}; and the router ${shortNpub(turn.state.router)} takes it paid by nothing else`,
      { hint: throughTab(turn, offered, null) },
    )
  return new Fault('refused', 'credit.none', message, {
    hint: 'pay before it: --timing before; credit grows with what was paid',
  })
}

/** What a job draws on first, whenever it is paid, is what lies on the tab: that is filled beforehand. */
const throughTab = (turn: ClientTurn, offered: Offered, first: string | null): string => {
  const { money } = turn.state
  const steps = [first, money?.off ? 'leave --tab off out' : null].filter((it) => it !== null)
  const amount = sumFor(turn, offered)
  return [
    [...steps, 'pay into your tab there before the job, or ask another router'].join(', '),
    `fedai pay top-up ${npub(offered.node)} ${typed(amount)} --yes`,
  ].join('\n')
}

const sumFor = ({ state }: ClientTurn, { node, ceiling, sheet }: Offered): Msat => {
  const { money } = state
  const isTab = money && !money.off
  const left = isTab ? leftAt(money, node) : 0n
  const lack = ceiling > left ? ceiling - left : 0n
  return topUpOf(
    isTab ? money.view(node).seq : 0,
    msat(lack),
    sheet.body.pay?.granularity ?? msat(1n),
  )
}

const isCovered = ({ state }: ClientTurn, { node, ceiling }: Offered): boolean =>
  state.money !== null && !state.money.off && leftAt(state.money, node) >= ceiling

/** Whether it is the node that takes it no other way: the router says which timings it places. */
const isNodes = (job: ClientJob, { row, ticket }: Offered): boolean => {
  const here = admittedBy(job)
  const its = row.timings.filter((it) => ticket.body.timings.includes(it))
  return here === undefined || its.every((it) => here.includes(it))
}

/** Whether it can be paid by nothing but what its tab has, and what the node lends. */
export const isAfterOnly = (job: ClientJob, { row, ticket, ceiling, sheet }: Offered): boolean => {
  const here = admittedBy(job)
  const its = row.timings.filter(
    (it) =>
      ticket.body.timings.includes(it) &&
      (here?.includes(it) ?? true) &&
      (job.wish.timings?.includes(it) ?? true),
  )
  return (
    Boolean(sheet.body.pay) && ceiling > 0n && its.length > 0 && its.every((it) => it === 'after')
  )
}

const admittedBy = (job: ClientJob): readonly Timing[] | undefined =>
  job.offersMessage?.body.timings

const typed = (sum: Msat): string => (sum % 1_000n === 0n ? `${sum / 1_000n}sat` : `${sum}msat`)
