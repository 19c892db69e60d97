import { unixMs } from '../../base/clock.ts'
import { msat } from '../../base/money.ts'
import { utf8 } from '../../base/bytes.ts'
import { sealOutput } from '../../identity/frame-seal.ts'
import { mayTake } from '../../metering/invoice-book-slots.ts'
import { creditFor, creditOut } from '../../metering/tab-credit.ts'
import { drawFlaw } from '../../metering/tab-draw.ts'
import { extend, grant, reserve, reservedFor, settle, tabAt } from '../../metering/tab.ts'
import { draftOf } from '../../protocol/draft.ts'
import { type Signed, eventText, tagValue } from '../../protocol/event.ts'
import { encodeFrame, frameHeader } from '../../protocol/frames.ts'
import { document } from '../../protocol/intake.ts'
import type { Message } from '../../protocol/messages.ts'
import type { JobRefusal } from '../../protocol/progress.ts'
import { isRefusal } from '../../protocol/refusal.ts'
import type { Kept } from '../../storage/store.ts'
import { isUnknown, lacks, noTab } from './lost-books.ts'
import { type JobMessage, type NodeJob, type NodeTurn, tell } from './state.ts'
import { DUE_MS, type Till, commit } from './till.ts'

/** What jobs draw on tabs: reserved when they are taken, charged by their receipts, said by a statement. */

/** The draw that came with a job, checked but not yet taken; null where the job costs nothing or nobody pays here. */
export const drawOf = (
  turn: NodeTurn,
  message: JobMessage,
  text: string | null,
): Message<'draw'> | null | JobRefusal => {
  const { till, signer, net } = turn.state
  const { body, event } = message
  if (!till || body.ceiling === 0n) return null
  const draw = text === null ? null : document(text, till)
  if (!draw) return 'unfunded'
  if (isRefusal(draw) || draw.name !== 'draw' || tagValue(draw.event, 'net') !== net)
    return 'policy'
  const node = tagValue(draw.event, 'p')
  const { job, ticket, client, body: sealedBody, ceiling, timing } = draw.body
  const said = {
    node: node as never,
    job,
    ticket,
    session: client,
    body: sealedBody,
    ceiling,
    timing,
  }
  const flaw = drawFlaw(said, {
    node: signer.pubkey,
    job: body.job,
    ticket: body.ticket,
    session: event.pubkey,
    body: body.body.sha256,
    ceiling: body.ceiling,
    timing: body.timing,
  })
  if (flaw) return 'policy'
  if (lacks(till, draw.event.pubkey, draw.body.has)) return noTab(turn)
  return mayTake(till.held, ticket, draw.event.pubkey, turn.now) ? draw : 'busy'
}

/**
 * Reserves what a job may cost; the first frame leaves when that is on the disk.
 * @returns why not, or null
 */
export const reserveFor = (
  turn: NodeTurn,
  job: NodeJob,
  draw: Message<'draw'>,
): JobRefusal | null => {
  const { state, now } = turn
  const till = state.till!
  const key = draw.event.pubkey
  const granted = draw.body.timing === 'after' ? creditOf(turn, till, key) : []
  const wish = {
    id: draw.event.id,
    key,
    job: job.id,
    ticket: job.ticket,
    ceiling: draw.body.ceiling,
    timing: draw.body.timing,
    text: draw.text,
  }
  const reserved = reserve(till.tabs, wish, now)
  if ('refused' in reserved) {
    commit(turn, till, granted, () => {})
    return reserved.refused === 'unfunded' && isUnknown(till, wish) ? noTab(turn) : reserved.refused
  }
  job.draw = { tab: key, durable: false, statement: null }
  commit(turn, till, [...granted, ...reserved.changes], (later) => {
    job.draw!.durable = true
    goOn(later, job)
  })
  return null
}

/** Whether the job may have cost so much: what is reserved for it is never exceeded. */
export const covers = (turn: NodeTurn, job: NodeJob, cost: bigint): boolean =>
  job.draw === null || cost <= reservedFor(turn.state.till!.tabs, placeOf(job))

