import type { UnixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { showMsat } from '../../base/money.ts'
import type { Terms } from '../../protocol/terms.ts'
import type { Funding } from './money.ts'
import { clockTime } from '../../spending/journal-retry.ts'
import type { Entry } from '../../spending/journal-rows.ts'

/** Why a payee was not paid: a node for its jobs, a router for its fee. */

export type Payee = 'node' | 'router'

/** What stands in the invoice is not what was agreed. @param flaw a word of spending/invoice-check.ts */
export const badInvoice = (payee: Payee, flaw: string): Fault =>
  new Fault(
    'verification',
    CODES[payee].bad,
    payee === 'node'
      ? `the node's invoice does not hold (${flaw}); it was not paid`
      : `the router's invoice is not for what it offered (${flaw}); it was not paid`,
    { hint: OTHERS[payee] },
  )

export const noInvoice = (payee: Payee): Fault =>
  new Fault(
    'again',
    CODES[payee].silent,
    payee === 'node'
      ? 'the node sent no invoice'
      : 'the router sent no invoice for its fee that can be paid',
    { hint: `try again, or ${OTHERS[payee]}` },
  )

/** Its node gives a payer no more of them, and some of ours can be paid still. */
export const invoicesOut = (): Fault =>
  new Fault(
    'again',
    'invoice.busy',
    'the node gives you no more invoices at once: some of yours are out still, and not paid',
    { hint: `each ends two minutes after it was made; try again then, or ${OTHERS.node}` },
  )

/**
 * Our wallet says that it failed, and why.
 * @param lockedUntil when its invoice ends, where nothing is paid in its place before: a wallet that may pay a hash twice
 *   is not asked to; null where it may be tried again at once
 */
export const notPaid = (
  payee: Payee,
  { reason }: Pick<Entry, 'reason'>,
  lockedUntil: UnixMs | null = null,
): Fault => {
  const what = payee === 'node' ? 'the node' : `the router's fee`
  if (reason === 'elsewhere')
    return new Fault(
      'config',
      CODES[payee].failed,
      `${what} could not be paid: its play money is of another home than yours`,
      {
        hint: `each home has play money of its own: use one FEDAI_HOME for both, or ${OTHERS[payee]}`,
      },
    )
  const when = lockedUntil === null ? '' : ` after ${clockTime(lockedUntil)}, with another invoice`
  return new Fault(
    'again',
    CODES[payee].failed,
    `${what} could not be paid (${reason ?? 'no reason given'})`,
    { hint: `look at your wallet: fedai pay status; then try again${when}${OR[payee]}` },
  )
}

/**
 * Over a cap is what a node takes into a tab at least; the job behind it needs less, and can be paid alone.
 * @param over the Fault of the cap
 */
export const orAlone = (
  over: Fault,
  { msat: sum }: Pick<Terms, 'msat'>,
  { needed, topUp }: Pick<Funding, 'needed' | 'topUp'>,
): Fault =>
  topUp || needed >= sum || over.code === 'cap.exceeded'
    ? over
    : new Fault(over.kind, over.code, over.message, {
        hint: `${over.hint}\na tab takes ${showMsat(sum)} at least; this job needs ${showMsat(needed)}, and is paid alone with: --tab off`,
      })

const CODES = {
  node: { bad: 'invoice.wrong', silent: 'funding.silent', failed: 'payment.failed' },
  router: { bad: 'fee.invoice', silent: 'fee.silent', failed: 'fee.failed' },
} as const
const OTHERS = { node: 'ask another node', router: 'ask another router with --router' } as const
const OR = { node: '', router: `\nor ${OTHERS.router}` } as const
