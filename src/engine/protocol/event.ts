import { sha256Hex } from '../base/bytes.ts'
import type { UnixSec } from '../base/clock.ts'
import type { EventId, PubKey, Signature } from './ids.ts'

/** The networks money can be on. `sim` is play money. */
export const NETS = ['mainnet', 'testnet', 'regtest', 'sim'] as const
export type Net = (typeof NETS)[number]

/** What is about to be signed. */
export type Draft = Readonly<{
  kind: number
  created_at: UnixSec
  tags: readonly (readonly string[])[]
  content: string
}>

/** The same where its content was written before: as it stands in the text of an event, a string of JSON. */
export type WrittenDraft = Readonly<Omit<Draft, 'content'> & { written: string }>

/** A NIP-01 event with an id and a signature, which nobody has checked yet. */
export type Signed = Readonly<Draft & { id: EventId; pubkey: PubKey; sig: Signature }>

declare const verified: unique symbol

/**
 * An event whose bytes, id, signature and schema were checked (intake.ts is the only
 * place that makes one). `body` is its parsed content, `text` its exact JSON as it
 * arrived, so that it can be forwarded and kept without being written anew.
 */
export type Verified<Body = unknown> = Readonly<{
  event: Signed
  body: Body
  text: string
  [verified]: true
}>

/**
 * The exact bytes that are hashed (NIP-01): the array without whitespace. JSON.stringify
 * agrees with the NIP for all texts that the codec admits: control characters other than
 * the seven it names, and lone surrogates, are refused before (json.ts).
 */
export const canonical = (pubkey: PubKey, draft: Draft): string =>
  canonicalOf(pubkey, draft, partsOf(draft))

const canonicalOf = (pubkey: PubKey, draft: Omit<Draft, 'content'>, parts: Parts): string =>
  `[0,"${pubkey}",${draft.created_at},${draft.kind},${parts.tags},${parts.content}]`

/** Tags and content as JSON: what takes time to write, and stands in the canonical text and in the event. */
export type Parts = Readonly<{ tags: string; content: string }>

export const partsOf = ({ tags, content }: Pick<Draft, 'tags' | 'content'>): Parts => ({
  tags: JSON.stringify(tags),
  content: JSON.stringify(content),
})

/** The id of an event: SHA-256 of its canonical text. */
export const idOf = (pubkey: PubKey, draft: Draft): EventId =>
  idOfParts(pubkey, draft, partsOf(draft))

/** The same, of parts that were written before. */
export const idOfParts = (pubkey: PubKey, draft: Omit<Draft, 'content'>, parts: Parts): EventId =>
  sha256Hex(canonicalOf(pubkey, draft, parts)) as EventId

/** The JSON in which we write events: fields in the order of NIP-01, no whitespace. */
export const eventText = (event: Signed): string => textOf(event, partsOf(event))

/** The same, of parts that were written before. */
export const textOf = (event: Omit<Signed, 'content'>, { tags, content }: Parts): string =>
  `{"id":"${event.id}","pubkey":"${event.pubkey}","created_at":${event.created_at},"kind":${event.kind},"tags":${tags},"content":${content},"sig":"${event.sig}"}`

/** Whether a text is what `textOf` would write, without writing it. */
export const isTextOf = (text: string, event: Signed, { tags, content }: Parts): boolean => {
  const numbers = `","created_at":${event.created_at},"kind":${event.kind},"tags":`
  const atTags = AT_NUMBERS + numbers.length
  const atContent = atTags + tags.length + CONTENT.length
  const atSig = atContent + content.length
  return (
    text.length === atSig + SIG.length + event.sig.length + 2 &&
    text.startsWith(event.id, ID.length) &&
    text.startsWith(event.pubkey, AT_PUBKEY) &&
    text.startsWith(numbers, AT_NUMBERS) &&
    text.startsWith(tags, atTags) &&
    text.startsWith(content, atContent) &&
    text.startsWith(event.sig, atSig + SIG.length) &&
    text.startsWith(ID) &&
    text.startsWith(PUBKEY, AT_PUBKEY - PUBKEY.length) &&
    text.startsWith(CONTENT, atContent - CONTENT.length) &&
    text.startsWith(SIG, atSig) &&
    text.endsWith('"}')
  )
}

const [ID, PUBKEY, CONTENT, SIG] = ['{"id":"', '","pubkey":"', ',"content":', ',"sig":"'] as const
const AT_PUBKEY = ID.length + 64 + PUBKEY.length
const AT_NUMBERS = AT_PUBKEY + 64

/** First value of the first tag of that name. */
export const tagValue = ({ tags }: Pick<Draft, 'tags'>, name: string): string | undefined => {
  for (const tag of tags) if (tag[0] === name) return tag[1]
  return undefined
}

/** How many tags of that name there are. */
export const tagCount = ({ tags }: Pick<Draft, 'tags'>, name: string): number => {
  let count = 0
  for (const tag of tags) if (tag[0] === name) count++
  return count
}
