import { unixMs } from '../../../src/engine/base/clock.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import { readFrame } from '../../../src/engine/protocol/frames.ts'
import type { EventId } from '../../../src/engine/protocol/ids.ts'
import { admit } from '../../../src/engine/protocol/intake.ts'
import { type Refusal, isRefusal } from '../../../src/engine/protocol/refusal.ts'
import { matchesFilter } from '../../../src/engine/transport/filter.ts'
import { addressedTo } from '../../../src/engine/transport/network.ts'
import { type Parcel, frameParcel, withEvent } from './parcel.ts'
import type { Party } from './party.ts'
import type { Stage } from './stage.ts'

/** What is said on a link goes to its other end, where tests may tamper with it before it arrives. */
export const transmit = (
  stage: Stage,
  from: Party,
  link: number,
  said: Signed | Uint8Array,
): void => {
  const end = from.links.get(link)
  if (!end) return
  const { to, far } = end
  if (said instanceof Uint8Array) {
    const parcel = frameParcel(from, to, far, said)
    if (parcel) stage.later(() => meet(stage, parcel))
    // A door passes on what is addressed to the key of the link, and nothing else.
  } else if (!from.isDoor || matchesFilter(addressedTo(to.signer.pubkey), said)) {
    const parcel = withEvent({ from, to, link: far, kind: 'event', event: said, text: '' }, said)
    stage.later(() => meet(stage, parcel))
  }
}

/** A door's yes or no (NIP-01 OK). */
export const answer = (
  stage: Stage,
  from: Party,
  link: number,
  said: { id: EventId; accepted: boolean; message: string },
): void => {
  const end = from.links.get(link)
  if (!end) return
  const { id, accepted, message } = said
  const parcel = { from, to: end.to, link: end.far, kind: 'answer', id, accepted, message } as const
  stage.later(() => meet(stage, parcel))
}

/** Something arrives: through the real intake, as in every loop (roles/loop.ts). */
export const arrive = (stage: Stage, parcel: Parcel): void => {
  const { to, link } = parcel
  if (!to.links.has(link)) return
  to.heard.push(parcel)
  if (parcel.kind === 'frame') {
    const frame = readFrame(parcel.bytes)
    if (frame) stage.feed(to, { type: 'frame', link, frame })
    return
  }
  if (parcel.kind === 'answer') {
    const { id, accepted, message } = parcel
    if (!accepted) stage.feed(to, { type: 'declined', id: id as EventId, reason: message })
    return
  }
  const now = unixMs(stage.now + to.clockMs)
  const aheadMs = parcel.from.clockMs - to.clockMs
  const startedAt = unixMs(to.rules.startedAt + (to.isDoor ? aheadMs : 0))
  const message = admit(parcel.text, { ...to.rules, startedAt }, now)
  if (!isRefusal(message)) return stage.feed(to, { type: 'message', link, message })
  to.refused.push(message.refused)
  if (message.clocks) stage.feed(to, { type: 'untimely', link, event: message.clocks.event })
  if (to.isDoor && message.refused !== 'event.replayed')
    answer(stage, to, link, {
      id: parcel.event.id,
      accepted: false,
      message: answerOf(message),
    })
}

const meet = (stage: Stage, parcel: Parcel): void => {
  for (const tamper of stage.tampers) {
    const instead = tamper(parcel)
    if (instead) return instead.forEach((it) => arrive(stage, it))
  }
  arrive(stage, parcel)
}

/** As a loop answers (roles/loop.ts). */
const answerOf = ({ refused, detail, clocks }: Refusal): string =>
  `invalid: ${refused}: ${detail}${clocks ? ` (my clock says ${clocks.now})` : ''}`
