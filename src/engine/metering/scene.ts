import { unixMs } from '../base/clock.ts'
import { draftOf } from '../protocol/draft.ts'
import { type Net, eventText, idOf } from '../protocol/event.ts'
import type { EventId, JobId, PubKey, Signature } from '../protocol/ids.ts'
import { document } from '../protocol/intake.ts'
import type { KindName } from '../protocol/kinds.ts'
import type { Contents, Message } from '../protocol/messages.ts'
import { isRefusal } from '../protocol/refusal.ts'

/** A whole job in documents, for the tests of this room. Signatures are taken as good: others test them. */

export const [NODE, CLIENT, ROUTER] = ['1', '2', '3'].map((it) => it.repeat(64) as PubKey) as [
  PubKey,
  PubKey,
  PubKey,
]
export const NOW = 1_800_000_000_000
export const JOB = '4'.repeat(64) as JobId
const HASH = '5'.repeat(64)

type Options = {
  by: PubKey
  to?: PubKey
  about?: EventId
  expires?: number
  at?: number
  net?: Net
}

/** A message as intake gives it. */
export const messageOf = <K extends KindName>(
  name: K,
  content: Contents[K],
  { by, expires, at = 0, net = 'sim', ...address }: Options,
): Message<K> => {
  const draft = draftOf(name, content, {
    now: unixMs(NOW + at),
    net,
    ...address,
    ...(expires !== undefined && { expires: unixMs(NOW + expires) }),
    ...(name === 'sheet' && { d: 'sheet' }),
  })
  const event = { ...draft, id: idOf(by, draft), pubkey: by, sig: '6'.repeat(128) as Signature }
  const message = document(eventText(event), { verifier: { verify: () => true } })
  if (isRefusal(message)) throw new Error(`${name}: ${message.refused} ${message.detail}`)
  return message as Message<K>
}

type Changes = {
  [
    K in 'sheet' | 'ticket' | 'offers' | 'job' | 'accepted' | 'receipt' | 'acknowledgement'
  ]?: Partial<Options> & {
    content?: object
  }
}

/** The seven documents that prove one good job: 58 tokens in, 61 out, 211 msat; with `changes`. */
export const sceneOf = (changes: Changes = {}) => {
  const of = <K extends KindName>(
    name: K,
    key: keyof Changes,
    content: Contents[K],
    options: Options,
  ) => {
    const { content: over, ...rest } = changes[key] ?? {}
    return messageOf(name, { ...content, ...over }, { ...options, ...rest })
  }
  const rates = { in_token: '1000000', out_token: '2500000' }
  const row = {
    row: 0,
    task: 'text.chat',
    model: 'smol*',
    rates,
    minimum: '10',
    cold_surcharge: '100',
    timings: ['free' as const],
  }
  const sheet = of('sheet', 'sheet', { rows: [row] }, { by: NODE, expires: 3_600_000, at: -60_000 })
  const entry = {
    task: 'text.chat@1',
    model: { name: 'smollm2-135m', proprietary: false },
    warm: true,
    eta_ms: 0,
    limits: { input_bytes: 1000, out_tokens: 100 },
    template: { base: 10, per_message: 5 },
    prefill: false,
    sheet: sheet.event.id,
    row: 0,
  }
  const slot = {
    slot: 0,
    place: 0,
    boot: '7'.repeat(32),
    key: HASH,
    exclusive: true,
    operator: null,
  }
  const timings = ['free' as const]
  const ticketContent = { ...slot, timings, entries: [entry] }
  const ticket = of('ticket', 'ticket', ticketContent, {
    by: NODE,
    to: ROUTER,
    expires: 30_000,
    at: -5000,
  })
  const offersContent = {
    entries: [{ ticket: { ...ticket.event }, entry: 0, reason: 'the only one', first_ms: 200 }],
    fee: '0',
    operator: null,
    none: null,
  }
  const offers = of('offers', 'offers', offersContent, {
    by: ROUTER,
    to: CLIENT,
    about: 'a'.repeat(64) as EventId,
    at: -1000,
  })
  const max = { in_token: 100, out_token: 100 }
  const terms = { sheet: sheet.event.id, row: 0, max, ceiling: '350', timing: 'free' as const }
  const one = { job: JOB, ticket: ticket.event.id }
  const jobContent = {
    ...one,
    ...terms,
    offers: offers.event.id,
    task: 'text.chat@1',
    model: 'smollm2-135m',
    class: 'balanced' as const,
    deadline_ms: 60_000,
    body: { size: 100, sha256: HASH },
    wrap: { enc: HASH, ct: 'AAAA' },
  }
  const job = of('job', 'job', jobContent, {
    by: CLIENT,
    to: NODE,
    about: ticket.event.id,
  })
  const acceptedContent = {
    status: 'accepted' as const,
    ...one,
    ...terms,
    funded: false,
    eta_ms: 0,
  }
  const answer = { by: NODE, to: CLIENT, about: job.event.id, at: 100 }
  const accepted = of('progress', 'accepted', acceptedContent, answer)
  const receiptContent = {
    ...one,
    client: CLIENT,
    router: ROUTER,
    sheet: sheet.event.id,
    row: 0,
    task: 'text.chat@1',
    model: { name: 'smollm2-135m', digest: null },
    runner: { name: 'llama-server', version: null },
    usage: { in_token: 58, out_token: 61 },
    counted_by: 'runner' as const,
    rates,
    minimum: '10',
    surcharge: '0',
    cost: '211',
    ceiling: '350',
    times: { accepted: NOW + 100, first: NOW + 284, done: NOW + 2000 },
    status: 'ok' as const,
    finish: 'stop' as const,
    reason: null,
    commit: { input: HASH, output: HASH, frames: 7 },
    prev: null,
    sim: true,
  }
  const receipt = of('receipt', 'receipt', receiptContent, {
    by: NODE,
    to: CLIENT,
    about: job.event.id,
    at: 2000,
  })
  const agreement = { receipt: receipt.event.id, ...one, verdict: 'agree' as const, reason: null }
  const acknowledgement = of('acknowledgement', 'acknowledgement', agreement, {
    by: CLIENT,
    to: NODE,
    about: receipt.event.id,
    at: 2100,
  })
  return { sheet, ticket, offers, job, accepted, receipt, acknowledgement }
}
