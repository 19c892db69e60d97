import { BOUNDS, type Bounds, KIB, MIB } from '../bounds.ts'
import { writeBytes, writeMs } from '../units.ts'
import { type Setting, setting } from './setting.ts'
import { size, span, whole } from './values.ts'

const HOUR = 3_600_000

type Limit = Readonly<{
  bound: keyof Bounds
  least: number
  most: number
  doc: string
}>

/** Those that two parties agree on, so that nobody may set them alone. */
export const AGREED: readonly (keyof Bounds)[] = [
  'eventBytes',
  'jsonDepth',
  'sealedJsonDepth',
  'frameBytes',
  'windowBytes',
  'windowBytesMax',
  'inlineBodyBytes',
  'offers',
  'freshnessMs',
  'ticketLifeMinMs',
  'ticketLifeMaxMs',
  'askLifeMs',
  'receiptWithinMs',
  'acknowledgementWithinMs',
  'creditWithinMs',
  'lastCreditWithinMs',
  'stalledMs',
  'backPerSecond',
  'awayMs',
  'resultWaitsMs',
  'coalesceBytes',
  'holdEtaMs',
  'lockedBlocks',
]

/**
 * The limits of docs/protocol.md, section 7, that are the business of one party alone, by their key
 * under `limits.`. The others are agreed between two parties: whoever set them would talk to nobody.
 */
const LIMITS = {
  input: { bound: 'inputBytes', least: KIB, most: BOUNDS.inputBytes, doc: 'Most input of a job.' },
  output: {
    bound: 'outputBytes',
    least: KIB,
    most: BOUNDS.outputBytes,
    doc: 'Most output of a job that is taken from a node or a runner.',
  },
  windows_per_link: {
    bound: 'windowsPerLinkBytes',
    least: 256 * KIB,
    most: 256 * MIB,
    doc: 'Most that all jobs of a link may have on the way to us.',
  },
  unsent_per_link: {
    bound: 'unsentPerLinkBytes',
    least: MIB,
    most: 256 * MIB,
    doc: 'Most that waits for the network on a link; beyond it no frames are taken.',
  },
  jobs_per_link: { bound: 'jobsPerLink', least: 1, most: 10_000, doc: 'Open jobs of a link.' },
  subscriptions_per_link: {
    bound: 'subscriptionsPerLink',
    least: 4,
    most: 1_000,
    doc: 'Subscriptions of a link.',
  },
  filters_per_subscription: {
    bound: 'filtersPerSubscription',
    least: 1,
    most: 100,
    doc: 'Filters of a subscription.',
  },
  events_burst: {
    bound: 'eventsBurst',
    least: 20,
    most: 1_000_000,
    doc: 'Events of a link at once.',
  },
  events_per_second: {
    bound: 'eventsPerSecond',
    least: 10,
    most: 1_000_000,
    doc: 'Events a second of a link, after the burst.',
  },
  syncs_burst: {
    bound: 'syncsBurst',
    least: 1,
    most: 100_000,
    doc: 'Jobs that a link may take up again at once.',
  },
  syncs_per_second: {
    bound: 'syncsPerSecond',
    least: 1,
    most: 100_000,
    doc: 'Jobs a second that a link may take up again, after the burst.',
  },
  stray_bytes_per_second: {
    bound: 'strayBytesPerSecond',
    least: 1 * KIB,
    most: 100 * MIB,
    doc: 'Bytes a second that a key which is not known yet may send outside accepted jobs.',
  },
  asks_per_second_unknown: {
    bound: 'asksPerSecondUnknown',
    least: 1,
    most: 100_000,
    doc: 'Asks a second of a key that is not known yet; known keys may ask ten times as often.',
  },
  open_jobs_unknown: {
    bound: 'openJobsUnknown',
    least: 1,
    most: 10_000,
    doc: 'Open jobs of a key that is not known yet.',
  },
  held_tickets_unknown: {
    bound: 'heldTicketsUnknown',
    least: 1,
    most: 1_000,
    doc: 'Tickets held for a key that is not known yet.',
  },
  keys_per_address: {
    bound: 'keysPerAddress',
    least: 1,
    most: 100_000,
    doc: 'Proven keys of a network address; it may have twice as many connections.',
  },
  handshake: {
    bound: 'handshakeMs',
    least: 500,
    most: 60_000,
    doc: 'Longest handshake of a connection, and longest goodbye.',
  },
  auth: { bound: 'authMs', least: 500, most: 60_000, doc: 'Longest wait for the proof of a key.' },
  idle: {
    bound: 'idleMs',
    least: 2 * BOUNDS.pingMs,
    most: 24 * HOUR,
    doc: 'Longest silence on a link before it is closed.',
  },
  ping: {
    bound: 'pingMs',
    least: 1_000,
    // The other side may have set its `idle` as low as it goes: twice this.
    most: BOUNDS.pingMs,
    doc: 'Time between the pings of the side that dialled.',
  },
  link_lost: {
    bound: 'linkLostMs',
    least: 1_000,
    most: 60_000,
    doc: 'Longest wait for the answer to a ping.',
  },
  ticket_life: {
    bound: 'ticketLifeMs',
    least: BOUNDS.ticketLifeMinMs,
    most: BOUNDS.ticketLifeMaxMs,
    doc: 'Life of the tickets that a node issues.',
  },
  hold: {
    bound: 'holdMs',
    least: 500,
    most: BOUNDS.ticketLifeMs,
    doc: 'How long a router holds a ticket for the client that it was offered to.',
  },
  accept_within: {
    bound: 'acceptWithinMs',
    least: 100,
    most: 60_000,
    doc: 'How long a node may take to accept a job before the router asks another.',
  },
  sheet_kept: {
    bound: 'sheetKeptMs',
    least: BOUNDS.sheetKeptMs,
    most: 365 * 24 * HOUR,
    doc: 'How long a router serves a price sheet by its id.',
  },
} as const satisfies Record<string, Limit>

export type LimitKey = `limits.${keyof typeof LIMITS}`

/** One setting for each limit; defaults are those of `BOUNDS`. */
export const LIMIT_SETTINGS = Object.fromEntries(
  Object.entries<Limit>(LIMITS).map(([name, { bound, least, most, doc }]) => {
    const [written, of] = measureOf(bound, least, most)
    // Read when a door opens or a link comes up, so that a link has one set of limits for its life.
    return [`limits.${name}`, setting(of, written, { doc, example: written, reload: false })]
  }),
) as Readonly<Record<LimitKey, Setting<number>>>

/** The bounds that settings stand for. */
export const SETTABLE: readonly (keyof Bounds)[] = Object.values<Limit>(LIMITS).map(
  (it) => it.bound,
)

/** All bounds, those that are set in place of their defaults. */
export const boundsOf = (valueOf: (key: LimitKey) => number): Bounds => ({
  ...BOUNDS,
  ...Object.fromEntries(
    Object.entries<Limit>(LIMITS).map(([name, { bound }]) => [
      bound,
      valueOf(`limits.${name}` as LimitKey),
    ]),
  ),
})

// The unit of a bound ends its name.
function measureOf(bound: keyof Bounds, least: number, most: number) {
  const usual = BOUNDS[bound]
  if (bound.endsWith('Bytes')) return [writeBytes(usual), size(least, most)] as const
  if (bound.endsWith('Ms')) return [writeMs(usual), span(least, most)] as const
  return [usual, whole(least, most)] as const
}
