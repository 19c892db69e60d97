import { Fault } from '../base/fault.ts'
import { type Msat, showMsat } from '../base/money.ts'
import { matches, taskMatches } from '../metering/pattern.ts'
import type { Ask } from '../protocol/ask.ts'
import type { NoOffer } from '../protocol/offers.ts'
import type { TicketEntry } from '../protocol/ticket.ts'
import type { Where } from '../protocol/where.ts'

/**
 * One offer as the client has checked it: by whom it may be (protocol/where.ts), what, and the ceiling
 * that it computed itself.
 */
export type OfferEntry = Readonly<{ entry: TicketEntry; ceiling: Msat }>

/** What is wanted: the part of an ask that a client can be held to. */
export type Wanted = Pick<Ask, 'task' | 'models' | 'sizes' | 'cap' | 'where'>

/** The offer that was chosen, and the most that the job will cost. */
export type Choice = Readonly<{ chosen: number; ceiling: Msat }>

/**
 * The client's own decision: the first offer, in the router's order, that is what was wanted.
 * The router has filtered by the same rules, and is not believed.
 * @returns the choice, or the Fault that says why there is none
 */
export const choose = (
  offers: Readonly<{ entries: readonly OfferEntry[]; none: NoOffer | null }>,
  wanted: Wanted,
): Choice | Fault => {
  const chosen = offers.entries.findIndex((offer) => flawOf(offer, wanted) === null)
  if (chosen >= 0) return { chosen, ceiling: offers.entries[chosen]!.ceiling }
  return faultOfNone(noneOf(offers, wanted), wanted)
}

/**
 * Why a job cannot be placed, as a Fault: `task.none`, `model.none`, `where.none` (unavailable, 69),
 * `input.too_large` (data, 65), `cap.exceeded` (refused, 77), `payment.none` (unavailable, 69), `offers.busy` (again, 75).
 */
export const faultOfNone = (none: NoOffer, wanted: Wanted): Fault => {
  switch (none.why) {
    case 'task':
      return taskFault(none, wanted)
    case 'model':
      return modelFault(none, wanted)
    case 'too_large':
      return sizeFault(none, wanted)
    case 'cap':
      return capFault(none, wanted)
    case 'payment':
      return new Fault(
        'unavailable',
        'payment.none',
        `no node that offers ${whatOf(wanted)} can be paid as this router asks`,
        { hint: 'ask another router with --router' },
      )
    case 'where':
      return new Fault(
        'unavailable',
        'where.none',
        `no node that --where lets serve offers ${whatOf(wanted)} right now`,
        { hint: whereHint(wanted.where) },
      )
    case 'busy':
      return new Fault(
        'again',
        'offers.busy',
        `every node that offers ${whatOf(wanted)} is busy right now`,
        {
          hint: 'try again in a few seconds',
        },
      )
  }
}

/** What makes an offer unfit, in the order of `NoOffer.why`; null when it is fit. */
const flawOf = ({ entry, ceiling }: OfferEntry, wanted: Wanted): NoOffer['why'] | null => {
  const { models, sizes, cap } = wanted
  if (!taskMatches(wanted.task, entry.task)) return 'task'
  if (models.length > 0 && !models.some((model) => matches(model, entry.model.name))) return 'model'
  if (sizes.bytes > entry.limits.input_bytes || sizes.out_tokens > entry.limits.out_tokens)
    return 'too_large'
  if (cap !== null && ceiling > cap) return 'cap'
  return null
}

const ORDER: readonly NoOffer['why'][] = [
  'task',
  'model',
  'too_large',
  'cap',
  'payment',
  'where',
  'busy',
]

/** What the router said, or, where it offered what was not wanted, what the nearest of its offers lacked. */
const noneOf = (
  { entries, none }: Readonly<{ entries: readonly OfferEntry[]; none: NoOffer | null }>,
  wanted: Wanted,
): NoOffer => {
  const flaws = entries.map((offer) => ({ offer, flaw: flawOf(offer, wanted) ?? 'busy' }))
  if (flaws.length === 0) return none ?? { why: 'busy', have: [], limit: null, cheapest: null }
  const why = flaws.map((it) => it.flaw).toSorted((a, b) => ORDER.indexOf(b) - ORDER.indexOf(a))[0]!
  const near = flaws.filter((it) => it.flaw === why).map((it) => it.offer)
  const limit = Math.max(...near.map((it) => it.entry.limits.input_bytes))
  const cheapest = near.map((it) => it.ceiling).reduce((a, b) => (b < a ? b : a))
  return {
    why,
    have: [],
    limit: why === 'too_large' ? limit : null,
    cheapest: why === 'cap' ? cheapest : null,
  }
}

