import { eventText } from '../../../src/engine/protocol/event.ts'
import type { KindName } from '../../../src/engine/protocol/kinds.ts'
import { SAMPLES, altered } from '../samples.ts'
import { type Hostile, type Row, all } from './case.ts'

type Content = Record<string, unknown>
type Beyond = readonly [kind: KindName, what: string, change: (it: Content) => Content]

/** Rule 6, one beyond each bound of docs/protocol.md, section 2; the edge itself is in edge.ts. */
export const beyond = (): Hostile[] =>
  all(
    'event.bad_content',
    BEYOND.map(([kind, what, change]): Row => {
      const content = change(JSON.parse(SAMPLES[kind].draft.content) as Content)
      return [`${kind}: ${what}`, eventText(altered(kind, { content: JSON.stringify(content) }))]
    }),
  )

const long = (count: number): string => 'a'.repeat(count)
const times = <T>(count: number, it: T): T[] => Array<T>(count).fill(it)
const key = (n: number): string => n.toString(16).padStart(64, '0')
const keys = (count: number): string[] => Array.from({ length: count }, (_, n) => key(n))
const whereOf = (it: Content, more: Content): Content => ({
  ...it,
  where: { ...(it.where as Content), ...more },
})
const entryOf = (it: Content, more: Content): Content => ({
  ...it,
  entries: [{ ...(it.entries as Content[])[0], ...more }],
})

