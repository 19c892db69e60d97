import { describe, expect, test } from 'bun:test'
import { BOUNDS } from '../../../src/engine/base/bounds.ts'
import { unixMs } from '../../../src/engine/base/clock.ts'
import { virtualClock } from '../../../src/engine/base/virtual-clock.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { tagValue } from '../../../src/engine/protocol/event.ts'
import { eventId, jobId, pubKey } from '../../../src/engine/protocol/ids.ts'
import { parseSealed, parseStrict } from '../../../src/engine/protocol/json.ts'
import { SCHEMAS } from '../../../src/engine/protocol/messages.ts'
import { isRefusal } from '../../../src/engine/protocol/refusal.ts'
import {
  admitAsk,
  admitHold,
  admitJob,
  jobServed,
  newKeyLimits,
} from '../../../src/engine/routing/admit.ts'
import { Allowance } from '../../../src/engine/transport/allowance.ts'
import { counter } from '../../../src/engine/transport/counter.ts'
import { WriteWindow } from '../../../src/engine/transport/flow.ts'
import { SAMPLES } from '../../vectors/samples.ts'
import { outcomeOf, piece, wish } from './cast.ts'
import { contentOf, forged, tagged } from './parcel.ts'
import { type Scene, declinedTo, eventsTo, framesTo, heardBy, onWay, scene } from './scene.ts'

/** Whether so much is let through: true at the edge, false one beyond. */
type Case = (more: 0 | 1) => boolean | Promise<boolean>
/** Where a bound takes a socket, or a long story, to be tried: the file and the name of its test. */
type Elsewhere = readonly [file: string, name: string]

const KEY = pubKey('a'.repeat(64))
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)
const times = (count: number, call: () => boolean): boolean =>
  Array.from({ length: count }, call).every(Boolean)

const knownLimits = () => {
  const limits = newKeyLimits()
  admitJob(limits, KEY, BOUNDS)
  for (let n = 0; n < 20; n++) jobServed(limits, KEY)
  return limits
}

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

