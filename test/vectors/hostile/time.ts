import { type Draft, eventText } from '../../../src/engine/protocol/event.ts'
import type { KindName } from '../../../src/engine/protocol/kinds.ts'
import { NOW_SEC, altered, sample } from '../samples.ts'
import { type Hostile, KIND, TEXT, all, base, edit, flipLast, tagged } from './case.ts'

/** Rules 4 and 5. */
export const time = (): Hostile[] => {
  return [
    ...all('event.stale', [
      ['60.25 s old', at('cancel', -60)],
      ['an hour old', at('ask', -3600)],
      ['of 1970', at('cancel', -NOW_SEC)],
    ]),
    ...all('event.from_future', [
      ['60.75 s ahead', at('cancel', 61)],
      ['a year ahead', at('ticket', 31_536_000)],
      ['an addressable kind 61 s ahead', at('manifest', 61)],
      ['as far as an integer reaches', at('cancel', Number.MAX_SAFE_INTEGER - NOW_SEC)],
    ]),
    {
      code: 'event.before_start',
      note: 'of the second before we began',
      text: at('cancel', -11),
      started_at: (NOW_SEC - 10) * 1000 + 999,
    },
    ...all('event.expired', [
      ['expired this second', expiring('cancel', 0)],
      ['an expired ticket', expiring('ticket', -1)],
      ['an expired status', expiring('status', -1)],
      ['an expired receipt', expiring('receipt', -1)],
      ['expired in 1970', eventText(tagged('cancel', [['expiration', '0']]))],
    ]),
    { code: 'event.replayed', note: 'twice', text: TEXT, first: TEXT },
    {
      code: 'event.replayed',
      note: 'twice, the second time written differently',
      text: edit(KIND, `"kind" : 26427`),
      first: TEXT,
    },
    {
      code: 'event.replayed',
      note: 'twice, with another signature: the id was verified before',
      text: JSON.stringify({ ...base, sig: flipLast(base.sig) }),
      first: TEXT,
    },
    {
      code: 'event.replayed',
      note: 'a receipt twice',
      text: eventText(sample('receipt')),
      first: eventText(sample('receipt')),
    },
  ]
}

const at = (name: KindName, seconds: number): string =>
  eventText(altered(name, { created_at: (NOW_SEC + seconds) as Draft['created_at'] }))
const expiring = (name: KindName, seconds: number): string =>
  eventText(tagged(name, [['expiration', String(NOW_SEC + seconds)]], 'expiration'))
