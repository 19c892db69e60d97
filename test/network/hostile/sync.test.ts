import { describe, expect, test } from 'bun:test'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import type { EventId } from '../../../src/engine/protocol/ids.ts'
import type { Contents } from '../../../src/engine/protocol/messages.ts'
import { addPuppet, done, isOpen, newsOf, outcomeOf, piece, wish } from './cast.ts'
import { forged } from './parcel.ts'
import type { Party, RouterParty } from './party.ts'
import {
  declinedTo,
  eventsTo,
  framesTo,
  heardBy,
  held,
  onFrames,
  type Scene,
  scene,
  unharmed,
} from './scene.ts'

/** A job in mid-stream: three pieces came. */
const streaming = (options: Parameters<typeof scene>[0] = {}) => {
  const it = scene({ words: null, ...options })
  const job = wish(it.stage, it.client)
  const run = it.node.runs[0]!
  for (let n = 1; n <= 3; n++) piece(it.stage, it.node, run, `word${n} `, n)
  it.stage.advance(1_000)
  const { ticket } = it.node.state.jobs.get(run.tag)!
  return { ...it, job, run, ticket }
}
type Streaming = ReturnType<typeof streaming>

/** As a restart would: it knows nobody's jobs any more. */
const forgets = ({ state }: RouterParty): void => {
  for (const table of [state.jobs, state.byTag, state.jobsOf]) table.clear()
}

let nonce = 0
const sync = (
  it: Streaming,
  by: Party,
  change: Partial<Contents['sync']> = {},
  answers?: EventId,
): Signed => {
  const side = change.side ?? 'client'
  const content = {
    nonce: (++nonce).toString(16).padStart(32, '0'),
    job: it.job,
    ticket: it.ticket,
    side,
    next: 3,
    ...change,
  }
  const to = side === 'client' ? it.node.signer.pubkey : it.client.signer.pubkey
  const { now } = it.stage
  return by.signer.sign(
    draftOf('sync', content, { now, net: 'sim', to, ...(answers && { answers }) }),
  )
}

const goesOn = (it: Streaming): void => {
  unharmed(it.stage)
  expect(isOpen(it.stage, it.job)).toBe(true)
  piece(it.stage, it.node, it.run, 'word4', 4)
  done(it.stage, it.node, it.run, 4)
  it.stage.advance(1_000)
  const { fault, output } = outcomeOf(it.stage, it.job)
  expect(fault).toBeNull()
  expect(output).toMatchObject({ message: { content: 'word1 word2 word3 word4' } })
  const pieces = newsOf(it.stage, it.job).filter((news) => news.type === 'piece')
  expect(pieces).toHaveLength(4)
}

const reconnect = (it: Scene, party: Party): void => {
  it.stage.cut(party, [...party.links.keys()][0]!)
  it.stage.connect(party, it.router, (link) => {
    if (party === it.node) it.node.state.pinned.set(link, it.router.signer.pubkey)
  })
}

describe('a stranger who asks for somebody’s job', () => {
  test('is declined by a router that knows it', () => {
    const it = streaming()
    const thief = addPuppet(it.stage, it.router)
    it.stage.say(thief, sync(it, thief))
    it.stage.say(thief, sync(it, thief, { side: 'node' }))
    // As if it were its node, he is not told whether the client is here.
    const [first, second] = declinedTo(thief)
    expect(first).toBe('restricted: no such job')
    expect(second).toStartWith('invalid: event.not_for_us')
    expect(eventsTo(it.node, 'sync').concat(eventsTo(it.client, 'sync'))).toEqual([])
    goesOn(it)
  })

  test('gets nothing by a router that was restarted: the node knows whose job it is', () => {
    const it = streaming()
    forgets(it.router)
    const thief = addPuppet(it.stage, it.router)
    it.stage.say(thief, sync(it, thief, { next: 0 }))
    it.stage.advance(500)
    expect(eventsTo(it.node, 'sync')).toHaveLength(1)
    // The node says nothing to it, to nobody.
    expect(eventsTo(it.router, 'sync')).toHaveLength(1)
    expect(thief.heard.filter((parcel) => parcel.kind !== 'answer')).toHaveLength(1)
    expect(eventsTo(thief, 'quota')).toHaveLength(1)
    expect(it.router.state.jobs.size).toBe(0)
    // He disturbs nothing: who has the job goes on with it.
    reconnect(it, it.client)
    goesOn(it)
    it.stage.advance(20_000)
    expect([it.router.state.returning.size, framesTo(thief, 'output').length]).toEqual([0, 0])
  })

  test('as if he were its node, gets no input and ends nothing', () => {
    const it = streaming()
    forgets(it.router)
    const thief = addPuppet(it.stage, it.router)
    it.stage.say(thief, sync(it, thief, { side: 'node', next: 0 }))
    expect(declinedTo(thief)).toEqual([expect.stringMatching(/^invalid: event\.not_for_us/)])
    reconnect(it, it.client)
    goesOn(it)
  })

  test('for what never was is told so by its node, a bounded number of times a second', () => {
    const it = streaming()
    const thief = addPuppet(it.stage, it.router)
    for (let n = 0; n < 300; n++)
      it.stage.say(thief, sync(it, thief, { job: n.toString(16).padStart(64, '0') as never }))
    expect(eventsTo(thief, 'progress').length).toBe(0)
    const refused = thief.heard.filter((p) => p.kind === 'event' && p.event.kind === 26424)
    expect(refused).toHaveLength(64)
    // Not answered, they are as many as a link may have open jobs, and no more.
    expect(it.router.state.returning.size).toBeLessThanOrEqual(it.stage.bounds.jobsPerLink)
    expect(declinedTo(thief).some((why) => why.startsWith('rate-limited'))).toBe(true)
    it.stage.advance(10_000)
    expect(it.router.state.returning.size).toBe(0)
    goesOn(it)
  })
})

