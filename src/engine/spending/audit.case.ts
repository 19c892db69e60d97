import { sha256, toHex } from '../base/bytes.ts'
import type { UnixSec } from '../base/clock.ts'
import { msat } from '../base/money.ts'
import { CLIENT, NODE, NOW, messageOf, sceneOf } from '../metering/scene.ts'
import type { InvoiceDraft } from '../protocol/bolt11/invoice.ts'
import type { EventId, JobId, PubKey } from '../protocol/ids.ts'
import type { KindName } from '../protocol/kinds.ts'
import type { Contents, Message } from '../protocol/messages.ts'
import { type Terms, termsHash } from '../protocol/terms.ts'
import { HASH, LIGHTNING, PREIMAGE, keyOf, signedInvoice } from './invoice-check.case.ts'

/**
 * A tab's whole history in documents: an invoice, the node's word and the preimage that it was paid, two jobs with
 * draw, receipt and statement. Each with changes, which later documents go along with.
 */
export const TAB = 'c'.repeat(64) as PubKey
export const OTHER = 'f'.repeat(64) as PubKey
const BODY = '5'.repeat(64)

export type Change = Readonly<{
  content?: object
  by?: PubKey
  to?: PubKey
  about?: EventId
  /** Signed so much later, ms. */
  late?: number
  terms?: Partial<Terms>
  /** The terms as the event says them, where the invoice commits to others. */
  said?: Partial<Terms>
  bolt11?: Partial<InvoiceDraft>
  key?: Uint8Array
}>
const NAMES = ['sheet', 'invoice', 'paid', 'proof', 'draw', 'job', 'accepted', 'receipt'] as const
export type Name = (typeof NAMES)[number] | 'first' | 'second'
export type Changes = Partial<Record<Name, Change>>

const ROW = {
  row: 0,
  task: 'text.chat',
  model: 'smol*',
  rates: { in_token: '1000000', out_token: '2500000' },
  minimum: '10',
  cold_surcharge: '100',
  timings: ['before' as const],
}
const PAY = {
  payees: [keyOf(LIGHTNING)],
  bind: 'hash' as const,
  granularity: '1',
  keeps_days: 365,
}

export const historyOf = (changes: Changes = {}) => {
  const make = <K extends KindName>(
    change: Name,
    kind: K,
    content: Contents[K],
    of: { by: PubKey; to: PubKey; about?: EventId; at: number },
  ): Message<K> => {
    const {
      content: over,
      late = 0,
      by = of.by,
      to = of.to,
      about = of.about,
    } = changes[change] ?? {}
    const at = of.at + late
    return messageOf(kind, { ...content, ...over }, { by, to, at, ...(about && { about }) })
  }
  const sheetContent = { rows: [ROW], pay: PAY, ...changes.sheet?.content }
  const sheetChange = { content: sheetContent, ...(changes.sheet?.by && { by: changes.sheet.by }) }
  const { sheet } = sceneOf({ sheet: sheetChange })
  const own = changes.invoice
  const iat = (NOW / 1000 - 300) as UnixSec
  const terms: Partial<Terms> = {
    payee: NODE,
    payer: TAB,
    router: '',
    for: 'topup',
    ref: TAB,
    seq: 1,
    msat: msat(10_000n),
    price: sheet.event.id,
    iat,
    exp: (iat + 120) as UnixSec,
    ...own?.terms,
  }
  const bound = { ...(own?.bolt11 && { invoice: own.bolt11 }), ...(own?.key && { key: own.key }) }
  const { bolt11, terms: text } = signedInvoice({ terms, ...bound })
  const shown = own?.said ? signedInvoice({ terms: { ...terms, ...own.said } }).terms : text
  const toTab = { by: NODE, to: TAB }
  const invoice = make('invoice', 'invoice', { terms: shown, bolt11 }, { ...toTab, at: -300_000 })
  const received = {
    payment_hash: HASH,
    terms: termsHash(shown),
    ref: TAB,
    seq: 1,
    received: '10000',
  }
  const paid = make('paid', 'paid', received, { ...toTab, at: -290_000 })
  const proof = make(
    'proof',
    'proof',
    { invoice: { ...invoice.event }, preimage: PREIMAGE, paid: { ...paid.event } },
    { by: TAB, to: OTHER, at: -280_000 },
  )
  const one = jobOf(1, changes, make, sheetChange, null)
  const two = jobOf(2, {}, plain, sheetChange, one.receipt.event.id)
  const statement = (change: Name, n: number, { receipt }: typeof one, at: number) =>
    make(
      change,
      'statement',
      {
        n,
        paid: '10000',
        used: String(211 * n),
        reserved: '0',
        receipt: receipt.event.id,
        cost: '211',
      },
      { ...toTab, at },
    )
  const first = statement('first', 1, one, 2050)
  const second = statement('second', 2, two, 4050)
  return { sheet, invoice, paid, proof, ...one, second: { ...two }, statements: [first, second] }
}

type Make = <K extends KindName>(
  change: Name,
  kind: K,
  content: Contents[K],
  of: { by: PubKey; to: PubKey; about?: EventId; at: number },
) => Message<K>

const plain: Make = (_, kind, content, { at, by, to, about }) =>
  messageOf(kind, content, { by, to, at, ...(about && { about }) })

type SceneChanges = NonNullable<Parameters<typeof sceneOf>[0]>

/** A job that draws on the tab: 211 msat of at most 350. */
const jobOf = (
  n: number,
  changes: Changes,
  make: Make,
  sheet: NonNullable<SceneChanges['sheet']>,
  prev: EventId | null,
) => {
  const id = toHex(sha256(`job ${n}`)) as JobId
  const timing = 'before' as const
  const content = { job: id, timing }
  const scene = sceneOf({
    sheet,
    job: { content: { ...content, ...changes.job?.content } },
    accepted: { content: { ...content, funded: true, ...changes.accepted?.content } },
    receipt: { content: { job: id, prev, ...changes.receipt?.content } },
    acknowledgement: { content: { job: id } },
  })
  const ticket = scene.ticket.event.id
  const draw = make(
    'draw',
    'draw',
    { job: id, ticket, client: CLIENT, body: BODY, ceiling: '350', timing },
    { by: TAB, to: NODE, about: ticket, at: 0 },
  )
  return { draw, job: scene.job, accepted: scene.accepted, receipt: scene.receipt }
}

/** All documents of a history, in no order that matters. */
export const documentsOf = (history: ReturnType<typeof historyOf>): Message[] => {
  const { second, statements, ...rest } = history
  return [...Object.values(rest), ...Object.values(second), ...statements]
}
