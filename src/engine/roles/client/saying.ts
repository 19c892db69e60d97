import { isFault } from '../../base/fault.ts'
import type { JobId } from '../../protocol/ids.ts'
import type { PurseEvent } from './purse-effects.ts'
import { waitingForPack } from './packs.ts'
import { NOBODY, paidNews } from './paid-news.ts'
import type { ClientTurn } from './state.ts'
import { tellTopUp } from './top-up-end.ts'
import { waitingFor } from './waiting.ts'
import { placeOf } from './money.ts'

/**
 * What is said of payments: `paying` by the process that makes one, before anything leaves, and `paid` once for each of
 * these. Other processes of the user share tab and ledger; what they pay is theirs to say.
 */

/**
 * A payment is about to leave: who waits for it hears of it; where nobody does, whose job there has just ended. Where
 * that was told already, whoever opened the client hears it (`background`): no sum leaves unsaid.
 */
export const onBegun = (
  turn: ClientTurn,
  { node, ref, hash, news }: Extract<PurseEvent, { type: 'begun' }>,
): void => {
  const money = turn.state.money!
  const { buying } = money.packs
  const one = money.funding.get(placeOf(node, ref))
  if (one?.topUp) tellTopUp(turn, one.topUp, news)
  const isPack = node === turn.state.router && buying?.hash === hash
  const waiting = isPack ? waitingForPack(turn, buying) : one ? waitingFor(turn, one) : []
  const jobs = waiting.map(({ id }) => id)
  if (jobs.length === 0 && one?.topUp) return
  if (jobs.length === 0) jobs.push(...endedAt(turn, news.node))
  if (jobs.length === 0) jobs.push(NOBODY)
  money.saidTo.set(hash, jobs)
  for (const job of jobs) turn.effects.push({ do: 'tell', job, news })
}

/** How a payment of ours ended: who heard that it is paid hears that it was. */
export const sayPaid = (
  { state, effects }: ClientTurn,
  { node, hash, end }: Extract<PurseEvent, { type: 'payment' }>,
): void => {
  const { saidTo } = state.money!
  const jobs = saidTo.get(hash) ?? []
  saidTo.delete(hash)
  if (isFault(end) || end.state !== 'settled') return
  for (const job of jobs) effects.push({ do: 'tell', job, news: paidNews(node, end) })
}

/** Jobs there that have ended, and are not told to have. */
const endedAt = ({ state }: ClientTurn, node: string): JobId[] =>
  [...state.money!.telling.values()].flatMap(({ outcome }) =>
    outcome.node === node ? [outcome.job] : [],
  )
