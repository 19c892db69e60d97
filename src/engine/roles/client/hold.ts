import { BOUNDS } from '../../base/bounds.ts'
import { Fault } from '../../base/fault.ts'
import { type Msat, msat } from '../../base/money.ts'
import type { PaymentHash, Preimage, PubKey } from '../../protocol/ids.ts'
import type { Message } from '../../protocol/messages.ts'
import type { Plan } from './plan.ts'
import type { Offered } from './offered.ts'
import { noRoom } from './results.ts'
import type { Attempt, ClientJob, ClientTurn } from './state.ts'

/** Jobs that are paid for the whole or not at all: their money waits at the node, their result comes locked. */

/** What waits for a job at one node. */
export type ClientHold = {
  readonly node: PubKey
  readonly hash: PaymentHash
  readonly msat: Msat
  /** `held`: the node says that its wallet has it waiting. `over`: it comes back, or was taken. */
  state: 'paying' | 'held' | 'over'
  preimage: Preimage | null
}

/** What came of a job, under a key that paying for it reveals. */
export type Lock = {
  frames: { header: Uint8Array; seq: number; last: boolean; bytes: Uint8Array }[]
  /** All of it has come. */
  whole: boolean
  /** It is on our disk: only then does the node hear that we have it. */
  kept: boolean
  /** It was opened, or what came does not open. */
  open: boolean
  /** Our own wallet says that it paid; or that the money is back. */
  settled: boolean
  returned: boolean
  /** A receipt that waits for all that. */
  receipt: Message<'receipt'> | null
  /** It was waited for long enough. */
  waited: boolean
}

export const newLock = (): Lock => ({
  frames: [],
  whole: false,
  kept: false,
  open: false,
  settled: false,
  returned: false,
  receipt: null,
  waited: false,
})

/** Output frames that have come, open or locked. The last of a locked result counts from when it is on our disk. */
export const framesIn = ({ lock, usageAt }: Attempt): number =>
  lock && !lock.open ? lock.frames.length - (lock.whole && !lock.kept ? 1 : 0) : usageAt.length

/** Its whole result is here, locked, and its node may still take what waits for it, or give that back. */
export const isHeld = ({ deadlines }: ClientTurn['state'], job: ClientJob): boolean =>
  job.attempt?.lock?.open === false && deadlines.has(`held:${job.id}`)

/** How a job is paid by `hold`; or why it cannot be. The money is locked a while whatever comes, so little is. */
export const holdPlan = (
  { state }: ClientTurn,
  job: ClientJob,
  { node, entry, ceiling }: Offered,
): Plan | Fault => {
  const money = state.money!
  const own = job.holds.get(node)
  if (own?.state === 'over') return holdOver()
  if (own?.state === 'held') return { timing: 'hold', needed: msat(0n) }
  if (!money.shows()) return noPreimage()
  if (entry.eta_ms > BOUNDS.holdEtaMs) return tooSlow(entry.eta_ms)
  const open = [...money.holds.values()].filter((it) => it.node === node)
  if (!own && open.length >= MOST_HOLDS) return tooMany()
  // Each that has not come yet needs a place, too.
  const coming = [...money.holds.values()].filter((it) => !it.delivered)
  if (!own && !money.room(coming.length)) return noRoom()
  return { timing: 'hold', needed: ceiling }
}

const noPreimage = (): Fault =>
  new Fault(
    'refused',
    'hold.wallet',
    'your wallet does not always show what opens a result that is paid by hold',
    { hint: 'pay another way: --timing before' },
  )

const tooSlow = (ms: number): Fault =>
  new Fault(
    'refused',
    'hold.slow',
    `the node needs about ${Math.ceil(ms / 1000)} s, too long to lock money for`,
    { hint: 'pay another way: --timing before' },
  )

const tooMany = (): Fault =>
  new Fault('again', 'hold.busy', `${MOST_HOLDS} payments are held at this node already`, {
    hint: 'wait for them, or pay another way: --timing before',
  })

/** Its node gives a payer no more of them. */
export const holdsOut = (): Fault =>
  new Fault(
    'again',
    'hold.busy',
    `the node gives no more than ${MOST_HOLDS} invoices by hold at once, and yours are out still`,
    {
      hint: 'each ends a minute after it was made; try again then, or pay another way: --timing before',
    },
  )

export const holdOver = (): Fault =>
  new Fault('again', 'hold.over', 'the node let the payment for this job go', {
    hint: 'nothing was paid; try again, or ask another node',
  })

/** From its last frame on: a node lets go of what it holds within 90 s, and our own wallet hears of that. */
export const HELD_MS = 120_000
/** At one node, of this process: also those that it should have let go of long ago. */
const MOST_HOLDS = 2