/** The tab is used up: the job waits a while for more, and ends then. */
export const needPayment = (turn: NodeTurn, job: NodeJob, cost: bigint): void => {
  const { state, now } = turn
  const till = state.till!
  extendJobs(turn, till, job.draw!.tab)
  if (covers(turn, job, cost) || state.deadlines.has(`funds:${job.tag}`)) return
  state.deadlines.set(`funds:${job.tag}`, unixMs(now + PAUSE_MS))
  const short = String(cost - reservedFor(till.tabs, placeOf(job)))
  const about = { job: job.id, ticket: job.ticket, frames: job.frames.length }
  tell(turn, job, { status: 'need_payment', ...about, short, wait_ms: PAUSE_MS })
}

/** Nobody paid in time: what went out is charged, and the job ends. */
export const onUnpaid = (turn: NodeTurn, job: NodeJob): void => {
  if (job.phase === 'running') turn.effects.push({ do: 'abort', tag: job.tag })
  job.phase = 'ended'
  job.pending = []
  job.pendingBytes = 0
  job.usage = job.frames.at(-1)?.usage ?? {}
  job.end = { finish: 'payment', status: 'partial', reason: 'payment' }
  goOn(turn, job)
}

/** A tab has more on it: open jobs that draw on it get what they lack, and go on. */
export const extendJobs = (turn: NodeTurn, till: Till, tab: string): void => {
  const jobs = [...turn.state.jobs.values()].filter(
    (job) => job.draw?.tab === tab && (job.phase === 'running' || job.phase === 'ended'),
  )
  for (const job of jobs) {
    const changes = extend(till.tabs, placeOf(job), turn.now)
    if (changes.length === 0) continue
    commit(turn, till, changes, (later) => {
      later.state.deadlines.clear(`funds:${job.tag}`)
      goOn(later, job)
    })
  }
}

/** Writes a receipt, what it charges to the tab, and the statement that says so, in one moment. */
export const charge = (
  turn: NodeTurn,
  job: NodeJob,
  kept: Kept,
  cost: bigint,
  then: (turn: NodeTurn) => void,
): void => {
  const { state, now } = turn
  const till = state.till!
  const receipt = { id: kept.id, cost: msat(cost) }
  const { changes, statement } = settle(till.tabs, placeOf(job), receipt, now, DUE_MS)
  const { n, key } = statement
  const content = {
    n,
    paid: String(statement.paid),
    used: String(statement.used),
    reserved: String(statement.reserved),
    receipt: kept.id,
    cost: String(cost),
  }
  const event = state.signer.sign(draftOf('statement', content, { now, net: state.net, to: key }))
  const text = eventText(event)
  const row = { ...statement, id: event.id, text, at: now }
  job.draw!.statement = event
  state.deadlines.clear(`funds:${job.tag}`)
  const all = [
    { do: 'put', table: 'kept', row: kept } as const,
    ...changes,
    { do: 'add', table: 'statements', row } as const,
  ]
  commit(turn, till, all, (later) => {
    then(later)
    sendStatement(later, job)
  })
}

/** The statement goes to the client alone, sealed under the job's own key (frame type 6): each time the same bytes. */
export const sendStatement = (turn: NodeTurn, job: NodeJob): void => {
  if (!job.draw?.statement) return
  const text = eventText(job.draw.statement)
  const header = { type: 'money', last: false, tag: job.tag, seq: 0 } as const
  const bytes = sealOutput(job.secrets.money, frameHeader(header), 0, utf8(text))
  turn.effects.push({ do: 'frame', link: job.link, bytes: encodeFrame({ ...header, bytes }) })
}

const creditOf = ({ now }: NodeTurn, till: Till, key: Message<'draw'>['event']['pubkey']) => {
  const others = creditOut(till.tabs.tabs.values(), key)
  const amount = creditFor(tabAt(till.tabs, key), till.credit, others, now)
  return grant(till.tabs, key, amount, now)
}

/** What waits of its output may go: as soon as this decision is over. */
const goOn = ({ state, now }: NodeTurn, job: NodeJob): void =>
  state.deadlines.set(`flush:${job.tag}`, now)

const placeOf = ({ id, ticket }: NodeJob) => ({ job: id, ticket })

/** What a job has to do with a tab. */
export type JobDraw = {
  tab: Message<'draw'>['event']['pubkey']
  /** What it reserved is on the disk. */
  durable: boolean
  /** What was said of the tab after its receipt. */
  statement: Signed | null
}

/** How long a job waits for a tab that is used up. */
const PAUSE_MS = 20_000