const CASES: Readonly<Record<keyof typeof BOUNDS, Case | Elsewhere>> = {
  eventBytes: (more) => {
    const text = `"${'a'.repeat(BOUNDS.eventBytes - 2 + more)}"`
    return !isRefusal(parseStrict(text, { maxDepth: 8 }))
  },
  jsonDepth: (more) => {
    const { jsonDepth } = BOUNDS
    return !isRefusal(parseStrict(nested(jsonDepth + more), { maxDepth: jsonDepth }))
  },
  sealedJsonDepth: (more) => parseSealedOk(nested(BOUNDS.sealedJsonDepth + more)),
  inputBytes: (more) => {
    const input = { messages: [{ role: 'user', content: 'x'.repeat(1_000 + more) }] }
    const it = scene({ bounds: { inputBytes: JSON.stringify(input).length - more } })
    const job = wish(it.stage, it.client, { input })
    return outcomeOf(it.stage, job).fault?.code !== 'input.too_large'
  },
  outputBytes: ['client-frames.test.ts', 'is cut off at the bound on bytes, and the runner stops'],
  frameBytes: [
    '../../../src/engine/transport/door-abuse.test.ts',
    'a frame of the largest size passes, one byte more does not',
  ],
  windowBytes: (more) => new WriteWindow().canSend(BOUNDS.windowBytes + more),
  windowBytesMax: (more) => {
    const window = new WriteWindow()
    window.credited({ next: 0, allowed: 1e9 })
    return window.canSend(BOUNDS.windowBytesMax + more)
  },
  windowsPerLinkBytes: [
    '../../../src/engine/transport/flow.test.ts',
    'all windows of a connection stay under 8 MiB, the first windows of 64 jobs included',
  ],
  inlineBodyBytes: ['router-frames.test.ts', 'beyond 32 KiB before `accepted` end the job'],
  jobsPerLink: (more) => {
    const limits = knownLimits()
    return times(BOUNDS.jobsPerLink - 1 + more, () => admitJob(limits, KEY, BOUNDS) === null)
  },
  syncsBurst: (more) => syncs(scene(), BOUNDS.syncsBurst + more),
  syncsPerSecond: (more) => {
    const it = scene()
    syncs(it, BOUNDS.syncsBurst)
    it.stage.advance(1_000)
    return syncs(it, BOUNDS.syncsPerSecond + more)
  },
  unsentPerLinkBytes: [
    '../../../src/engine/transport/door-abuse.test.ts',
    'who takes nothing is cut off, at a bound',
  ],
  subscriptionsPerLink: [
    '../../../src/engine/transport/door-abuse.test.ts',
    'so does a flood of REQs, and subscriptions are bounded',
  ],
  filtersPerSubscription: [
    '../../../src/engine/transport/door-abuse.test.ts',
    'filters are bounded in number and shape',
  ],
  eventsBurst: (more) => {
    const allowance = new Allowance(virtualClock(), BOUNDS)
    return times(BOUNDS.eventsBurst + more, () => allowance.event())
  },
  eventsPerSecond: async (more) => {
    const clock = virtualClock()
    const allowance = new Allowance(clock, BOUNDS)
    times(BOUNDS.eventsBurst, () => allowance.event())
    await clock.advance(1_000)
    return times(BOUNDS.eventsPerSecond + more, () => allowance.event())
  },
  strayBytesPerSecond: async (more) => {
    const clock = virtualClock()
    const allowance = new Allowance(clock, BOUNDS)
    allowance.stray(5 * BOUNDS.strayBytesPerSecond)
    await clock.advance(1_000)
    return allowance.stray(BOUNDS.strayBytesPerSecond + more)
  },
  asksPerSecondUnknown: (more) => {
    const limits = newKeyLimits()
    const ask = () => admitAsk(limits, KEY, unixMs(0), BOUNDS) === null
    return times(BOUNDS.asksPerSecondUnknown + more, ask)
  },
  openJobsUnknown: (more) => {
    const limits = newKeyLimits()
    return times(BOUNDS.openJobsUnknown + more, () => admitJob(limits, KEY, BOUNDS) === null)
  },
  heldTicketsUnknown: (more) => {
    const who = { key: KEY, place: 'a', places: new Map() }
    const limits = newKeyLimits()
    return times(BOUNDS.heldTicketsUnknown + more, () => admitHold(limits, who, unixMs(0), BOUNDS))
  },
  keysPerAddress: (more) => {
    const keys = counter(BOUNDS.keysPerAddress)
    let n = 0
    // One customer has all of a /64.
    return times(BOUNDS.keysPerAddress + more, () => keys.add(`2001:db8::${(n++).toString(16)}`))
  },
  offers: (more) => {
    const content = JSON.parse(SAMPLES.offers.draft.content) as { entries: unknown[] }
    const entries = Array(BOUNDS.offers + more).fill(content.entries[0])
    return SCHEMAS.offers.safeParse({ ...content, entries }).success
  },
  freshnessMs: ['../../../src/engine/protocol/intake.test.ts', 'the edges of freshness'],
  handshakeMs: [
    '../../../src/engine/transport/dial.test.ts',
    'one that never answers the handshake',
  ],
  authMs: [
    '../../../src/engine/transport/door.test.ts',
    'who proves nothing and asks for nothing is closed; a reader stays',
  ],
  // Bun’s own, in whole seconds (door.ts): what is tried is that it is told.
  idleMs: ['../../../src/engine/transport/door.ts', 'idleTimeout: Math.ceil(bounds.idleMs / 1000)'],
  pingMs: ['../../../src/engine/transport/dial.test.ts', 'one that answers pings is kept'],
  linkLostMs: [
    '../../../src/engine/transport/dial.test.ts',
    'one that freezes is noticed by the ping',
  ],
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
  receiptWithinMs: ['client-receipts.test.ts', 'none at all: the output is kept, nothing is owed'],
  acknowledgementWithinMs: (more) =>
    waits(
      'acknowledgement',
      'node',
      BOUNDS.acknowledgementWithinMs - 1 + more,
      (it) => it.node.state.jobs.size === 1,
    ),
  creditWithinMs: [
    '../../../src/engine/transport/flow.test.ts',
    'the first frame is credited within 250 ms, not at once',
  ],
  lastCreditWithinMs: [
    'node-output.test.ts',
    'gets one window at most; the runner waits, and is free when its time is up',
  ],
  stalledMs: ['../scenes.test.ts', 'a reader that stops for good'],
  awayMs: ['router-strangers.test.ts', 'awayMs'],
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
  resultWaitsMs: ['../resume-waits.test.ts', 'a finished result waits for a client with patience'],
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
  sheetKeptMs: ['leaks.test.ts', 'when clients and nodes come and go'],
  holdEtaMs: [
    '../../../src/engine/roles/node/hold-job.test.ts',
    'is not where the work takes over 30 s',
  ],
  lockedBlocks: [
    '../../../src/engine/spending/invoice-check.test.ts',
    'an invoice that asks for more than two days of blocks',
  ],
}

const parseSealedOk = (text: string): boolean => !isRefusal(parseSealed(text))

describe('every bound of docs/protocol.md, section 7, at the edge and one beyond', () => {
  test.each(Object.entries(CASES))('%s', async (_, it) => {
    if (typeof it === 'function') return expect([await it(0), await it(1)]).toEqual([true, false])
    const [file, name] = it
    const text = await Bun.file(new URL(file, import.meta.url)).text()
    expect(text.includes(name)).toBe(true)
  })

  test('none is left out', () => {
    expect(Object.keys(CASES).toSorted()).toEqual(Object.keys(BOUNDS).toSorted())
  })
})
