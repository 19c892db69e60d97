import { tagValue } from '../protocol/event.ts'
import type { EventId, PubKey } from '../protocol/ids.ts'
import type { Message } from '../protocol/messages.ts'
import { type Finding, finding, short, spanOf } from './finding.ts'

/** Single checks of one document: whose it is, to whom, about what, and whether it still held. */

export const signerCheck = (
  check: string,
  what: string,
  by: PubKey,
  other: string,
  otherBy: PubKey,
): Finding =>
  finding(
    check,
    by === otherBy,
    `${what} and ${other} are signed by one key, ${short(by)}`,
    `the ${what} is signed by ${short(by)}, the ${other} by ${short(otherBy)}`,
  )

/**
 * To whom its `p` says that it goes. Receipt and acknowledgement may name a router besides; all
 * other kinds name one key and no more (protocol.md, section 1, rule 3).
 */
export const addressCheck = (
  check: string,
  what: string,
  { event, name }: Message,
  whom: string,
  key: PubKey,
): Finding => {
  const keys = event.tags.filter((tag) => tag[0] === 'p').map((tag) => tag[1] ?? '')
  const shared = name === 'receipt' || name === 'acknowledgement'
  const other = keys.find((it) => it !== key)
  const ok = keys.includes(key) && (shared || keys.length === 1)
  return finding(
    check,
    ok,
    `${what} made out to ${short(key)}, ${whom}`,
    `${what} made out to ${other ? short(other) : 'nobody'}, but ${whom} is ${short(key)}`,
  )
}

/** Which event its `e` says that it is about. */
export const aboutCheck = (
  check: string,
  what: string,
  { event }: Message,
  which: string,
  id: EventId,
): Finding => {
  const e = tagValue(event, 'e')
  return finding(
    check,
    e === id,
    `${what} about ${which} ${short(id)}`,
    `${what} about ${e ? short(e) : 'nothing'}, not ${which} ${short(id)}`,
  )
}

/** NIP-40: an expiration has passed in the very second that it names. */
export const heldAt = (
  check: string,
  what: string,
  document: Message,
  when: string,
  { event }: Message,
): Finding => {
  const expiration = Number(tagValue(document.event, 'expiration') ?? 0)
  const left = expiration - event.created_at
  return finding(
    check,
    left > 0,
    `the ${what} held for ${spanOf(left)} more when ${when} was signed`,
    `the ${what} had expired ${left === 0 ? 'just' : spanOf(-left)} before ${when} was signed`,
  )
}
