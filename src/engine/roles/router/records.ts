import { unixMs } from '../../base/clock.ts'
import type { Message } from '../../protocol/messages.ts'
import { commitTo } from '../counter.ts'
import type { LinkId } from '../wire.ts'
import { endJob, forgetJob, releaseNode } from './ending.ts'
import { claimOf, countClaim } from './learning.ts'
import { placingOf } from './moves.ts'
import { chargeRoute } from './packs.ts'
import { useShown } from './proofs.ts'
import { type Turn, decline, forward } from './state.ts'

/** Receipts and acknowledgements: passed on at once, answered when they are on disk. */

export const onReceipt = (turn: Turn, link: LinkId, message: Message<'receipt'>): void => {
  const { state, now } = turn
  const { body, event } = message
  const job = state.jobs.get(body.job)
  const placing = job && placingOf(job, body.ticket)
  if (!job || !placing || placing.node !== event.pubkey || body.client !== job.client)
    return decline(turn, link, message, 'restricted: no such job')
  // Two receipts for one ticket are a lie of the node's; our books take one, and stay open.
  if (placing.receipt !== null) {
    const fields = { node: event.pubkey, job: body.job }
    turn.effects.push({ do: 'log', level: 'warn', event: 'receipt.second', fields })
    return decline(turn, link, message, 'duplicate: receipt')
  }
  placing.receipt = message
  useShown(turn, { job: job.id, node: placing.node, client: job.client })
  state.keeping.set(event.id, link)
  turn.effects.push({ do: 'taken', link })
  const { job: id, ticket } = body
  const by = event.pubkey
  const kept = {
    id: event.id,
    kind: 'receipt',
    job: id,
    ticket,
    by,
    text: message.text,
    at: now,
  } as const
  const route = chargeRoute(turn, job, body.status)
  if (route.length === 0) turn.effects.push({ do: 'keep', kept })
  else
    commitTo(turn, state.fee!, [{ do: 'put', table: 'kept', row: kept }, ...route], (later) =>
      onKept(later, event),
    )
  forward(turn, job.clientLink, message)
  releaseNode(turn, placing)
  placing.claim = claimOf(placing, body, turn)
  turn.effects.push({
    do: 'log',
    level: 'info',
    event: 'job.recorded',
    fields: {
      job: body.job,
      node: event.pubkey,
      task: body.task,
      model: body.model.name,
      status: body.status,
      cost_msat: body.cost,
      ms: body.times.done - body.times.accepted,
      // As it was seen here: what a receipt says of itself is the node's word.
      first_ms: placing.firstAt === null ? null : placing.firstAt - placing.forwardedAt,
      units: Object.values(body.usage).reduce((sum, n) => sum + n, 0),
    },
  })
  if (placing !== job.placings.at(-1)) return
  if (job.phase !== 'over') return endJob(turn, job)
  state.deadlines.set(`job:${job.id}`, unixMs(now + state.bounds.acknowledgementWithinMs))
}

export const onAcknowledgement = (
  turn: Turn,
  link: LinkId,
  message: Message<'acknowledgement'>,
): void => {
  const { state, now } = turn
  const { body, event } = message
  const job = state.jobs.get(body.job)
  const placing = job && placingOf(job, body.ticket)
  if (!job || !placing || job.client !== event.pubkey)
    return decline(turn, link, message, 'restricted: no such job')
  // Before its receipt an acknowledgement would take an open job out of the tables and the limits.
  if (placing.receipt?.event.id !== body.receipt || placing.acknowledged)
    return decline(turn, link, message, 'restricted: no such receipt')
  placing.acknowledged = true
  state.keeping.set(event.id, link)
  turn.effects.push({ do: 'taken', link })
  turn.effects.push({
    do: 'keep',
    kept: {
      id: event.id,
      kind: 'acknowledgement',
      job: body.job,
      ticket: body.ticket,
      by: event.pubkey,
      text: message.text,
      at: now,
    },
  })
  forward(turn, placing.link, message)
  countClaim(turn, job, placing, body.verdict === 'agree')
  if (placing === job.placings.at(-1)) forgetJob(turn, job)
}

/** The ledger has another receipt for this ticket, from before we began: its node lies, and we forget this one. */
export const onUnkept = (turn: Turn, { id }: { id: Message['event']['id'] }): void => {
  const link = turn.state.keeping.get(id)
  turn.state.keeping.delete(id)
  turn.effects.push({ do: 'log', level: 'warn', event: 'receipt.second', fields: { id } })
  if (link === undefined) return
  const message = 'duplicate: receipt'
  turn.effects.push({ do: 'answer', link, id, accepted: false, message })
}

export const onKept = (turn: Turn, message: { id: Message['event']['id'] }): void => {
  const link = turn.state.keeping.get(message.id)
  turn.state.keeping.delete(message.id)
  if (link === undefined || !turn.state.keyOf.has(link)) return
  const { id } = message
  turn.effects.push({ do: 'answer', link, id, accepted: true, message: '', late: true })
}
