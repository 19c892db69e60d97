import { eventText } from '../../../src/engine/protocol/event.ts'
import type { KindName } from '../../../src/engine/protocol/kinds.ts'
import { SAMPLES, altered } from '../samples.ts'
import { type Hostile, all, base, edit, nested, tagged } from './case.ts'

/** Rule 6. */
export const content = (): Hostile[] => {
  return all('event.bad_content', [
    ['empty', raw('')],
    ['not JSON', raw('stop')],
    ['a list', raw('[]')],
    ['null', raw('null')],
    ['an empty object', raw('{}')],
    ['a duplicate key', inCancel('"next":7', '"next":7,"next":8')],
    ['a fraction', inCancel('"next":7', '"next":7.5')],
    ['a fraction of zero', inCancel('"next":7', '"next":7.0')],
    ['minus zero', inCancel('"next":7', '"next":-0')],
    ['a negative count', inCancel('"next":7', '"next":-1')],
    ['a count over 2^53', inCancel('"next":7', '"next":9007199254740993')],
    ['a text as count', inCancel('"next":7', '"next":"7"')],
    ['nine levels in an unknown field', inCancel('"next":7', `"next":7,"x":${nested(8)}`)],
    ['a lone surrogate', inCancel('"next":7', String.raw`"next":7,"x":"\ud800"`)],
    ['an escaped NUL', inCancel('"next":7', String.raw`"next":7,"x":"\u0000"`)],
    ['an unknown word', inCancel('"started"', '"finished"')],
    ['upper-case hex', inCancel('"job":"', '"job":"A')],
    ['a job id only in __proto__', raw(`{"__proto__":${base.content}}`)],
    ['without ticket', cut('cancel', 'ticket')],
    ['without rates', cut('receipt', 'rates')],
    ['an amount as number', of('receipt', (it) => ({ ...it, cost: 10 }))],
    ['an amount with a fraction', of('receipt', (it) => ({ ...it, cost: '1.5' }))],
    ['a negative amount', of('receipt', (it) => ({ ...it, cost: '-1' }))],
    ['an amount with a leading zero', of('receipt', (it) => ({ ...it, cost: '010' }))],
    ['more than all the money', of('ask', (it) => ({ ...it, cap: '2100000000000000001' }))],
    ['a cost of more than 10 bitcoin', of('receipt', (it) => ({ ...it, cost: '1000000000001' }))],
    [
      'a granularity of nothing',
      of('sheet', (it) => ({ ...it, pay: { ...(it.pay as object), granularity: '0' } })),
    ],
    [
      'a granularity of a thousand sat and a bit',
      of('sheet', (it) => ({ ...it, pay: { ...(it.pay as object), granularity: '1000001' } })),
    ],
    [
      'a time after the last date',
      of('receipt', (it) => ({
        ...it,
        times: { ...(it.times as object), done: 8_640_000_000_000_001 },
      })),
    ],
    ['an unknown unit', of('receipt', (it) => ({ ...it, usage: { word: 3 } }))],
    ['an unknown status', of('receipt', (it) => ({ ...it, status: 'fine' }))],
    ['a dispute without reason', of('acknowledgement', (it) => ({ ...it, reason: null }))],
    ['agreement with a reason', of('acknowledgement', (it) => ({ ...it, verdict: 'agree' }))],
    ['21 patterns', of('ask', (it) => ({ ...it, models: Array(21).fill('a') }))],
    ['a control character in a name', of('status', (it) => ({ ...it, warm: ['a\nb'] }))],
    ['a name of 201 characters', of('status', (it) => ({ ...it, warm: ['a'.repeat(201)] }))],
    ['a year and a millisecond', of('ask', (it) => ({ ...it, deadline_ms: 31_536_000_001 }))],
    ['a sheet without rows', of('sheet', (it) => ({ ...it, rows: [] }))],
    ['a row twice', of('sheet', (it) => ({ ...it, rows: [it.rows, it.rows].flat() }))],
    ['no tickets revoked', of('revoke', (it) => ({ ...it, tickets: [] }))],
    ['a body of no bytes', of('job', (it) => ({ ...it, body: { size: 0, sha256: base.id } }))],
    [
      'four offers',
      of('offers', (it) => ({ ...it, entries: Array(4).fill((it.entries as unknown[])[0]) })),
    ],
    ['a rewrap without from', cut('rewrap', 'from')],
    ['a manifest without d', eventText(tagged('manifest', [], 'd'))],
    ['a manifest with two d', eventText(tagged('manifest', [['d', 'other']]))],
    ['a sheet without expiration', eventText(tagged('sheet', [], 'expiration'))],
    ['a ticket without expiration', eventText(tagged('ticket', [], 'expiration'))],
  ])
}

const of = (name: KindName, change: (json: Record<string, unknown>) => unknown): string =>
  eventText(
    altered(name, {
      content: JSON.stringify(
        change(JSON.parse(SAMPLES[name].draft.content) as Record<string, unknown>),
      ),
    }),
  )
const raw = (text: string): string => eventText(altered('cancel', { content: text }))
const cut = (name: KindName, field: string): string =>
  of(name, (it) => ({ ...it, [field]: undefined }))
const inCancel = (from: string, to: string): string => raw(edit(from, to, base.content))