const BEYOND: readonly Beyond[] = [
  ['manifest', 'a name of nothing', (it) => ({ ...it, name: '' })],
  ['manifest', 'a name that begins with a blank', (it) => ({ ...it, name: ' a' })],
  ['manifest', 'a name that ends with a no-break space', (it) => ({ ...it, name: 'a\u00a0' })],
  ['manifest', 'software of 201 units', (it) => ({ ...it, software: long(201) })],
  ['manifest', '101 tasks', (it) => ({ ...it, tasks: times(101, (it.tasks as unknown[])[0]) })],
  ['manifest', '9 doors', (it) => ({ ...it, doors: times(9, 'ws://a') })],
  ['manifest', 'a door of 301 units', (it) => ({ ...it, doors: [long(301)] })],
  ['manifest', '9 payees', (it) => ({ ...it, payees: keys(9) })],
  [
    'manifest',
    '201 models',
    (it) => ({ ...it, tasks: [{ task: 'a.b', models: times(201, 'm') }] }),
  ],
  ['sheet', '201 rows', (it) => ({ rows: keys(201).map((_, row) => ({ ...rowOf(it), row })) })],
  ['sheet', 'no timing', (it) => ({ rows: [{ ...rowOf(it), timings: [] }] })],
  ['sheet', 'six timings', (it) => ({ rows: [{ ...rowOf(it), timings: times(6, 'after') }] })],
  [
    'sheet',
    'a rate of an unknown unit',
    (it) => ({ rows: [{ ...rowOf(it), rates: { word: '1' } }] }),
  ],
  ['sheet', 'a rate with a plus', (it) => ({ rows: [{ ...rowOf(it), rates: { byte: '+1' } }] })],
  ['status', '201 warm models', (it) => ({ ...it, warm: times(201, 'm') })],
  ['status', 'a model of 201 units', (it) => ({ ...it, warm: [long(201)] })],
  ['ask', 'a nonce of 15 bytes', (it) => ({ ...it, nonce: 'ab'.repeat(15) })],
  ['ask', 'a nonce of 17 bytes', (it) => ({ ...it, nonce: 'ab'.repeat(17) })],
  ['ask', 'a task of one word', (it) => ({ ...it, task: 'chat' })],
  ['ask', 'a task of version 10000', (it) => ({ ...it, task: 'text.chat@10000' })],
  ['ask', 'a task of 81 characters', (it) => ({ ...it, task: `a.${long(79)}` })],
  ['ask', 'a task with a line feed', (it) => ({ ...it, task: 'text.chat\n' })],
  ['ask', 'a pattern of 201 units', (it) => ({ ...it, models: [long(201)] })],
  ['ask', 'a cap of 1e3', (it) => ({ ...it, cap: '1e3' })],
  ['ask', 'a cap of nothing', (it) => ({ ...it, cap: '' })],
  ['ask', 'a cap in hexadecimal', (it) => ({ ...it, cap: '0x10' })],
  ['ask', 'a cap of -0', (it) => ({ ...it, cap: '-0' })],
  ['ask', 'a cap of a thousand digits', (it) => ({ ...it, cap: '9'.repeat(1_000) })],
  ['ask', 'where: 101 allowed', (it) => whereOf(it, { allow: keys(101) })],
  ['ask', 'where: 101 denied', (it) => whereOf(it, { deny: keys(101) })],
  ['ask', 'where: an npub', (it) => whereOf(it, { deny: [`npub1${long(58)}`] })],
  ['ask', 'where: local is 1', (it) => whereOf(it, { local: 1 })],
  ['ask', 'where: no operator word', (it) => whereOf(it, { other_operator: null })],
  ['ask', 'where: proprietary is missing', (it) => whereOf(it, { no_proprietary: undefined })],
  ['offers', 'an entry without a ticket', (it) => entryOf(it, { ticket: undefined })],
  ['offers', 'a ticket as a text', (it) => entryOf(it, { ticket: '{}' })],
  ['offers', 'a reason of 501 units', (it) => entryOf(it, { reason: long(501) })],
  ['offers', 'a year and a millisecond', (it) => entryOf(it, { first_ms: 31_536_000_001 })],
  ['offers', 'an unknown why', (it) => ({ ...it, none: { ...NONE, why: 'other' } })],
  ['offers', '51 others', (it) => ({ ...it, none: { ...NONE, have: times(51, HAVE) } })],
  ['offers', 'a cheapest in sats', (it) => ({ ...it, none: { ...NONE, cheapest: 12 } })],
  ['offers', 'a negative fee', (it) => ({ ...it, fee: '-1' })],
  ['ticket', 'slot 10000', (it) => ({ ...it, slot: 10_000 })],
  ['ticket', 'place 100', (it) => ({ ...it, place: 100 })],
  ['ticket', 'no entries', (it) => ({ ...it, entries: [] })],
  ['ticket', '65 entries', (it) => ({ ...it, entries: times(65, (it.entries as unknown[])[0]) })],
  ['ticket', 'an operator as npub', (it) => ({ ...it, operator: `npub1${long(58)}` })],
  ['ticket', 'no timing', (it) => ({ ...it, timings: [] })],
  [
    'ticket',
    'a negative template',
    (it) => entryOf(it, { template: { base: -1, per_message: 0 } }),
  ],
  ['job', 'a body over 65 MiB', (it) => ({ ...it, body: { size: 68_157_441, sha256: key(1) } })],
  ['job', 'a wrap of 4,097 characters', (it) => wrapOf(it, { ct: 'A'.repeat(4_100) })],
  ['job', 'a wrap that is no base64', (it) => wrapOf(it, { ct: 'A-_=' })],
  ['job', 'an enc of 31 bytes', (it) => wrapOf(it, { enc: 'ab'.repeat(31) })],
  ['job', 'cached tokens as a text', (it) => ({ ...it, max: { cached_token: '1' } })],
  ['job', 'a deadline of a year and more', (it) => ({ ...it, deadline_ms: 31_536_000_001 })],
  ['progress', 'an unknown status', (it) => ({ ...it, status: 'paused' })],
  ['progress', 'refused without a reason', (it) => ({ ...it, status: 'refused' })],
  [
    'progress',
    'refused for a reason of its own',
    (it) => ({ ...it, status: 'refused', reason: 'mood' }),
  ],
  [
    'progress',
    'moved without where to',
    (it) => ({ ...it, status: 'moved', from: key(1), reason: 'lost' }),
  ],
  ['progress', 'queued without a place', (it) => ({ ...it, status: 'queued' })],
  ['receipt', 'a router that is no key', (it) => ({ ...it, router: 'router' })],
  [
    'receipt',
    'frames without a number',
    (it) => ({ ...it, commit: { ...commitOf(it), frames: null } }),
  ],
  ['receipt', 'a reason of 201 units', (it) => ({ ...it, reason: long(201) })],
  ['receipt', 'a finish of its own', (it) => ({ ...it, finish: 'done' })],
  [
    'receipt',
    'a cost of more than all the money',
    (it) => ({ ...it, cost: '2100000000000000001' }),
  ],
  ['revoke', '501 tickets', (it) => ({ ...it, tickets: keys(501) })],
  ['revoke', 'a reason of its own', (it) => ({ ...it, reason: 'mood' })],
  ['register', 'a manifest as a text', (it) => ({ ...it, manifest: '{}' })],
  ['register', 'a negative capacity', (it) => ({ ...it, capacity: { slots: -1, queue: 0 } })],
  ['quota', 'half a job', (it) => ({ ...it, open_jobs: 0.5 })],
  ['cancel', 'seen with a trailing blank', (it) => ({ ...it, seen: 'started ' })],
]

const NONE = { why: 'cap', have: [], limit: null, cheapest: null }
const HAVE = { name: 'm', nodes: 1 }
const rowOf = (it: Content): Content => (it.rows as Content[])[0]!
const commitOf = (it: Content): Content => it.commit as Content
const wrapOf = (it: Content, more: Content): Content => ({
  ...it,
  wrap: { ...(it.wrap as Content), ...more },
})
