import { expect } from 'bun:test'
import { openOutput, sealOutput } from '../../../src/engine/identity/frame-seal.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import { type Frame, frameHeader } from '../../../src/engine/protocol/frames.ts'
import { decodeOutput, encodeOutput } from '../../../src/engine/protocol/payload.ts'
import type { OutputPayload } from '../../../src/engine/protocol/payload.ts'
import { type NodeOptions, addClient, addNode, addRouter } from './cast.ts'
import { type Content, type Parcel, contentOf, nameOf, withEvent, withFrame } from './parcel.ts'
import type { ClientParty, NodeParty, Party, RouterParty } from './party.ts'
import { Stage } from './stage.ts'

export type Scene = { stage: Stage; router: RouterParty; node: NodeParty; client: ClientParty }

/**
 * One router, one node, one client: all honest, until a test tampers. The client has paid this node much
 * before, so that pieces go as they come; a `stranger` has not (metering/owed.ts).
 */
export const scene = (
  options: NodeOptions & ConstructorParameters<typeof Stage>[0] & { stranger?: boolean } = {},
): Scene => {
  const stage = new Stage(options)
  const router = addRouter(stage)
  const node = addNode(stage, router, options)
  const client = addClient(stage, router)
  if (!options.stranger) makeRegular(stage, node, client)
  return { stage, router, node, client }
}

/** As if the client had paid this node a million sats. */
export const makeRegular = (stage: Stage, node: NodeParty, client: ClientParty): void => {
  const paid = 10n ** 9n
  const account = { paid, outstanding: 0n, lost: 0n, at: stage.now }
  node.state.accounts.set(client.signer.pubkey, account)
  const place = `${node.signer.pubkey} ${node.state.boot}`
  client.state.payments.set(place, { credited: paid, uncredited: 0n })
}

/** Nobody's mind threw: whatever a stranger sends, no role stops because of it. */
export const unharmed = (stage: Stage): void =>
  expect(stage.parties.map((it) => it.broken).filter((it) => it !== undefined)).toEqual([])

/** Changes events of one name before they reach `to`; null loses one. */
export const onWay = (
  stage: Stage,
  to: Party,
  name: string,
  change: (event: Signed, parcel: Parcel) => Signed | readonly Signed[] | null,
): void => {
  stage.tampers.push((parcel) => {
    if (parcel.to !== to || parcel.kind !== 'event' || nameOf(parcel) !== name) return undefined
    const events = [change(parcel.event, parcel) ?? []].flat() as Signed[]
    return events.map((event) => withEvent(parcel, event))
  })
}

/** Changes frames of one type before they reach `to`. */
export const onFrames = (
  stage: Stage,
  to: Party,
  type: Frame['type'],
  change: (frame: Frame, parcel: Parcel) => readonly Frame[],
): void => {
  stage.tampers.push((parcel) =>
    parcel.to === to && parcel.kind === 'frame' && parcel.frame.type === type
      ? change(parcel.frame, parcel).map((frame) => withFrame(parcel, frame))
      : undefined,
  )
}

/** Keeps what is on its way to `to` under this name, until the test delivers it. */
export const held = (stage: Stage, to: Party, name: string): Parcel[] => {
  const parcels: Parcel[] = []
  stage.tampers.push((parcel) => {
    const its = parcel.kind === 'frame' ? parcel.frame.type : nameOf(parcel)
    if (parcel.to !== to || its !== name) return undefined
    parcels.push(parcel)
    return []
  })
  return parcels
}

/** The contents of all events of one name that reached a party. */
export const heardBy = (party: Party, name: string): Content[] =>
  party.heard.flatMap((it) =>
    it.kind === 'event' && nameOf(it) === name ? [contentOf(it.event)] : [],
  )

/** The events themselves. */
export const eventsTo = (party: Party, name: string): Signed[] =>
  party.heard.flatMap((it) => (it.kind === 'event' && nameOf(it) === name ? [it.event] : []))

export const framesTo = (party: Party, type: Frame['type']): Frame[] =>
  party.heard.flatMap((it) => (it.kind === 'frame' && it.frame.type === type ? [it.frame] : []))

/** Answers no that reached a party, by their reasons. */
export const declinedTo = (party: Party): string[] =>
  party.heard.flatMap((it) => (it.kind === 'answer' && !it.accepted ? [it.message] : []))

/** An output frame as a lying node would seal it: the true keys, another payload. */
export const resealed = (
  node: NodeParty,
  frame: Frame,
  change: (payload: OutputPayload) => OutputPayload,
): Frame => {
  const { out } = node.state.jobs.get(frame.tag)!.secrets
  const header = frameHeader(frame)
  const payload = decodeOutput(openOutput(out, header, frame.seq, frame.bytes)!)!
  return { ...frame, bytes: sealOutput(out, header, frame.seq, encodeOutput(change(payload))) }
}
