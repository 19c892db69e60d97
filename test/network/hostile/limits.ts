// The bounds of docs/protocol.md, section 7, that take a whole job to be tried (limits.test.ts).
import { expect } from 'bun:test'
import { BOUNDS } from '../../../src/engine/base/bounds.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { tagValue } from '../../../src/engine/protocol/event.ts'
import { eventId, jobId } from '../../../src/engine/protocol/ids.ts'
import { isOpen, outcomeOf, piece, wish } from './cast.ts'
import { contentOf, forged, tagged } from './parcel.ts'
import {
  type Scene,
  declinedTo,
  eventsTo,
  framesTo,
  heardBy,
  onFrames,
  onWay,
  scene,
} from './scene.ts'

/** Whether so much is let through: true at the edge, false one beyond. */
export type Case = (more: 0 | 1) => boolean | Promise<boolean>

export const BY_SCENE = {
  inputBytes: (more) => {
    const input = { messages: [{ role: 'user', content: 'x'.repeat(1_000 + more) }] }
    const it = scene({ bounds: { inputBytes: JSON.stringify(input).length - more } })
    const job = wish(it.stage, it.client, { input })
    return outcomeOf(it.stage, job).fault?.code !== 'input.too_large'
  },
  outputBytes: (more) => {
    const ends = (outputBytes: number) => {
      const it = scene({ bounds: { outputBytes } })
      const job = wish(it.stage, it.client)
      it.stage.advance(1_000)
      return { ...it, code: outcomeOf(it.stage, job).fault?.code ?? 'ok' }
    }
    const frames = framesTo(ends(BOUNDS.outputBytes).client, 'output')
    const sealed = frames.reduce((sum, { bytes }) => sum + bytes.length, 0)
    const { code } = ends(sealed + 256 * frames.length + 64 * 2 - more)
    if (code !== 'ok') expect(code).toBe('stream.too_large')
    return code === 'ok'
  },
  inlineBodyBytes: (more) => {
    const it = scene()
    onWay(it.stage, it.node, 'job', () => [])
    onFrames(it.stage, it.router, 'input', (frame) =>
      [0, more].map((extra, seq) => {
        const bytes = new Uint8Array(BOUNDS.inlineBodyBytes / 2 + extra)
        return { ...frame, seq, last: false, bytes }
      }),
    )
    const job = wish(it.stage, it.client)
    return isOpen(it.stage, job)
  },
  syncsBurst: (more) => syncs(scene(), BOUNDS.syncsBurst + more),
  syncsPerSecond: (more) => {
    const it = scene()
    syncs(it, BOUNDS.syncsBurst)
    it.stage.advance(1_000)
    return syncs(it, BOUNDS.syncsPerSecond + more)
  },
  ticketLifeMs: (more) => {
    const it = scene()
    const [ticket] = eventsTo(it.router, 'ticket')
    const ends = Number(tagValue(ticket!, 'expiration')) * 1000
    return it.stage.now + BOUNDS.ticketLifeMs + more * 1000 === ends
  },
  // A second less is for the rounding of its tag.
  ticketLifeMinMs: (more) => livesFor(BOUNDS.ticketLifeMinMs / 1000 - 1 - more),
  ticketLifeMaxMs: (more) => livesFor(BOUNDS.ticketLifeMaxMs / 1000 + more),
  askLifeMs: (more) => {
    const it = scene()
    wish(it.stage, it.client)
    const [ask] = eventsTo(it.router, 'ask')
    const ends = Number(tagValue(ask!, 'expiration')) * 1000
    return it.stage.now + BOUNDS.askLifeMs + more * 1000 === ends
  },
  holdMs: (more) => {
    const it = scene({ words: null })
    onWay(it.stage, it.router, 'job', () => [])
    wish(it.stage, it.client)
    const [ticket] = it.router.state.tickets.values()
    return ticket!.heldUntil === it.stage.now + BOUNDS.holdMs + more
  },
  acceptWithinMs: (more) =>
    waits(
      'accepted',
      'router',
      BOUNDS.acceptWithinMs - 1 + more,
      (it) => heardBy(it.client, 'refused').length === 0,
    ),
  receiptWithinMs: (more) =>
    waits('receipt', 'client', BOUNDS.receiptWithinMs - 1 + more, (it, job) =>
      isOpen(it.stage, job),
    ),
  acknowledgementWithinMs: (more) =>
    waits(
      'acknowledgement',
      'node',
      BOUNDS.acknowledgementWithinMs - 1 + more,
      (it) => it.node.state.jobs.size === 1,
    ),
  backPerSecond: (more) => {
    const it = scene({ words: null, slots: 3, bounds: { backPerSecond: 2 } })
    for (let job = 0; job < 2 + more; job++) wish(it.stage, it.client)
    it.stage.cut(it.node, [...it.node.links.keys()][0]!)
    const pin = (link: number) => it.node.state.pinned.set(link, it.router.signer.pubkey)
    it.stage.connect(it.node, it.router, pin)
    const asked = () =>
      new Set(eventsTo(it.router, 'sync').map((one) => contentOf(one)['job'])).size
    const atOnce = asked()
    it.stage.advance(1_000)
    // What is left is asked for a second later.
    expect([it.node.runs.length, asked()]).toEqual([2 + more, 2 + more])
    return atOnce === 2 + more
  },
  coalesceBytes: (more) => {
    const it = scene({ words: null })
    wish(it.stage, it.client)
    const [run] = it.node.runs
    piece(it.stage, it.node, run!, '', 1)
    const before = framesTo(it.client, 'output').length
    // {"text":""} is 11 bytes of JSON.
    const rest = BOUNDS.coalesceBytes - 4 * 4_000 - 5 * 11 + more
    for (const size of [4_000, 4_000, 4_000, 4_000, rest])
      piece(it.stage, it.node, run!, 'x'.repeat(size), 2)
    return framesTo(it.client, 'output').length - before === 1
  },
  sheetKeptMs: (more) => {
    const it = scene({ bounds: { sheetKeptMs: 60_000 } })
    it.stage.cut(it.node, [...it.node.links.keys()][0]!)
    it.stage.advance(60_000 - 1 + more)
    return it.router.state.directory.get(it.node.state.sheet.event.id) !== undefined
  },
} as const satisfies Partial<Record<keyof typeof BOUNDS, Case>>

