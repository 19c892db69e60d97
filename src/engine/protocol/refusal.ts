import type { UnixMs } from '../base/clock.ts'
import type { Signed } from './event.ts'

/**
 * Why an event was not admitted: one code for each rule that it can break
 * (docs/protocol.md, section 1), grouped by rule, in the order in which they are checked.
 */
export const REFUSAL_CODES = [
  // 1 bytes
  'event.too_large',
  'event.not_utf8',
  'event.not_json',
  'event.too_deep',
  'event.duplicate_key',
  'event.not_integer',
  'event.integer_range',
  'event.bad_text',
  'event.bad_hex',
  'event.bad_shape',
  // 2 hash and signature
  'event.wrong_id',
  'event.bad_signature',
  // 3 net, version, addressee
  'event.unknown_kind',
  'event.wrong_net',
  'event.unknown_version',
  'event.not_for_us',
  // 4 freshness
  'event.stale',
  'event.from_future',
  'event.before_start',
  'event.expired',
  // 5 replay
  'event.replayed',
  'event.overloaded',
  // 6 schema
  'event.bad_content',
] as const
export type RefusalCode = (typeof REFUSAL_CODES)[number]

/** Rules 1 and 2: not an event, or not by whom it says. Whoever speaks the protocol never sends these. */
export const FORGED: ReadonlySet<RefusalCode> = new Set(
  REFUSAL_CODES.slice(0, REFUSAL_CODES.indexOf('event.bad_signature') + 1),
)

/**
 * A refused event: the code, a sentence, for clock trouble what the clocks said, and for one of another network or for
 * another key the event, whose proof holds.
 */
export type Refusal = Readonly<{
  refused: RefusalCode
  detail: string
  clocks?: Clocks
  foreign?: Signed
  stranger?: Signed
}>
/** The refuser's own time in ms, and the event, whose proof holds: it says the other's. */
export type Clocks = Readonly<{ now: UnixMs; event: Signed }>

export const refuse = (refused: RefusalCode, detail: string, clocks?: Clocks): Refusal =>
  clocks === undefined ? { refused, detail } : { refused, detail, clocks }

export const isRefusal = (it: unknown): it is Refusal =>
  typeof it === 'object' && it !== null && 'refused' in it
