import { type UnixMs, unixMs } from '../../base/clock.ts'
import type { Signed } from '../../protocol/event.ts'
import type { PubKey } from '../../protocol/ids.ts'
import { KINDS } from '../../protocol/kinds.ts'
import type { LinkId } from '../wire.ts'
import { endJob, resetPlacing, watch } from './ending.ts'
import { newestLink } from './links.ts'
import { onNodeLost } from './moves.ts'
import { usable } from './pool.ts'
import type { Placing } from './placing.ts'
import type { JobRecord, NodeRecord, RouterState, Turn } from './state.ts'

/** Links that are lost, and may come back: how long a job waits for either of its ends. */

/**
 * Whether an event to this key is ours: to us, or to somebody who is here, or may come back. Nodes are known to all.
 * What is for a key that is no node's is ours only where a node says it: anybody else's is refused as if that key were
 * not here, in the same words and at the same cost, so that nobody learns by speaking to a key whose client is here.
 */
export const isAddressee = (
  state: RouterState,
  key: PubKey,
  { kind, pubkey }: Pick<Signed, 'kind' | 'pubkey'>,
): boolean => {
  const { signer, nodes, linksOf, awaited } = state
  if (key === signer.pubkey) return true
  // Whoever pays waits for its node to be back.
  if (nodes.has(key) || (awaited.get(key) === 'node' && kind !== KINDS.money)) return true
  return nodes.has(pubkey) && (linksOf.has(key) || awaited.has(key))
}

/**
 * What one end of a job says to the other, which is not here: it will be, where we were started anew and that end is not
 * back yet; or it was, and we have forgotten it. It is refused as if a stranger had said it, but warns of nobody.
 */
export const mayBeAbsent = (
  { linksOf }: RouterState,
  { kind, pubkey }: Pick<Signed, 'kind' | 'pubkey'>,
): boolean => BETWEEN_ENDS.has(kind) && linksOf.has(pubkey)

const { progress, sync, rewrap, cancel, receipt, acknowledgement, money } = KINDS
const BETWEEN_ENDS: ReadonlySet<number> = new Set([
  progress,
  sync,
  rewrap,
  cancel,
  receipt,
  acknowledgement,
  money,
])

/** A link of this key is lost: what is for it is ours until then, or longer where that was said before. */
export const awaitKey = (
  { state, now }: Turn,
  key: PubKey,
  until: UnixMs,
  as: 'node' | 'client',
): void => {
  const before = state.deadlines.dueAt(`awaited:${key}`) ?? now
  if (as === 'node' && state.awaited.has(key)) state.awaited.set(key, as)
  if (until <= before) return
  state.awaited.set(key, state.awaited.get(key) ?? as)
  state.deadlines.set(`awaited:${key}`, until)
}

/** Until when receipts of jobs that stand now may come: for as long as they are kept. */
export const receiptsUntil = ({ state, now }: Turn): UnixMs =>
  unixMs(now + state.bounds.resultWaitsMs + state.bounds.acknowledgementWithinMs)

/** Its client has no link: what is sent to it meanwhile is dropped, and sent again when it is back. */
export const onClientAway = (turn: Turn, job: JobRecord): void => {
  const { state, now } = turn
  if (job.phase === 'over') return
  watch(turn, job, 'away', unixMs(now + state.bounds.awayMs))
}

/** It stayed away. What runs is stopped; what its node has finished waits for it a while longer. */
export const onClientGone = (turn: Turn, job: JobRecord): void => {
  const { state, now } = turn
  job.cancelled = true
  for (const placing of job.placings)
    if (!placing.closed) resetPlacing(turn, placing.link, placing, 'peer_gone')
  if (job.phase !== 'accepted') return endJob(turn, job)
  const { awayMs, resultWaitsMs } = state.bounds
  watch(turn, job, 'gone', unixMs(now + Math.max(0, resultWaitsMs - awayMs)))
}

/**
 * The node of a placing has no link. What it never accepted moves at once, and so does what gave no
 * output yet, where another ticket is free: that costs one round trip. Everything else waits for it.
 */
export const onNodeAway = (turn: Turn, job: JobRecord, placing: Placing): void => {
  const { state, now } = turn
  const isCurrent = job.placings.at(-1) === placing && job.phase === 'accepted'
  const canMove =
    placing.firstAt === null &&
    !job.cancelled &&
    job.next.some((it) => usable(state, it, job.client, now))
  if (!isCurrent || canMove) return onNodeLost(turn, job, placing)
  const { awayMs, resultWaitsMs } = state.bounds
  const waits = placing.lastSeen ? resultWaitsMs : awayMs
  watch(turn, job, 'lost', unixMs(now + waits))
}

/** A node registered on a new link. The same run of it goes on with its jobs; another knows none of them. */
export const onNodeBack = (turn: Turn, node: NodeRecord): void => {
  const { state } = turn
  for (const { job: id, placing } of state.byTag.values()) {
    if (placing?.node !== node.key) continue
    const job = state.jobs.get(id)!
    if (placing.boot !== node.boot) {
      if (!placing.closed) onNodeLost(turn, job, placing)
      continue
    }
    placing.link = node.link
    if (placing.closed) continue
    node.openJobs++
    if (job.placings.at(-1) === placing) state.deadlines.clear(`lost:${id}`)
  }
}

/** Whether its client can be reached; one whose link is lost, on the newest link of its key. */
export const reachClient = (turn: Turn, job: JobRecord): boolean => {
  const { state } = turn
  if (state.keyOf.has(job.clientLink)) return true
  const link = newestLink(state, job.client)
  return link !== undefined && linkClient(turn, job, link)
}

/** From now on its client is on this link. False where that one has as many open jobs as it may. */
export const linkClient = ({ state }: Turn, job: JobRecord, link: LinkId): boolean => {
  if (job.clientLink === link) return true
  const open = state.jobsOf.get(link) ?? new Set()
  if (job.phase !== 'over') {
    if (open.size >= state.bounds.jobsPerLink) return false
    state.jobsOf.get(job.clientLink)?.delete(job.id)
    state.jobsOf.set(link, open.add(job.id))
  }
  job.clientLink = link
  state.deadlines.clear(`away:${job.id}`)
  state.deadlines.clear(`gone:${job.id}`)
  return true
}
