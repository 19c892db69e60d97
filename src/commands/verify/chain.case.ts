import { sha256, toHex } from '../../engine/base/bytes.ts'
import { unixMs } from '../../engine/base/clock.ts'
import { draftOf } from '../../engine/protocol/draft.ts'
import type { Signed } from '../../engine/protocol/event.ts'
import { type EventId, eventId, jobId } from '../../engine/protocol/ids.ts'
import type { KindName } from '../../engine/protocol/kinds.ts'
import type { Contents } from '../../engine/protocol/messages.ts'
import { type Party, signed } from '../../../test/vectors/parties.ts'
import { CLIENT, NODE, NOW, ROUTER, SAMPLES } from '../../../test/vectors/samples.ts'

/**
 * A whole job as `request --json` gives it, signed anew by its own parties with one thing changed:
 * whatever comes after a change names the changed document, so that only what is said can be wrong.
 */

type Name = 'sheet' | 'ticket' | 'offers' | 'job' | 'accepted' | 'receipt' | 'acknowledgement'
export type Change = Readonly<{
  content?: object
  by?: Party
  to?: Party | null
  about?: EventId | null
  /** Signed this much later, in ms. */
  late?: number
}>
export type Chain = Readonly<Record<Name, Signed>>

export const ID = eventId(toHex(sha256('another event')))
export const DAY = 86_400_000

export const chainOf = (
  changes: Partial<Record<Name, Change>> = {},
  shift = 0,
  job = 'job',
): Chain => {
  const one = jobId(toHex(sha256(job)))
  const make = <K extends KindName>(
    name: Name,
    kind: K,
    content: object,
    of: { by: Party; to?: Party; about?: EventId; at: number; life?: number },
  ): Signed => {
    const {
      content: over,
      by = of.by,
      to = of.to,
      about = of.about,
      late = 0,
    } = changes[name] ?? {}
    const sample = JSON.parse(SAMPLES[kind].draft.content) as object
    const now = unixMs(NOW + shift + of.at + late)
    const draft = draftOf(kind, { ...sample, ...content, ...over } as Contents[K], {
      now,
      net: 'sim',
      ...(kind === 'sheet' && { d: 'prices' }),
      ...(to && { to: to.pubkey }),
      ...(about && { about }),
      ...(of.life && { expires: unixMs(now + of.life) }),
    })
    return signed(by, draft)
  }
  const sheet = make('sheet', 'sheet', {}, { by: NODE, at: -10_000, life: 30 * DAY - 1000 })
  const entries = (JSON.parse(SAMPLES.ticket.draft.content) as Contents['ticket']).entries
  const priced = { sheet: sheet.id, row: 0 }
  const ticket = make(
    'ticket',
    'ticket',
    { entries: entries.map((it) => ({ ...it, ...priced })) },
    { by: NODE, to: ROUTER, at: -3000, life: 200_000 },
  )
  const offered = [{ ticket, entry: 0, reason: 'cheapest', first_ms: 20 }]
  const offers = make(
    'offers',
    'offers',
    { entries: offered },
    { by: ROUTER, to: CLIENT, about: ID, at: -1000 },
  )
  const about = { job: one, ticket: ticket.id, ...priced }
  const taking = make(
    'job',
    'job',
    { ...about, offers: offers.id },
    { by: CLIENT, to: NODE, about: ticket.id, at: 0 },
  )
  const answer = { by: NODE, to: CLIENT, about: taking.id }
  const accepted = make('accepted', 'progress', about, { ...answer, at: 100 })
  const at = NOW + shift
  const times = { accepted: at + 100, first: at + 200, done: at + 2000 }
  const receipt = make('receipt', 'receipt', { ...about, times }, { ...answer, at: 2000 })
  const acknowledgement = make(
    'acknowledgement',
    'acknowledgement',
    { job: one, ticket: ticket.id, receipt: receipt.id, verdict: 'agree', reason: null },
    { by: CLIENT, to: NODE, about: receipt.id, at: 2100 },
  )
  return { sheet, ticket, offers, job: taking, accepted, receipt, acknowledgement }
}

/** What a client says of a chain. */
export const resultOf = (bundle: Partial<Chain> = chainOf()) => ({
  v: 1,
  type: 'result',
  net: 'sim',
  job: toHex(sha256('job')),
  task: 'text.summarize@1',
  model: 'fedai-extract-1',
  output: 'short',
  finish: 'stop',
  usage: { in_token: 400, out_token: 60 },
  cost_msat: '10',
  ceiling_msat: '700',
  router_fee_msat: '0',
  left_msat: null as string | null,
  paying_msat: '0',
  left_gone: false,
  router: ROUTER.pubkey,
  node: NODE.pubkey,
  times: { asked: 0, first: 1, done: 2 },
  receipt: bundle.receipt ?? null,
  bundle,
  verified: true as boolean | null,
  events: [],
  error: null,
})
