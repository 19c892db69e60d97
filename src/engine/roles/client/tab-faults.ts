import { Fault } from '../../base/fault.ts'
import { npub } from '../../identity/keys.ts'
import type { PubKey } from '../../protocol/ids.ts'

/** Why the tab at a node gets nothing more. */

export const disputedTab = (node: PubKey): Fault =>
  new Fault(
    'verification',
    'tab.disputed',
    'this node counts a sum as owed that you disputed: what it is paid would pay that first',
    { hint: elsewhere(node) },
  )

export const brokenTab = (node: PubKey): Fault =>
  new Fault(
    'verification',
    'tab.broken',
    'this node broke its word about your money, and gets nothing more',
    { hint: elsewhere(node) },
  )

/** For a job. With one node alone at a router there is no other way than another router. */
export const elsewhere = (node: PubKey): string =>
  `ask another node: --where deny:${npub(node)}\nwhere no other does it there, another router: --router`

/** The same for who only wants to pay into a tab. */
export const asTopUp = (fault: Fault): Fault =>
  REFUSED.has(fault.code)
    ? new Fault(fault.kind, fault.code, fault.message, {
        hint: 'nothing was paid; pay into your tab at another node, or at none: jobs pay as they go',
      })
    : fault

const REFUSED: ReadonlySet<string> = new Set(['tab.broken', 'tab.disputed', 'tab.lost'])
