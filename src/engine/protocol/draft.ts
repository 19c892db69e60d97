import type { Brand } from '../base/brand.ts'
import { type UnixMs, toSec } from '../base/clock.ts'
import type { Draft, Net, WrittenDraft } from './event.ts'
import type { EventId, PubKey } from './ids.ts'
import { KINDS, type KindName } from './kinds.ts'
import type { Contents } from './messages.ts'

/** The content of a message as it stands in the text of an event: JSON, as a string of JSON. */
export type Written<K extends KindName> = Brand<string, K>

type DraftOptions = {
  now: UnixMs
  net: Net
  /** The key it is addressed to. */
  to?: PubKey
  /** The event it is about. */
  about?: EventId
  /** The event that it answers, where that is another one. */
  answers?: EventId
  /** When it stops to hold, ms since 1970; the tag carries seconds, rounded down. */
  expires?: UnixMs
  /** Which of several addressable events of one key (NIP-01 `d`). */
  d?: string
}

/** A message of ours, ready to be signed: `net`, `v`, and the tags that its options name. */
export const draftOf = <K extends KindName>(
  name: K,
  content: Contents[K],
  options: DraftOptions,
): Draft => ({ ...aroundOf(name, options), content: JSON.stringify(content) })

/** The same where its content was written before. */
export const writtenDraftOf = <K extends KindName>(
  name: K,
  written: Written<K>,
  options: DraftOptions,
): WrittenDraft => ({ ...aroundOf(name, options), written })

const aroundOf = (name: KindName, options: DraftOptions): Omit<Draft, 'content'> => {
  const tags: string[][] = [
    ['net', options.net],
    ['v', '1'],
  ]
  if (options.d !== undefined) tags.push(['d', options.d])
  if (options.to) tags.push(['p', options.to])
  if (options.about) tags.push(['e', options.about])
  if (options.answers) tags.push(['e', options.answers])
  if (options.expires !== undefined) tags.push(['expiration', String(toSec(options.expires))])
  return { kind: KINDS[name], created_at: toSec(options.now), tags }
}
