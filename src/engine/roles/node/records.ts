import { unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { CHAIN_START, commitInput, commitOutput } from '../../identity/frame-seal.ts'
import { costOf } from '../../metering/cost.ts'
import { draftOf } from '../../protocol/draft.ts'
import { jobTagOf } from '../../protocol/frames.ts'
import type { Rates, Units } from '../../protocol/fields.ts'
import type { Message } from '../../protocol/messages.ts'
import type { ReceiptStatus } from '../../protocol/receipt.ts'
import { charge, covers } from './charging.ts'
import { offerInvoice } from './funding.ts'
import { closeHold } from './holds.ts'
import { settle, unpay } from './owing.ts'
import { release } from './slots.ts'
import type { NodeJob, NodeTurn } from './state.ts'

/** How a job ends for the books: one signed receipt, sent after it is on disk. */

/** Ends a job whatever its state, and writes its receipt. Called once; later calls change nothing. */
export const conclude = (turn: NodeTurn, job: NodeJob): void => {
  if (job.phase === 'recording' || job.phase === 'recorded' || !closeHold(turn, job)) return
  const { state, now } = turn
  if (job.occupies) turn.effects.push({ do: 'abort', tag: job.tag })
  else release(turn, job)
  settle(turn, job)
  job.phase = 'recording'
  job.reader.close()
  for (const what of ['input', 'body', 'flush', 'credit', 'deadline', 'away', 'sync', 'hold'])
    state.deadlines.clear(`${what}:${job.tag}`)
  const content = contentOf(turn, job)
  const { event, text } = state.signer.write(
    draftOf('receipt', content, {
      now,
      net: state.net,
      to: job.client,
      about: job.event.id,
    }),
  )
  turn.effects.push({
    do: 'log',
    level: 'info',
    event: 'job.served',
    fields: servedFields(content),
  })
  state.head = event.id
  job.receipt = event
  state.keeping.set(event.id, job)
  const { id, ticket } = job
  const kept = {
    id: event.id,
    kind: 'receipt',
    job: id,
    ticket,
    by: event.pubkey,
    at: now,
  } as const
  const row = { ...kept, text }
  if (job.draw === null) return void turn.effects.push({ do: 'keep', kept: row })
  charge(turn, job, row, BigInt(content.cost), (later) => {
    onKept(later, event.id)
    offerInvoice(later, job)
  })
}

/** The job ends now: the runner is told, nothing more is sent. What is being paid already is not stopped. */
export const stop = (
  turn: NodeTurn,
  job: NodeJob,
  status: 'client_cancelled' | 'partial',
  reason: string | null,
): void => {
  if (job.phase === 'recording' || job.phase === 'recorded') return
  if (!job.hold?.closing) job.end = { finish: 'cancel', status, reason }
  conclude(turn, job)
}

/** Nobody is there who reads or credits: what runs stops; what had ended is said as it ended. */
export const giveUp = (turn: NodeTurn, job: NodeJob, reason: string): void => {
  if (job.end === null) stop(turn, job, 'partial', reason)
  else conclude(turn, job)
}

/** A receipt is on disk: now, and not before, it leaves the house. */
export const onKept = (turn: NodeTurn, id: Message['event']['id']): void => {
  const { state, now } = turn
  const job = state.keeping.get(id)
  if (!job?.receipt) return
  state.keeping.delete(id)
  // Where the link is lost it is kept, and sent again when that is back (resume.ts).
  turn.effects.push({ do: 'send', link: job.link, outgoing: { event: job.receipt } })
  job.phase = 'recorded'
  // Keys and frames are forgotten at the acknowledgement, or after this long without one.
  state.deadlines.set(`forget:${job.tag}`, unixMs(now + state.bounds.acknowledgementWithinMs))
}

export const onAcknowledgement = (turn: NodeTurn, message: Message<'acknowledgement'>): void => {
  const { body, event } = message
  const job = turn.state.jobs.get(jobTagOf(body.job, body.ticket))
  if (!job || job.client !== event.pubkey || job.phase !== 'recorded' || job.forgotten) return
  if (body.receipt !== job.receipt?.id) return
  const { job: id, ticket } = body
  const kept = {
    id: event.id,
    kind: 'acknowledgement',
    job: id,
    ticket,
    by: event.pubkey,
    at: turn.now,
  } as const
  turn.effects.push({ do: 'keep', kept: { ...kept, text: message.text } })
  if (body.verdict === 'dispute') {
    unpay(turn, job)
    turn.effects.push({
      do: 'log',
      level: 'warn',
      event: 'receipt.disputed',
      fields: { job: id, client: event.pubkey, reason: body.reason },
    })
  }
  forget(turn, job)
}

/** Keys, frames and counts of a job are gone: nobody can read it later, we included. */
export const forget = (turn: NodeTurn, job: NodeJob): void => {
  job.contentKey.fill(0)
  job.hold?.key.fill(0)
  for (const key of Object.values(job.secrets)) key.fill(0)
  for (const what of ['forget', 'sync', 'answered', 'started'])
    turn.state.deadlines.clear(`${what}:${job.tag}`)
  if (job.occupies) job.forgotten = true
  else turn.state.jobs.delete(job.tag)
}

const contentOf = (turn: NodeTurn, job: NodeJob) => {
  const { body, row, entry, frames, router } = job
  const charged = isUnpaid(job) ? 0 : Math.min(job.writer.acknowledgedSeq(), frames.length)
  const status = statusOf(job, charged)
  const usage = usageOf(turn, job, charged, status)
  const surcharge = entry.warm ? msat(0n) : row.cold_surcharge
  const { ceiling } = body
  const cost = costOf({
    rates: row.rates,
    usage,
    minimum: row.minimum,
    surcharge,
    ceiling,
    succeeded: status === 'ok',
  })
  const chain = frames[charged - 1]?.chain ?? CHAIN_START
  const runner = turn.state.runners[job.runner]!.info
  return {
    job: job.id,
    ticket: job.ticket,
    client: job.client,
    router,
    sheet: body.sheet,
    row: body.row,
    task: body.task,
    model: { name: job.model, digest: entry.model.digest ?? null },
    runner,
    usage: { ...usage },
    counted_by: job.countedBy,
    rates: ratesWire(row.rates),
    minimum: String(row.minimum),
    surcharge: String(surcharge),
    cost: String(cost),
    ceiling: String(ceiling),
    times: { accepted: job.acceptedAt, first: job.firstAt, done: turn.now },
    status,
    finish: job.end?.finish ?? ('error' as const),
    reason: job.end?.reason ?? null,
    commit: {
      input: commitInput(job.secrets.commit, job.inputHash),
      output: commitOutput(job.secrets.commit, chain),
      frames: charged,
    },
    prev: turn.state.head,
    sim: turn.state.net === 'sim',
  }
}

const servedFields = ({ times, usage, ...it }: ReturnType<typeof contentOf>) => ({
  job: it.job,
  task: it.task,
  model: it.model.name,
  status: it.status,
  cost_msat: BigInt(it.cost),
  ms: times.done - times.accepted,
  first_ms: times.first === null ? null : times.first - times.accepted,
  out_tokens: usage.out_token ?? null,
})

/** All delivered and credited is `ok`; a whole job whose end nobody credited is `partial`. */
const statusOf = (job: NodeJob, charged: number): ReceiptStatus => {
  const status = job.end?.status ?? 'node_failed'
  const whole = job.sentLast && charged === job.frames.length
  return status === 'ok' && !whole ? 'partial' : status
}

/**
 * What is charged (docs/protocol.md): the usage in the last piece under an authentic credit. Without
 * one nothing, but for a client who cancels after the model has begun to read, where the ticket said so.
 */
const usageOf = (turn: NodeTurn, job: NodeJob, charged: number, status: ReceiptStatus): Units => {
  if (charged > 0) return job.frames[charged - 1]!.usage
  if (isUnpaid(job) || status !== 'client_cancelled' || !job.chargePrefill) return {}
  const cost = costOf({
    rates: job.row.rates,
    usage: job.prefill,
    minimum: msat(0n),
    surcharge: msat(0n),
    ceiling: job.body.ceiling,
    succeeded: false,
  })
  return covers(turn, job, cost) ? job.prefill : {}
}

/** What is paid for the whole or not at all was not paid: nobody has anything of it. */
const isUnpaid = ({ hold }: NodeJob): boolean => hold !== null && hold.outcome !== 'settled'

const ratesWire = (rates: Rates): Record<string, string> =>
  Object.fromEntries(Object.entries(rates).map(([unit, rate]) => [unit, String(rate)]))
