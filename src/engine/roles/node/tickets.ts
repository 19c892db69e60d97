import { unixMs } from '../../base/clock.ts'
import { newTicketKey } from '../../identity/seal.ts'
import { draftOf } from '../../protocol/draft.ts'
import type { TicketEntry } from '../../protocol/ticket.ts'
import { rowFor } from '../../metering/rows.ts'
import type { LinkId } from '../wire.ts'
import { type NodeTurn, say } from './state.ts'
import type { IssuedTicket, RouterRecord, RunnerRecord } from './supply.ts'

/**
 * The capacity of a node, made exact: one ticket for each slot of each runner and each place in the
 * queue behind it, renewed before it expires, issued again when its place is free.
 */

/** A router answered and is the one we meant: tell it who we are, then what is free. */
export const register = (turn: NodeTurn, router: RouterRecord): void => {
  const { state, now } = turn
  const manifest = state.signer.sign(manifestDraft(turn))
  state.deadlines.set(`manifest:${router.link}`, unixMs(now + MANIFEST_LIFE_MS / 2))
  say(
    turn,
    router.link,
    'register',
    {
      boot: state.boot,
      manifest,
      sheet: state.sheet.event,
      capacity: { slots: slotsOf(state.runners), queue: state.queue },
    },
    { to: router.key, expires: unixMs(now + state.bounds.askLifeMs) },
  )
  for (const [index] of state.runners.entries()) issueFor(turn, index)
}

/** A `manifest:` deadline fell due: a node that stays is known for longer than one manifest lasts. */
export const introduceAgain = (turn: NodeTurn, link: LinkId): void => {
  const { state, now } = turn
  if (!state.routers.get(link)?.ready) return
  const event = state.signer.sign(manifestDraft(turn))
  turn.effects.push({ do: 'send', link, outgoing: { event } })
  state.deadlines.set(`manifest:${link}`, unixMs(now + MANIFEST_LIFE_MS / 2))
}

/** Issues what is missing: tickets for every free place of a runner, at every router. */
export const issueFor = (turn: NodeTurn, index: number): void => {
  const { state } = turn
  for (const router of state.routers.values()) {
    if (!router.ready) continue
    for (const place of placesOf(state.runners[index]!, state.queue)) {
      const name = `${index}/${place.slot}:${place.place}`
      if (!state.occupied.has(name) && !state.deadlines.has(renewal(router.link, name)))
        issue(turn, router, index, place)
    }
  }
}

/** Every free place gets another ticket, which takes the older one's place at the router. None is withdrawn. */
export const issueAnew = (turn: NodeTurn): void => {
  for (const [index, runner] of turn.state.runners.entries()) {
    for (const place of placesOf(runner, turn.state.queue))
      stopRenewal(turn, `${index}/${place.slot}:${place.place}`)
    issueFor(turn, index)
  }
}

/** A runner can do other things than before, or nothing: what was offered of it is withdrawn and offered anew. */
export const offerAnew = (turn: NodeTurn, index: number): void => {
  const { state } = turn
  for (const place of placesOf(state.runners[index]!, state.queue))
    stopRenewal(turn, `${index}/${place.slot}:${place.place}`)
  withdraw(turn, (it) => it.runner === index, 'model')
  for (const { link, ready } of state.routers.values()) {
    if (!ready) continue
    const event = state.signer.sign(manifestDraft(turn))
    turn.effects.push({ do: 'send', link, outgoing: { event } })
  }
  issueFor(turn, index)
}

/** Takes open tickets back before their use; routers offer them no more (26431). */
export const withdraw = (
  turn: NodeTurn,
  which: (ticket: IssuedTicket) => boolean,
  reason: 'drain' | 'model',
): void => {
  const { state, now } = turn
  for (const { key, link, ready } of state.routers.values()) {
    const open = [...state.tickets.values()].filter(
      (it) => it.link === link && which(it) && !it.used && it.expires > now,
    )
    for (const it of open) it.used = true
    if (!ready) continue
    const ids = open.map((it) => it.id)
    while (ids.length > 0) {
      const tickets = ids.splice(0, REVOKED_AT_ONCE)
      say(turn, link, 'revoke', { tickets, reason }, { to: key })
    }
  }
}

