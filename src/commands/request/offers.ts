import type { z } from 'zod'
import { showLeft, showMsat } from '../../engine/base/money.ts'
import { npub } from '../../engine/identity/keys.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { OfferLine } from '../../engine/roles/client/news.ts'
import type { Several } from '../../engine/roles/client/several.ts'
import { count, showMs } from '../figures.ts'
import type { Namer } from '../trust/set.ts'
import { eventLine } from './lines.ts'
import { feeNote, playNote } from './result.ts'
import type { RequestEvent, offersShape } from './shape.ts'

/** What `request --dry-run` says. */

/** The object of `request --dry-run --json`. */
export const offersObject = (
  task: string,
  found: Found,
  events: RequestEvent[],
  net: Net,
): z.output<typeof offersShape> => ({
  v: 1,
  type: 'offers',
  net,
  task,
  router: found.router,
  offers: found.lines.map((line) => ({
    node: line.node,
    model: line.model,
    ceiling_msat: String(line.ceiling),
    first_ms: line.firstMs,
    warm: line.warm,
    reason: line.reason,
  })),
  ceiling_msat: String(found.ceiling),
  router_fee_msat: String(found.fee),
  paid_alone: found.alone,
  wants_proof: found.proof,
  paid_after: found.after,
  input_bytes: found.inputBytes,
  events,
})

const ALONE = ' by an invoice of its own, 1 sat at least'

type Found = Awaited<ReturnType<Several['offers']>>

/** What `request --dry-run` prints for people. @param left on our tab at the node of the first, msat */
export const offersText = (found: Found, left: bigint, show: Namer, net: Net): string => {
  const prices = found.lines.map((line) => showMsat(line.ceiling))
  const width = Math.max(...prices.map((price) => price.length))
  const nodes = found.lines.map((line) => show(line.node))
  const keys = Math.max(...nodes.map((node) => node.length))
  const names = Math.max(...found.lines.map((line) => line.model.length))
  const row = (line: OfferLine, i: number): string =>
    [
      `  ${i + 1}  ${nodes[i]!.padEnd(keys)}`,
      line.model.padEnd(names),
      `at most ${prices[i]!.padStart(width)}`,
      `first in ~${showMs(line.firstMs)}`,
      line.reason,
    ].join('   ')
  return [
    `${count(found.lines.length, 'offer')} of ${show(found.router)}, best first; nothing was sent`,
    ...found.lines.map(row),
    ...(found.after ? [afterLine(found, left, show)] : []),
    ...(found.proof ? [eventLine({ type: 'proof', router: found.router }, show)] : []),
    `input ${count(found.inputBytes, 'byte')} · ceiling ${showMsat(found.ceiling)}${found.alone ? ALONE : ''}${feeNote(found.fee)}${playNote(net)}`,
  ].join('\n')
}

/** Nobody here knows what the node lends to whom: what is paid there before does in any case. */
const afterLine = ({ lines, ceiling }: Found, left: bigint, show: Namer): string => {
  const [{ node }] = lines as [OfferLine]
  const there = `paid after it, out of the ${showLeft(left)} on your tab at ${show(node)}`
  if (left >= ceiling) return there
  // A first one is 10 sat.
  const sum = ceiling > 10_000n ? ` ${(ceiling + 999n) / 1_000n}sat` : ''
  return `${there}, and what that node lends, nothing at first; where both come to less than ${showMsat(ceiling)} the job ends with 77: pay first\n  fedai pay top-up ${npub(node)}${sum}`
}
