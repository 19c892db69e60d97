import { describe, expect, test } from 'bun:test'
import { BOUNDS } from '../../../src/engine/base/bounds.ts'
import { unixMs } from '../../../src/engine/base/clock.ts'
import { virtualClock } from '../../../src/engine/base/virtual-clock.ts'
import { pubKey } from '../../../src/engine/protocol/ids.ts'
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
import { ReadWindow, WriteWindow, windowBudget } from '../../../src/engine/transport/flow.ts'
import { SAMPLES } from '../../vectors/samples.ts'
import { BY_SCENE, type Case } from './limits.ts'

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

const CASES: Readonly<Record<keyof typeof BOUNDS, Case | Elsewhere>> = {
  ...BY_SCENE,
  eventBytes: (more) => {
    const text = `"${'a'.repeat(BOUNDS.eventBytes - 2 + more)}"`
    return !isRefusal(parseStrict(text, { maxDepth: 8 }))
  },
  jsonDepth: (more) => {
    const { jsonDepth } = BOUNDS
    return !isRefusal(parseStrict(nested(jsonDepth + more), { maxDepth: jsonDepth }))
  },
  sealedJsonDepth: (more) => parseSealedOk(nested(BOUNDS.sealedJsonDepth + more)),
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
  windowsPerLinkBytes: (more) => {
    const { windowsPerLinkBytes: most, windowBytes: first } = BOUNDS
    // What others have leaves room for two first windows, or one byte less.
    const budget = { ...windowBudget(), jobs: 1, used: most - 2 * first + more }
    const reader = new ReadWindow(budget)
    const { used } = budget
    reader.arrived({ seq: 0, bytes: new Uint8Array(first), last: false }, unixMs(0))
    return budget.used > used
  },
  jobsPerLink: (more) => {
    const limits = knownLimits()
    return times(BOUNDS.jobsPerLink - 1 + more, () => admitJob(limits, KEY, BOUNDS) === null)
  },
  unsentPerLinkBytes: [
    '../../../src/engine/transport/link-edges.test.ts',
    'so much may be unsent on a link, at either end',
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
    return times(BOUNDS.keysPerAddress + more, () =>
      keys.add(`2001:db8::${(n++).toString(16)}`, `key ${n}`),
    )
  },
  offers: (more) => {
    const content = JSON.parse(SAMPLES.offers.draft.content) as { entries: unknown[] }
    const entries = Array(BOUNDS.offers + more).fill(content.entries[0])
    return SCHEMAS.offers.safeParse({ ...content, entries }).success
  },
  freshnessMs: ['../../../src/engine/protocol/intake.test.ts', 'the edges of freshness'],
  handshakeMs: [
    '../../../src/engine/transport/link-edges.test.ts',
    'who dials waits so long for a handshake, and so long for AUTH',
  ],
  authMs: ['../../../src/engine/transport/link-edges.test.ts', 'a door waits so long for a key'],
  // Bun’s own, in whole seconds (door.ts): what is tried is that it is told.
  idleMs: ['../../../src/engine/transport/door.ts', 'idleTimeout: Math.ceil(bounds.idleMs / 1000)'],
  pingMs: [
    '../../../src/engine/transport/link-edges.test.ts',
    'it asks whether the door is there after so long, and gives it so long to answer',
  ],
  linkLostMs: [
    '../../../src/engine/transport/link-edges.test.ts',
    'it asks whether the door is there after so long, and gives it so long to answer',
  ],
  creditWithinMs: [
    '../../../src/engine/transport/flow.test.ts',
    'the first frame is credited within 250 ms, not at once',
  ],
  lastCreditWithinMs: [
    'node-output.test.ts',
    'gets one window at most; the runner waits, and is free when its time is up',
  ],
  stalledMs: ['../scenes-readers.test.ts', 'a reader that stops for good'],
  awayMs: ['router-strangers.test.ts', 'a client that stays away: its node is told'],
  resultWaitsMs: ['../resume-waits.test.ts', 'a finished result waits for a client with patience'],
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