const taskFault = (none: NoOffer, { task }: Wanted): Fault =>
  new Fault('unavailable', 'task.none', `nobody offers ${bare(task)} right now`, {
    hint:
      none.have.length > 0
        ? `offered are: ${listed(none.have)}`
        : 'start a node, or ask another router with --router',
  })

const modelFault = (none: NoOffer, wanted: Wanted): Fault => {
  const { models, task } = wanted
  const message = `nobody offers ${models.join(' or ') || `a model for ${bare(task)}`} right now`
  const nearest = nearestOf(none.have, models[0] ?? '')
  if (!nearest)
    return new Fault('unavailable', 'model.none', message, {
      hint: `nobody offers another model for ${bare(task)} either; ask another router with --router`,
    })
  return new Fault('unavailable', 'model.none', message, {
    hint: `offered for ${bare(task)} are: ${listed(none.have)}\ntry: --model '${nearest}'`,
  })
}

const sizeFault = (none: NoOffer, { sizes }: Wanted): Fault => {
  // The input fits somewhere: then it is the output that nobody gives so much of.
  if (none.limit !== null && none.limit >= sizes.bytes)
    return new Fault(
      'data',
      'input.too_large',
      `nobody gives as many as ${many(sizes.out_tokens)} output tokens for this input of ${many(sizes.bytes)} bytes`,
      {
        hint: 'lower --max-tokens',
      },
    )
  const most =
    none.limit === null ? '' : `; the most that anybody takes is ${many(none.limit)} bytes`
  return new Fault('data', 'input.too_large', `the input is ${many(sizes.bytes)} bytes${most}`, {
    hint: 'shorten the input, or send it in parts',
  })
}

const capFault = ({ cheapest }: NoOffer, { cap }: Wanted): Fault => {
  if (cap === null || cheapest === null)
    return new Fault('refused', 'cap.exceeded', 'every offer may cost more than --max-price', {
      hint: 'raise --max-price',
    })
  // Rounded for people, unless they would then read two equal numbers.
  const show = showMsat(cheapest) === showMsat(cap) ? exactly : showMsat
  const message = `the cheapest offer may cost up to ${show(cheapest)}, more than --max-price ${show(cap)}`
  const flag = cheapest % 1000n === 0n ? `${cheapest / 1000n}sat` : `${cheapest}msat`
  return new Fault('refused', 'cap.exceeded', message, {
    hint: `allow it with --max-price ${flag}`,
  })
}

/** The condition that is most likely too narrow comes first. */
const whereHint = (where: Where): string => {
  if (where.other_operator)
    return 'a node or router that does not say who runs it is refused: leave --where other-operator out'
  if (where.local) return 'start a node on this machine: fedai up, or leave --where local out'
  if (where.no_proprietary) return 'leave --where no-proprietary out'
  return where.allow.length > 0 ? 'name more nodes, or leave --where out' : 'deny fewer nodes'
}

const exactly = (amount: Msat): string => `${amount.toLocaleString('en-US')} msat`

const whatOf = ({ task, models }: Wanted): string =>
  models.length > 0 ? models.join(' or ') : bare(task)

const bare = (task: string): string => task.replace(/@.*$/, '')

const listed = (have: NoOffer['have']): string =>
  have.map(({ name, nodes }) => `${name} (${nodes})`).join(', ')

/** The name that shares the longest beginning with what was asked for; the most offered among equals. */
const nearestOf = (have: NoOffer['have'], asked: string): string | undefined =>
  have.toSorted((a, b) => shared(b.name, asked) - shared(a.name, asked))[0]?.name

const shared = (a: string, b: string): number => {
  let n = 0
  while (n < a.length && a[n] === b[n]) n++
  return n
}

const many = (n: number): string => n.toLocaleString('en-US')
