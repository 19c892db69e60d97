import { Fault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import type { Finding } from '../../metering/finding.ts'
import type { Net, Signed } from '../../protocol/event.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Receipt } from '../../protocol/receipt.ts'
import { isPaidNow } from './money.ts'
import type { Bundle, Outcome } from './news.ts'
import type { ClientJob, ClientTurn } from './state.ts'
import { routeCost } from './packs.ts'
import { leftAt, troubleAt } from './left.ts'
import { keyOf } from './tabs.ts'

/** What is told of a job when it is over. */

/** The receipt that ended it, our answer, and what we found. */
export type Ending = {
  receipt: Message<'receipt'>
  acknowledgement: Signed
  verified: boolean
  dispute: Finding | undefined
}

export const outcomeOf = (
  turn: ClientTurn,
  job: ClientJob,
  fault: Fault | null,
  ending: Ending | undefined,
): Outcome => {
  const { attempt, times } = job
  const receipt = ending?.receipt.body
  const left = leftOf(turn, job)
  const ceiling = attempt?.offered.ceiling ?? msat(0n)
  return {
    net: turn.state.net,
    job: job.id,
    task: job.task.name,
    model: receipt?.model.name ?? attempt?.offered.entry.model.name ?? '',
    output: outputOf(job),
    finish: receipt?.finish ?? job.finish ?? 'error',
    usage: receipt?.usage ?? attempt?.usageAt.at(-1) ?? {},
    cost: receipt?.cost ?? msat(0n),
    ceiling,
    most: job.said > ceiling ? job.said : ceiling,
    fee: routeCost(job, receipt),
    left,
    paying: msat(0n),
    ...(left === null ? SOUND : troubleAt(turn.state.money!, attempt!.offered.node)),
    leftEnds: endsWithUs(turn, job, left),
    router: turn.state.router,
    node: attempt?.offered.node ?? null,
    times: { ...times, done: turn.now },
    receipt: receipt ?? null,
    bundle: bundleOf(job, ending),
    verified: ending?.verified ?? null,
    dispute: ending?.dispute?.detail ?? null,
    fault,
  }
}

const leftOf = ({ state }: ClientTurn, { attempt }: ClientJob): bigint | null =>
  state.money && attempt?.drawn && keyOf(attempt) === state.money.tab(attempt.offered.node).pubkey
    ? leftAt(state.money, attempt.offered.node)
    : null

const SOUND = { disputedDebt: msat(0n), broken: false }

const endsWithUs = ({ state }: ClientTurn, { attempt }: ClientJob, left: bigint | null): boolean =>
  left !== null && left > 0n && state.money!.view(attempt!.offered.node).session

/** All that came, as the task's output where it makes one: half a text is a text, half a JSON is nothing. */
const outputOf = (job: ClientJob): unknown => {
  if (job.deltas.length === 0) return null
  try {
    return job.task.join(job.deltas)
  } catch {
    return null
  }
}

const bundleOf = (job: ClientJob, ending: Ending | undefined): Bundle => {
  const { attempt, offersMessage } = job
  // Not those of a node that it moved away from: what was paid there is no part of what this one did.
  const invoices = job.invoices.filter(({ pubkey }) => pubkey === attempt?.offered.node)
  const proofs = job.proofs.flatMap(({ node, shown }) =>
    shown && node === attempt?.offered.node ? [shown] : [],
  )
  return {
    ...(offersMessage ? { offers: offersMessage.event } : {}),
    ...(attempt
      ? {
          ticket: attempt.offered.ticket.event,
          sheet: attempt.offered.sheet.event,
          job: attempt.event,
        }
      : {}),
    ...(attempt?.draw ? { draw: attempt.draw } : {}),
    ...(invoices.length > 0 ? { invoices } : {}),
    ...(proofs.length > 0 ? { proofs } : {}),
    ...(attempt?.accepted ? { accepted: attempt.accepted.event } : {}),
    ...(ending ? { receipt: ending.receipt.event, acknowledgement: ending.acknowledgement } : {}),
  }
}

/** What a user may do about a job that broke off: what came is his, and only that can be charged. */
export const keptHint = (job: ClientJob): string =>
  job.times.first === null
    ? 'try again'
    : 'what came was kept; ask again to get the whole, from the beginning'

/** No receipt came: what that means for what was delivered, and for the money. */
export const noReceiptOf = (turn: ClientTurn, job: ClientJob): Fault => {
  const lock = job.attempt?.lock
  if (!lock) return missingReceipt(turn, job)
  if (lock.returned)
    return new Fault('again', 'hold.returned', 'the node gave the money back and no result', {
      hint: 'nothing was paid; ask another node',
    })
  if (!lock.open) return lock.kept ? stillHeld() : notKnown()
  return new Fault('again', 'receipt.missing', 'the node sent no receipt', {
    hint: 'the output is complete, and was paid for',
  })
}

/** Nothing is owed that nobody has signed; but what was paid ahead is the node's, which may sign later. */
const missingReceipt = (turn: ClientTurn, job: ClientJob): Fault => {
  const left = leftOf(turn, job)
  const charged = endsWithUs(turn, job, left)
    ? 'what was paid for it is gone'
    : left === null
      ? 'nothing was charged'
      : 'nothing was charged yet: the node may count it with your next job there'
  return new Fault('again', 'receipt.missing', 'the node sent no receipt', {
    hint: `the output is complete; ${charged}`,
  })
}

const stillHeld = (): Fault =>
  new Fault(
    'uncertain',
    'payment.unknown',
    'the node has neither taken the money that waits for it nor given it back',
    {
      hint: 'do not pay again; the result is kept here, locked: fedai pay resolve opens it once it is paid',
    },
  )

/** What a receipt that is right says about a job that did not end well. */
export const faultOf = (receipt: Receipt): Fault | null => {
  const { status, reason } = receipt
  const why = reason ? ` (${reason})` : ''
  const again = { hint: 'try again' }
  if (status === 'ok' || status === 'partial') return null
  if (status === 'client_cancelled')
    return new Fault('interrupted', 'job.cancelled', 'cancelled', { hint: 'what came was kept' })
  if (status === 'input_refused')
    return new Fault(
      reason === 'incomplete' ? 'again' : 'data',
      'job.input_refused',
      `the node refused the input${why}`,
      {
        hint: 'make the input smaller, or ask for another model',
      },
    )
  if (status === 'timeout')
    return new Fault('again', 'job.timeout', `the deadline passed before the end${why}`, {
      hint: 'give it more time with --deadline',
    })
  const who = status === 'runner_failed' ? 'the runner' : 'the node'
  return new Fault('again', `job.${status}`, `${who} failed before the end${why}`, again)
}

/** @param paying a payment for it is on its way */
export const cancelled = (paying: boolean): Fault =>
  new Fault('interrupted', 'job.cancelled', 'cancelled', {
    hint: paying
      ? 'a payment is on its way; what it pays stays on your tab, what it holds comes back: fedai pay resolve'
      : 'what came was kept',
  })

export const notCredited = (): Fault =>
  new Fault('again', 'funding.uncredited', 'the node does not count what was paid to it', {
    hint: 'look at it with: fedai pay tabs; then ask another node',
  })

/** By our count the tab covers the job, by the node's it does not now: most often others draw on it. */
export const isReserved = (): Fault =>
  new Fault('again', 'tab.reserved', 'what is paid to the node is reserved by jobs still open', {
    hint: 'try again when they have ended; what those of a process that was killed hold is free within 2 minutes\nif it stays so, the node does not count what was paid: fedai pay tabs',
  })

/** Whoever answers at the address has another key than the pinned one; or does not say that it is a router. */
export const wrongKey = (): Fault =>
  new Fault('verification', 'router.wrong_key', 'the router at this address has another key', {
    hint: 'check the address with whoever gave it to you',
  })

export const mute = (): Fault =>
  new Fault('unavailable', 'router.mute', 'what answers at this address is no router', {
    hint: 'check the address, or ask another one with --router',
  })

/** @param theirs null where it is none that we know */
export const otherNet = (theirs: Net | null, ours: Net): Fault =>
  new Fault(
    'unavailable',
    'router.other_net',
    `the router at this address is of ${theirs ? netName(theirs) : 'another network'}, not of ${netName(ours)}`,
    {
      hint: `ask a router of ${ours} with --router${theirs ? `\nor take part there: --net ${theirs}` : ''}`,
    },
  )

const netName = (net: Net): string => (net === 'sim' ? 'sim (play money)' : net)

export const notKnown = (): Fault =>
  new Fault('uncertain', 'payment.unknown', 'nobody can say yet whether a payment went through', {
    hint: 'do not pay again; run: fedai pay resolve',
  })

/** Its node was not paid any more: why, where we know. */
export const unpaidOf = ({ state }: ClientTurn, job: ClientJob): Fault | null => {
  const { finish, unpaid } = job
  if (finish !== 'payment') return null
  if (state.money && isPaidNow(state.money, job.id)) return notKnown()
  return (
    unpaid ??
    new Fault('again', 'job.unpaid', 'the job used up its tab before the end', {
      hint: 'what came was kept; ask again, or pay before it starts: --timing before',
    })
  )
}

/** The node ended it before its last piece. What that was called by the receipt is said, and it is no success. */
export const cutShort = (receipt: Receipt): Fault => {
  const why = receipt.reason ? ` (${receipt.reason})` : ''
  return (
    faultOf(receipt) ??
    new Fault('again', 'job.partial', `the node stopped before the end${why}`, {
      hint: 'try again; what came was kept',
    })
  )
}
