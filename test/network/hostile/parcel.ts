import type { Signer } from '../../../src/engine/identity/seams.ts'
import { type Signed, eventText } from '../../../src/engine/protocol/event.ts'
import {
  type Frame,
  type RawFrame,
  decodeFrame,
  encodeFrame,
  readFrame,
} from '../../../src/engine/protocol/frames.ts'
import { type KindName, kindName } from '../../../src/engine/protocol/kinds.ts'
import type { Party } from './party.ts'

/** One thing on its way from one party to another. */
export type Parcel = Readonly<{ from: Party; to: Party; link: number }> &
  Readonly<
    | { kind: 'event'; event: Signed; text: string }
    | { kind: 'frame'; frame: Frame; bytes: Uint8Array }
    | { kind: 'answer'; id: string; accepted: boolean; message: string }
  >

/** Sees every parcel just before it arrives: what it returns arrives instead; undefined leaves it be. */
export type Tamper = (parcel: Parcel) => readonly Parcel[] | undefined

/** The content of an event, to be changed and signed anew. */
export type Content = Record<string, unknown>
export const contentOf = (event: Signed): Content => JSON.parse(event.content) as Content

/** The event with other content (fields are replaced) or tags, signed by whoever forges it. */
export const forged = (signer: Signer, event: Signed, change: Content, tags?: string[][]): Signed =>
  signer.sign({
    kind: event.kind,
    created_at: event.created_at,
    tags: tags ?? event.tags,
    content: JSON.stringify({ ...contentOf(event), ...change }),
  })

/** The event with its tags of one name set to another value. */
export const tagged = (event: Signed, name: string, value: string): string[][] =>
  event.tags.map((tag) => (tag[0] === name ? [name, value] : [...tag]))

/** Kind and, for progress, status: `receipt`, `accepted`, `moved`. */
export const nameOf = (parcel: Parcel): KindName | string | undefined => {
  if (parcel.kind !== 'event') return undefined
  const name = kindName(parcel.event.kind)
  return name === 'progress' ? String(contentOf(parcel.event).status) : name
}

/** The same parcel with another event in it. */
export const withEvent = (parcel: Parcel, event: Signed): Parcel => ({
  from: parcel.from,
  to: parcel.to,
  link: parcel.link,
  kind: 'event',
  event,
  text: eventText(event),
})

/** The same parcel with another frame in it. */
export const withFrame = (parcel: Parcel, frame: Frame): Parcel => ({
  from: parcel.from,
  to: parcel.to,
  link: parcel.link,
  kind: 'frame',
  frame,
  bytes: encodeFrame(frame),
})

/** A frame as a link tells of it. */
export const rawFrame = (frame: Frame): RawFrame => readFrame(encodeFrame(frame))!

/** A frame parcel of raw bytes, or undefined where they are no frame: then nobody would read them. */
export const frameParcel = (
  from: Party,
  to: Party,
  link: number,
  bytes: Uint8Array,
): Parcel | undefined => {
  const frame = decodeFrame(bytes)
  return frame && { from, to, link, kind: 'frame', frame, bytes }
}
