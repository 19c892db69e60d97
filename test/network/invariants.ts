import { expect } from 'bun:test'
import { BOUNDS } from '../../src/engine/base/bounds.ts'
import { type AuditFinding, audit } from '../../src/engine/metering/audit.ts'
import { document } from '../../src/engine/protocol/intake.ts'
import type { Message } from '../../src/engine/protocol/messages.ts'
import { tagValue } from '../../src/engine/protocol/event.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { jobTagOf } from '../../src/engine/protocol/frames.ts'
import { isRefusal } from '../../src/engine/protocol/refusal.ts'
import { checkBooks } from './books.ts'
import type { Asked, World } from './world.ts'

/**
 * What must hold in every network, whatever went wrong in it: checked on the record of all that
 * crossed a link, with the same audit that `fedai verify` runs, and on what the parties wrote down.
 */
export const checkInvariants = (world: World, asked: readonly Asked[]): void => {
  const messages = messagesOf(world)
  expect(world.faults, 'broken').toEqual([])
  expect(duplicates(acceptances(messages)), 'tickets sold twice').toEqual([])
  const signed = receipts(messages).map((it) => `${it.body.job} ${it.body.ticket}`)
  expect(duplicates(signed), 'receipts signed twice').toEqual([])
  // Signatures, who signed for whom, cost = rates × usage, cost ≤ ceiling, one chain without forks.
  const mistimed = mistimedIn(world, messages)
  const wrong = audit(messages).findings.filter((it) => !it.ok)
  const late = world.bank ? neverAccepted(messages) : NONE
  expect(
    wrong.filter(
      (it) =>
        !(isOfTime(it) && mistimed.has(it.about)) &&
        !(it.check === 'ticket.expiration' && late.has(it.about)),
    ),
  ).toEqual([])
  for (const { body } of receipts(messages)) {
    const prefill = body.status === 'client_cancelled' && body.commit.frames === 0
    if (body.commit.frames === 0 && !prefill) expect(body.cost).toBe(0n as typeof body.cost)
  }
  expect(duplicates(charged(messages).map((it) => it.body.job)), 'paid twice').toEqual([])
  expect(piecesAfterEnd(world), 'frames after the end').toEqual([])
  checkBooks(world, receipts(messages))
  for (const it of asked) checkAsked(it, endsOf(world))
}

/** Documents of jobs of which something was signed under a wrong clock: their times cannot be in order. */
const mistimedIn = (
  world: World,
  messages: readonly Message[],
): ReadonlySet<string | undefined> => {
  const wrong = new Set<string>(
    world.recorded.events
      .filter(({ event, at }) => {
        const aheadMs = event.created_at * 1000 - at
        // A client that is ahead by 20 s signs for tickets that have expired for it alone.
        const isAhead = JOBS.has(event.kind) && aheadMs > BEHIND_MS
        return isAhead || Math.abs(aheadMs) > BOUNDS.freshnessMs
      })
      .map(({ event }) => event.id),
  )
  // A router whose clock is behind by 20 s offers tickets for so long after they expired.
  const behind = new Set<string>(
    world.recorded.events
      .filter(
        ({ event, at }) => event.kind === KINDS.offers && at - event.created_at * 1000 > BEHIND_MS,
      )
      .map(({ event }) => event.id),
  )
  const of = (it: Message) => ('job' in it.body ? it.body.job : it.event.id)
  const isWrong = (it: Message) =>
    wrong.has(it.event.id) || ('offers' in it.body && behind.has(it.body.offers))
  const jobs = new Set(messages.filter(isWrong).map(of))
  return new Set(messages.filter((it) => jobs.has(of(it))).map((it) => it.event.id))
}

/**
 * Jobs that no node took on the ticket that they name. While one waits to be paid its ticket may expire: it goes out all the
 * same, is declined, and is asked for anew with what was paid.
 */
const neverAccepted = (messages: readonly Message[]): ReadonlySet<string | undefined> => {
  const taken = new Set(acceptances(messages))
  return new Set(
    messages.flatMap((it) =>
      (it.name === 'job' || it.name === 'rewrap') && !taken.has(it.body.ticket)
        ? [it.event.id]
        : [],
    ),
  )
}

const NONE: ReadonlySet<string | undefined> = new Set()

const JOBS: ReadonlySet<number> = new Set([KINDS.job, KINDS.rewrap])
/** More than any event is on its way here; half of what a clock jumps by at least. */
const BEHIND_MS = 10_000

const isOfTime = ({ check }: AuditFinding): boolean => /\.(time|expiration)$/.test(check)

/** Whatever ended or was lost: after the longest deadline and the longest wait nothing is kept of it. */
export const checkForgotten = async (world: World): Promise<void> => {
  for (let waited = 0; waited < FORGOTTEN_MS && world.records() > 0; waited += 5_000)
    await world.clock.advance(5_000)
  expect(world.records(), 'tables that still hold jobs').toBe(0)
}

