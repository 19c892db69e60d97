import { type Draft, eventText } from '../../../src/engine/protocol/event.ts'
import { type KindName, KINDS, kindClass } from '../../../src/engine/protocol/kinds.ts'
import { PUBLIC_KINDS } from '../../../src/engine/protocol/messages.ts'
import { NOW_SEC, SAMPLES, STRANGER, altered } from '../samples.ts'
import { type Hostile, type Row, all, taggedText } from './case.ts'

/** Rules 3 and 4 hold for each kind, not only for the one that somebody thought of. */
export const every = (): Hostile[] => {
  const kinds = Object.keys(SAMPLES) as KindName[]
  const addressed = kinds.filter((kind) => !PUBLIC_KINDS.has(kind))
  const ephemeral = kinds.filter((kind) => kindClass(KINDS[kind]) === 'ephemeral')
  const datable = kinds.filter((kind) => kindClass(KINDS[kind]) !== 'regular')
  return [
    ...all(
      'event.wrong_net',
      kinds.map((kind): Row => [`${kind}: regtest`, taggedText(kind, [['net', 'regtest']], 'net')]),
    ),
    ...all(
      'event.unknown_version',
      kinds.map((kind): Row => [`${kind}: version 2`, taggedText(kind, [['v', '2']], 'v')]),
    ),
    ...all(
      'event.not_for_us',
      addressed.flatMap((kind): Row[] => [
        [`${kind}: for a stranger`, taggedText(kind, [['p', STRANGER.pubkey]], 'p')],
        [`${kind}: for nobody`, taggedText(kind, [], 'p')],
      ]),
    ),
    ...all(
      'event.stale',
      ephemeral.map((kind): Row => [`${kind}: 61 s old`, made(kind, -61)]),
    ),
    ...all(
      'event.from_future',
      datable.map((kind): Row => [`${kind}: 62 s ahead`, made(kind, 62)]),
    ),
    ...all(
      'event.expired',
      kinds.map((kind): Row => [
        `${kind}: expired a second ago`,
        taggedText(kind, [['expiration', String(NOW_SEC - 1)]], 'expiration'),
      ]),
    ),
    ...ephemeral.map((kind): Hostile => ({
      code: 'event.before_start',
      note: `${kind}: replayed to a reader that was started anew`,
      text: made(kind, -5),
      started_at: NOW_SEC * 1000 - 4_000,
    })),
  ]
}

const made = (kind: KindName, seconds: number): string =>
  eventText(altered(kind, { created_at: (NOW_SEC + seconds) as Draft['created_at'] }))