/** One ticket for one place at one router, and the time at which the next one is due. */
export const issue = (
  turn: NodeTurn,
  router: RouterRecord,
  index: number,
  place: { slot: number; place: number },
): void => {
  const { state, now, random } = turn
  const entries = entriesOf(turn, index, place)
  if (entries.length === 0 || state.draining) return
  const { secret, public: key } = newTicketKey(random)
  const expires = unixMs(now + state.bounds.ticketLifeMs)
  const content = {
    slot: slotOffset(state.runners, index) + place.slot,
    place: place.place,
    boot: state.boot,
    key,
    exclusive: state.routers.size < 2,
    operator: state.operator,
    timings: [...new Set(state.rows.flatMap((row) => row.timings))],
    entries,
  }
  const theirs = unixMs(expires + router.aheadMs)
  const event = say(turn, router.link, 'ticket', content, { to: router.key, expires: theirs })
  const name = `${index}/${place.slot}:${place.place}`
  state.tickets.set(event.id, {
    id: event.id,
    link: router.link,
    runner: index,
    place: name,
    secret,
    entries,
    sheet: state.sheet.body,
    expires,
    used: false,
  })
  // A used or expired ticket is remembered a while, so that a second use is told from a forgery.
  state.deadlines.set(`ticket:${event.id}`, unixMs(expires + state.bounds.ticketLifeMs))
  const renewAt = unixMs(now + (state.bounds.ticketLifeMs * 2) / 3)
  state.deadlines.set(renewal(router.link, name), renewAt)
}

/** A ticket of this place is used up or must be renewed: take back the clock that would renew it. */
export const stopRenewal = (turn: NodeTurn, name: string): void => {
  for (const link of turn.state.routers.keys()) turn.state.deadlines.clear(renewal(link, name))
}

/** A `renew:` deadline fell due. */
export const renew = (turn: NodeTurn, key: string): void => {
  const [, link, name] = /^renew:(\d+):(.+)$/.exec(key)!
  const router = turn.state.routers.get(Number(link))
  if (!router?.ready || turn.state.occupied.has(name!)) return
  const [index, slot, place] = name!.split(/[/:]/).map(Number) as [number, number, number]
  issue(turn, router, index, { slot, place })
}

/** All places of a runner: its slots, and the queue behind each. */
const placesOf = (runner: RunnerRecord, queue: number): { slot: number; place: number }[] =>
  Array.from({ length: runner.slots * (1 + queue) }, (_, i) => ({
    slot: i % runner.slots,
    place: Math.floor(i / runner.slots),
  }))

const entriesOf = (
  turn: NodeTurn,
  index: number,
  { slot, place }: { slot: number; place: number },
): TicketEntry[] => {
  const { state } = turn
  const runner = state.runners[index]!
  // A node with many models spreads them over its tickets: three of them must fit into one event.
  const parts = Math.max(1, Math.ceil(runner.capabilities.length / ENTRIES_PER_TICKET))
  const part = (slot + place * runner.slots) % parts
  const mine = runner.capabilities.filter((_, i) => i % parts === part)
  return mine.flatMap((it) => {
    const row = rowFor(state.sheet.body, it.task, it.model.name)
    if (!row) return []
    return [
      {
        task: it.task,
        model: { ...it.model, proprietary: it.proprietary },
        warm: it.warm,
        eta_ms: it.etaMs + place * runner.typicalMs,
        limits: { input_bytes: it.limits.inputBytes, out_tokens: it.limits.outTokens },
        template: { base: it.template.base, per_message: it.template.perMessage },
        prefill: it.prefill,
        sheet: state.sheet.event.id,
        row: row.row,
      },
    ]
  })
}

const manifestDraft = (turn: NodeTurn) => {
  const { state, now } = turn
  const tasks = new Map<string, Set<string>>()
  for (const runner of state.runners)
    for (const it of runner.capabilities)
      tasks.set(it.task, (tasks.get(it.task) ?? new Set()).add(it.model.name))
  return draftOf(
    'manifest',
    {
      role: 'node',
      ...(state.name === null ? {} : { name: state.name }),
      software: state.software,
      operator: state.operator,
      tasks: [...tasks].map(([task, models]) => ({ task, models: [...models].slice(0, 200) })),
      limits: { slots: slotsOf(state.runners), queue: state.queue },
      doors: [],
      payees: [],
      bands: null,
      bench: null,
      relays: null,
    },
    { now, net: state.net, d: 'node', expires: unixMs(now + MANIFEST_LIFE_MS) },
  )
}

const slotsOf = (runners: readonly RunnerRecord[]): number =>
  runners.reduce((sum, runner) => sum + runner.slots, 0)

const slotOffset = (runners: readonly RunnerRecord[], index: number): number =>
  slotsOf(runners.slice(0, index))

const renewal = (link: LinkId, name: string): string => `renew:${link}:${name}`

const ENTRIES_PER_TICKET = 16
const REVOKED_AT_ONCE = 500
const MANIFEST_LIFE_MS = 24 * 3_600_000
