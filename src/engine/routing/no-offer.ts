import type { Msat } from '../base/money.ts'
import type { PubKey } from '../protocol/ids.ts'
import type { NoOffer } from '../protocol/offers.ts'
import type { TicketEntry } from '../protocol/ticket.ts'
import type { HeldTicket } from './candidates.ts'

/** How near the entries that did not fit came, gathered while they are filtered. */
export type Near = {
  /** The last filter that any of them reached. */
  step: NoOffer['why']
  /** Who offers each model of the task. */
  models: Map<string, Set<PubKey>>
  largest: number | null
  cheapest: Msat | null
}

/** The order of the filters: who fails at a later one came nearer. */
const STEPS: readonly NoOffer['why'][] = [
  'task',
  'model',
  'too_large',
  'cap',
  'payment',
  'where',
  'busy',
]
/** Names that an answer lists at most (protocol/offers.ts). */
const MOST_NAMES = 50

export const newNear = (): Near => ({
  step: 'task',
  models: new Map(),
  largest: null,
  cheapest: null,
})

/** Notes an entry of the right task that failed at a step. */
export const noteNear = (
  near: Near,
  step: NoOffer['why'],
  held: HeldTicket,
  entry: TicketEntry,
  ceiling: Msat,
): void => {
  if (STEPS.indexOf(step) > STEPS.indexOf(near.step)) near.step = step
  count(near.models, entry.model.name, held.node)
  if (step === 'too_large') near.largest = Math.max(near.largest ?? 0, entry.limits.input_bytes)
  if (step === 'cap' && (near.cheapest === null || ceiling < near.cheapest)) near.cheapest = ceiling
}

/** Why nothing fits, and what there is instead. Only what belongs to the reason is filled in. */
export const noOfferOf = (near: Near, all: Iterable<HeldTicket>): NoOffer => ({
  why: near.step,
  have:
    near.step === 'task' ? listed(tasksOf(all)) : near.step === 'model' ? listed(near.models) : [],
  limit: near.step === 'too_large' ? near.largest : null,
  cheapest: near.step === 'cap' ? near.cheapest : null,
})

const tasksOf = (all: Iterable<HeldTicket>): Map<string, Set<PubKey>> => {
  const tasks = new Map<string, Set<PubKey>>()
  for (const { node, ticket } of all)
    for (const entry of ticket.entries) count(tasks, entry.task, node)
  return tasks
}

const count = (names: Map<string, Set<PubKey>>, name: string, node: PubKey): void => {
  const nodes = names.get(name)
  if (nodes) nodes.add(node)
  else names.set(name, new Set([node]))
}

/** What most nodes offer first; names in order of the alphabet where as many do. */
const listed = (names: Map<string, Set<PubKey>>): NoOffer['have'] =>
  [...names]
    .map(([name, nodes]) => ({ name, nodes: nodes.size }))
    .toSorted((a, b) => b.nodes - a.nodes || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_NAMES)
