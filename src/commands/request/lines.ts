import type { News, Waiting } from '../../engine/roles/client/news.ts'
import { showMsat } from '../../engine/base/money.ts'
import { count } from '../figures.ts'
import { clockSentence } from '../../engine/protocol/skew.ts'
import type { Skipped } from '../../engine/roles/client/several.ts'
import type { Paint } from '../terminal.ts'
import type { Namer } from '../trust/set.ts'

/** Lines about what happened on the way to a result: failover is said, never silent. */

/** A router that was passed over: `passed over home (npub1x0…9ad) at ws://…: nobody offers …`. */
export const skippedLine = ({ router, fault }: Skipped, show: Namer, paint: Paint): string => {
  const line = `passed over ${show(router.key)} at ${router.address}: ${fault.message}`
  // Somebody who is not who he should be is more than bad luck.
  return fault.kind === 'verification' ? paint.red(line) : paint.yellow(line)
}

/** What is said on the way and does not only pass by: money that left, a job that moves, a link that is lost and back. */
export type EventNews = Extract<
  News,
  {
    type:
      | 'fee'
      | 'proof'
      | 'paying'
      | 'paid'
      | 'statement'
      | 'locked'
      | 'moved'
      | 'link'
      | 'again'
      | 'waiting'
      | 'clock'
  }
>

export const isEvent = (news: News): news is EventNews => EVENTS.has(news.type)

const EVENTS: ReadonlySet<News['type']> = new Set([
  'fee',
  'proof',
  'paying',
  'paid',
  'statement',
  'locked',
  'moved',
  'link',
  'again',
  'waiting',
  'clock',
])

/** An event in one line. */
export const eventLine = (news: EventNews, show: Namer): string => {
  switch (news.type) {
    case 'fee':
      return feeLine(news, show)
    case 'proof':
      return proofLine(news, show)
    case 'paying':
      return payingLine(news, show)
    case 'paid':
      return paidLine(news, show)
    case 'statement':
      return statementLine(news, show)
    case 'locked':
      return `the result is here, locked; ${show(news.node)} has not taken the ${showMsat(news.msat)} yet: waiting until ${clockTime(news.untilMs)}`
    case 'moved':
      return movedLine(news, show)
    case 'link':
      return news.state === 'lost'
        ? 'the connection to the router is lost; looking for it'
        : 'the connection is back, and the job goes on'
    case 'clock':
      return `${clockSentence(news.aheadMs)}; a minute is too much`
    case 'again':
      if (news.reason === 'no_tab')
        return 'the node knows nothing of your tab there; the job is asked for anew, elsewhere'
      if (news.reason === 'unfunded')
        return 'other jobs hold what is left on the tab; the job is asked for anew'
      return 'nobody has the job any more; nothing of it had come, so it is asked for anew'
    case 'waiting':
      return `${WAITS_FOR[news.why]}: asking again until ${clockTime(news.untilMs)}`
  }
}

const WAITS_FOR: Readonly<Record<Waiting, string>> = {
  busy: 'every node that could do it is busy',
  used: 'every ticket was taken by others',
  limited: 'the router takes no more jobs of this key at once',
  sheet: 'the router has not sent the price sheet of its offers',
  gone: 'the nodes that could do it are gone, and may come back',
  crowded: 'the router takes no more connections from your address now',
}

/** By the clock on the wall here: `14:03:07`. */
const clockTime = (ms: number): string => {
  const at = new Date(ms)
  const parts = [at.getHours(), at.getMinutes(), at.getSeconds()]
  return parts.map((it) => String(it).padStart(2, '0')).join(':')
}

/** Said before the first payment: `hub (npub1x0…9ad) takes 10 sat for 100 jobs, and can tell …`. */
const feeLine = ({ router, msat, routes }: Extract<News, { type: 'fee' }>, show: Namer): string =>
  `the router ${show(router)} takes ${showMsat(msat)} for ${count(routes, 'job')}, paid ahead; from now on it can tell that your jobs there are one payer’s`

/** Said before a payment that the router wants to see. */
const proofLine = ({ router }: Extract<News, { type: 'proof' }>, show: Namer): string =>
  `the router ${show(router)} wants to see the payment: each job is paid alone, and what is left of it is lost when this command ends`

/** Said before anything leaves: `pays 10 sat into a tab at mira (npub1q7…k2f), and at most 10 sat for routing`. */
const payingLine = (news: Extract<News, { type: 'paying' }>, show: Namer): string => {
  const [sum, who] = [showMsat(news.msat), show(news.node)]
  const what = {
    tab: `pays ${sum} into a tab at ${who}`,
    job: `pays ${sum} to ${who} for this job alone`,
    hold: `locks ${sum} at ${who} until the whole result is there`,
    after: `pays ${sum} to ${who} for what was used`,
    route: `pays ${sum} to the router ${who}`,
  }[news.for]
  return `${what}, and at most ${showMsat(news.maxFee)} for routing`
}

/** `paid 10 sat to mira (npub1q7…k2f) · fee 1 sat`; what is not used of it stays on the tab there. */
const paidLine = ({ node, msat, fee }: Extract<News, { type: 'paid' }>, show: Namer): string =>
  `paid ${showMsat(msat)} to ${show(node)}${fee === null ? '' : ` · fee ${showMsat(fee)}`}`

/** What a node signed of the tab is not what is so here; where that is shown, it lied. */
const statementLine = (news: Extract<News, { type: 'statement' }>, show: Namer): string =>
  news.lie
    ? `${show(news.node)} lied about your tab: ${news.detail}; it gets nothing more`
    : `${show(news.node)} counts your tab otherwise than you: ${news.detail}`

/** A node that a job left before its first piece: `mira (npub1q7…k2f) did not answer; …`. */
const movedLine = ({ from, to, reason }: Extract<News, { type: 'moved' }>, show: Namer): string => {
  const left = `${from ? show(from) : 'the node'} ${WHY[reason] ?? `gave the job up (${reason})`}`
  return to ? `${left}; the job went on to ${show(to)}` : left
}

const WHY: Readonly<Record<string, string>> = {
  silent: 'did not answer',
  lost: 'is gone',
  busy: 'is busy',
  used: 'gave its slot to somebody else',
  restarted: 'was restarted',
  revoked: 'withdrew its offer',
  expired: 'let its offer expire',
  too_large: 'refused the job as too large',
  policy: 'refused the job by its policy',
  unfunded: 'refused the job as not paid for',
  no_tab: 'knows nothing of your tab there',
  cancelled: 'was told to stop',
}