/** A ticket of the node with another life, as the router takes it or not. */
const livesFor = (seconds: number): boolean => {
  const it = scene()
  const [ticket] = eventsTo(it.router, 'ticket')
  const ends = String(it.stage.now / 1000 + seconds)
  it.stage.say(it.node, forged(it.node.signer, ticket!, {}, tagged(ticket!, 'expiration', ends)))
  return declinedTo(it.node).length === 0
}

/** After so long without an event of this name, whether somebody still waits for it. */
const waits = (
  name: string,
  to: 'router' | 'client' | 'node',
  ms: number,
  waiting: (it: Scene, job: never) => boolean,
) => {
  const it = scene()
  onWay(it.stage, it[to], name, () => [])
  const job = wish(it.stage, it.client)
  it.stage.advance(ms)
  return waiting(it, job as never)
}

/** Whether a router hears so many syncs at once; of a job that it does not know. */
const syncs = (it: Scene, count: number): boolean => {
  const to = it.node.signer.pubkey
  const about = { job: jobId('ab'.repeat(32)), ticket: eventId('cd'.repeat(32)) }
  for (let n = 0; n < count; n++) {
    const nonce = (it.stage.now + n).toString(16).padStart(32, '0')
    const content = { nonce, ...about, side: 'client', next: 0 } as const
    it.stage.say(
      it.client,
      it.client.signer.sign(draftOf('sync', content, { now: it.stage.now, net: 'sim', to })),
    )
  }
  return !declinedTo(it.client).includes('rate-limited: syncs')
}