/** Its own 60 s for a credit, 60 s more for a reader who was lost meanwhile, and then its receipt. */
const FORGOTTEN_MS = 180_000

/**
 * Where no link was lost for ten seconds and no process of client or node died, nothing that was accepted
 * is lost: what was moved and found every ticket of its offers gone is asked for anew.
 */
export const checkNothingLost = (asked: readonly Asked[]): void => {
  for (const { news, outcome } of asked) {
    const types = new Set(news.map((it) => it.type))
    if (types.has('accepted')) expect(ENDS).toContain(outcome!.fault?.code ?? 'ok')
  }
}

/** Everybody here keeps their word, however much is lost, late or said twice: nobody is told that somebody did not. */
export const checkNobodyBlamed = (asked: readonly Asked[]): void => {
  const blamed = asked.flatMap(({ outcome }) =>
    outcome?.fault?.kind === 'verification' ? [outcome.fault.code] : [],
  )
  expect(blamed).toEqual([])
}

/**
 * By its runner, its reader, its user, or in time; or moved on to a node that its key owes a piece which was lost on the way;
 * or, where it is paid after it, when others have used up what was left there, on the tab and in trust.
 */
const ENDS = [
  'ok',
  'job.runner_failed',
  'job.cancelled',
  'job.timeout',
  'job.partial',
  'job.policy',
  'credit.none',
]

const checkAsked = (asked: Asked, ends: ReadonlyMap<string, number>): void => {
  const { news, outcome, text } = asked
  const came = news.flatMap((it) => (it.type === 'piece' ? [it.text] : [])).join('')
  // Nothing twice, no hole, and nothing of somebody else's.
  if (text !== undefined) expect(text.startsWith(came), 'output doubled, or with holes').toBe(true)
  // Who died hears of no end; everybody else does, once.
  if (!outcome && !asked.alive()) return
  expect(outcome, 'no end').toBeDefined()
  expect(news.filter((it) => it.type === 'ended')).toHaveLength(1)
  expect(news.at(-1)?.type).toBe('ended')
  if (!outcome!.receipt) expect(outcome!.cost).toBe(0n as never)
  expect(outcome!.cost <= outcome!.ceiling || outcome!.ceiling === 0n).toBe(true)
  expect(outcome!.verified).not.toBe(false)
  // What is called good is whole: its last frame has come.
  if (outcome!.fault !== null) return
  expect(['ok', 'partial']).toContain(outcome!.receipt!.status)
  expect(ends.has(jobTagOf(outcome!.job, outcome!.receipt!.ticket))).toBe(true)
  if (text !== undefined) expect(came, 'good, and not whole').toBe(text)
}

/** All that was said, but for tickets that no job names: they are most of it, and mean nothing. */
const messagesOf = (world: World): Message[] => {
  const { events } = world.recorded
  const jobs = events.filter(({ event }) => event.kind === KINDS.job || event.kind === KINDS.rewrap)
  const taken = new Set(jobs.map(({ event }) => tagValue(event, 'e')))
  return events
    .filter(({ event }) => event.kind !== KINDS.ticket || taken.has(event.id))
    .map(({ text }) => messageOf(world, text))
    .filter((it) => it !== null)
}

const messageOf = (world: World, text: string): Message | null => {
  const message = document(text, { verifier: world.secp })
  return isRefusal(message) ? null : message
}

/** Tickets, once for each job that was accepted on them: to a client that comes back it is said again. */
const acceptances = (messages: readonly Message[]): string[] => {
  const pairs = messages.flatMap((it) =>
    it.name === 'progress' && it.body.status === 'accepted'
      ? [`${it.body.ticket} ${it.body.job}`]
      : [],
  )
  return [...new Set(pairs)].map((pair) => pair.split(' ', 1)[0]!)
}

const receipts = (messages: readonly Message[]): Message<'receipt'>[] =>
  messages.filter((it) => it.name === 'receipt')

/** A job may be begun by two nodes, one after the other; output is paid to one of them. */
const charged = (messages: readonly Message[]): Message<'receipt'>[] =>
  receipts(messages).filter(({ body }) => body.commit.frames > 0)

export const duplicates = (keys: readonly string[]): string[] => {
  const seen = new Set<string>()
  return keys.filter((key) => seen.size === seen.add(key).size)
}

/** Output frames of a tag with a higher seq than the one flagged last. */
const piecesAfterEnd = (world: World): string[] => {
  const ends = endsOf(world)
  return world.recorded.frames.flatMap(({ frame }) =>
    frame.type === 'output' && frame.seq > (ends.get(frame.tag) ?? Infinity)
      ? [`${frame.tag} ${frame.seq}`]
      : [],
  )
}

/** The seq of the frame flagged last, by tag. */
const endsOf = (world: World): ReadonlyMap<string, number> =>
  new Map(
    world.recorded.frames.flatMap(({ frame }) =>
      frame.type === 'output' && frame.last ? [[frame.tag as string, frame.seq]] : [],
    ),
  )