describe('a client that asks', () => {
  test('the same twice, is heard once', () => {
    const it = streaming()
    const said = sync(it, it.client, { next: 0 })
    it.stage.say(it.client, said)
    const answers = eventsTo(it.client, 'sync').length
    it.stage.say(it.client, said)
    expect(eventsTo(it.node, 'sync')).toHaveLength(1)
    expect(eventsTo(it.client, 'sync')).toHaveLength(answers)
    goesOn(it)
  })

  test('for a frame beyond all that were sent, gets none, and loses none', () => {
    const it = streaming()
    const before = framesTo(it.client, 'output').length
    it.stage.say(it.client, sync(it, it.client, { next: 1_000_000 }))
    expect(framesTo(it.client, 'output')).toHaveLength(before)
    goesOn(it)
  })

  test('without end, gets one answer in half a second, and no more bytes than a window for each', () => {
    const it = streaming()
    for (let n = 0; n < 400; n++) it.stage.say(it.client, sync(it, it.client, { next: 0 }))
    expect(eventsTo(it.client, 'sync')).toHaveLength(1)
    expect(eventsTo(it.node, 'sync').length).toBeLessThanOrEqual(it.stage.bounds.syncsBurst)
    expect(declinedTo(it.client)).toContain('rate-limited: syncs')
    goesOn(it)
  })

  test('as an answer to nothing, is not answered: there is no ping-pong', () => {
    const it = streaming()
    const some = 'ab'.repeat(32) as EventId
    const before = framesTo(it.client, 'output').length
    it.stage.say(it.client, sync(it, it.client, { next: 0 }, some))
    it.stage.say(it.node, sync(it, it.node, { side: 'node', next: 0 }, some))
    expect(eventsTo(it.client, 'sync')).toHaveLength(1)
    expect(eventsTo(it.node, 'sync')).toHaveLength(1)
    expect(framesTo(it.client, 'output')).toHaveLength(before)
    goesOn(it)
  })

  test('buys no time for a job that it does not pay', () => {
    const it = streaming({ stranger: true })
    onFrames(it.stage, it.node, 'outputCredit', () => [])
    for (let n = 4; n < 40; n++) {
      if (!it.run.aborted) piece(it.stage, it.node, it.run, 'word '.repeat(100), n)
      it.stage.say(it.client, sync(it, it.client, { next: 3 }))
      it.stage.advance(1_000)
    }
    expect(it.run.aborted).toBe(true)
  })
})

test('a node that comes back to a job that went on without it, is stopped', () => {
  const it = streaming()
  it.router.state.jobs.get(it.job)!.phase = 'over'
  reconnect(it, it.node)
  expect(framesTo(it.node, 'reset')).toHaveLength(1)
  expect(it.run.aborted).toBe(true)
})

test('a second receipt after a restart of the router is not kept, and stops nobody', () => {
  const it = streaming()
  const lost: Signed[] = []
  it.stage.tampers.push((parcel) => {
    if (parcel.to !== it.client || parcel.kind !== 'event' || parcel.event.kind !== 4642) return
    lost.push(parcel.event)
    return []
  })
  done(it.stage, it.node, it.run, 3)
  it.stage.advance(500)
  expect(it.router.disk.map((kept) => kept.kind)).toEqual(['receipt'])
  it.stage.tampers.length = 0
  forgets(it.router)
  reconnect(it, it.client)
  expect(it.router.state.jobs.size).toBe(1)
  it.stage.say(it.node, forged(it.node.signer, lost[0]!, { cost: '9' }))
  unharmed(it.stage)
  expect(declinedTo(it.node)).toEqual(['duplicate: receipt'])
  expect(it.router.disk.filter((kept) => kept.kind === 'receipt')).toHaveLength(1)
})

describe('nothing is lost', () => {
  test('of a receipt that comes back to a restarted router before its client does', () => {
    const it = streaming()
    const lost = held(it.stage, it.router, 'receipt')
    done(it.stage, it.node, it.run, 3)
    it.stage.advance(500)
    expect(lost).toHaveLength(1)
    it.stage.tampers.length = 0
    forgets(it.router)
    // Its sync and its receipt arrive before the client has answered.
    reconnect(it, it.node)
    expect(outcomeOf(it.stage, it.job)).toMatchObject({ fault: null, verified: true })
    expect(it.router.disk.map((kept) => kept.kind)).toEqual(['receipt', 'acknowledgement'])
  })

  test('and a node that is back waits no longer for a credit than before', () => {
    const it = streaming()
    onFrames(it.stage, it.node, 'outputCredit', () => [])
    done(it.stage, it.node, it.run, 3)
    reconnect(it, it.node)
    expect(eventsTo(it.router, 'receipt')).toHaveLength(0)
    it.stage.advance(it.stage.bounds.lastCreditWithinMs)
    expect(heardBy(it.router, 'receipt')).toMatchObject([{ status: 'partial' }])
  })

  test('of a job that ended unseen while its client was away: it begins anew, under its own id', () => {
    const it = scene({ slots: 2 })
    const jobs = held(it.stage, it.node, 'job')
    const job = wish(it.stage, it.client)
    it.stage.cut(it.client, [...it.client.links.keys()][0]!)
    // The node never heard of it: after a second the router gives up.
    it.stage.advance(5_000)
    expect([jobs.length, it.router.state.jobs.get(job)?.phase]).toEqual([1, 'over'])
    it.stage.tampers.length = 0
    it.stage.connect(it.client, it.router)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, job })
    expect(newsOf(it.stage, job).map((news) => news.type)).toContain('again')
  })
})
