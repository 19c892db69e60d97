import { removeTicket } from '../../../src/engine/roles/router/pool.ts'
import { describe, expect, test } from 'bun:test'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { encodeFrame } from '../../../src/engine/protocol/frames.ts'
import { addNode, addPuppet, done, outcomeOf, piece, wish } from './cast.ts'
import { contentOf, forged } from './parcel.ts'
import type { Party } from './party.ts'
import {
  type Scene,
  declinedTo,
  eventsTo,
  framesTo,
  held,
  onWay,
  scene,
  unharmed,
} from './scene.ts'

const other = 'c'.repeat(64)

/** A job in the hands of its node. */
const running = () => {
  const it = scene({ words: null })
  const job = wish(it.stage, it.client)
  const attempt = it.client.state.jobs.get(job)!.attempt!
  return { ...it, job, run: it.node.runs[0]!, attempt, ticket: attempt.offered.ticket.event.id }
}

const sign = (
  it: Scene,
  by: Party,
  name: 'cancel' | 'acknowledgement' | 'progress',
  content: object,
  to = it.node,
) =>
  by.signer.sign(
    draftOf(name, content as never, { now: it.stage.now, net: 'sim', to: to.signer.pubkey }),
  )

describe('what strangers say about a job changes nothing', () => {
  test('cancels, acknowledgements, progress, receipts and rewraps', () => {
    const it = running()
    piece(it.stage, it.node, it.run, 'one ', 1)
    const thief = addPuppet(it.stage, it.router)
    const { job, ticket } = it
    const about = { job, ticket }
    const before = JSON.stringify([...it.router.state.jobs.values()])
    it.stage.say(thief, sign(it, thief, 'cancel', { ...about, seen: 'nothing', next: 0 }))
    const ack = { ...about, receipt: other, verdict: 'agree', reason: null }
    it.stage.say(thief, sign(it, thief, 'acknowledgement', ack))
    it.stage.say(
      thief,
      sign(
        it,
        thief,
        'progress',
        { ...about, status: 'refused', reason: 'busy' },
        it.client as never,
      ),
    )
    it.stage.say(
      thief,
      sign(it, thief, 'progress', { ...about, status: 'started' }, it.client as never),
    )
    const [event] = eventsTo(it.router, 'job')
    const rewrap = { ...contentOf(event!), from: ticket }
    it.stage.say(
      thief,
      thief.signer.sign(
        draftOf('rewrap', rewrap as never, {
          now: it.stage.now,
          net: 'sim',
          to: it.node.signer.pubkey,
        }),
      ),
    )
    // What is for a client is heard of nodes alone.
    const [noJob, notOurs] = ['restricted: no such job', expect.stringContaining('not_for_us')]
    expect(declinedTo(thief)).toEqual([noJob, noJob, notOurs, notOurs, noJob])
    expect(JSON.stringify([...it.router.state.jobs.values()])).toBe(before)
    expect(it.router.disk).toEqual([])
    expect(it.run.aborted).toBe(false)
  })

  test('a receipt of a node that has not the job, or for a client that it is not of', () => {
    const it = running()
    const receipts = held(it.stage, it.router, 'receipt')
    const second = addNode(it.stage, it.router)
    done(it.stage, it.node, it.run, 0)
    it.stage.advance(1_000)
    const [parcel] = receipts
    if (parcel?.kind !== 'event') throw new Error('no receipt')
    it.stage.tampers.length = 0
    it.stage.say(second, forged(second.signer, parcel.event, {}))
    it.stage.say(it.node, forged(it.node.signer, parcel.event, { client: other }))
    it.stage.say(it.node, forged(it.node.signer, parcel.event, { job: other }))
    it.stage.say(it.node, forged(it.node.signer, parcel.event, { ticket: other }))
    expect(it.router.disk).toEqual([])
    expect([...declinedTo(second), ...declinedTo(it.node)]).toEqual(
      Array(4).fill('restricted: no such job'),
    )
  })

  test('frames on its tag, from other links', () => {
    const it = running()
    const thief = addPuppet(it.stage, it.router)
    const tag = it.run.tag
    for (const type of ['input', 'output', 'inputCredit', 'outputCredit', 'reset'] as const)
      it.stage.say(
        thief,
        encodeFrame({ type, last: false, tag, seq: 0, bytes: new Uint8Array(28) }),
      )
    for (const party of [it.client, it.node])
      expect(
        party.heard.every((parcel) => parcel.kind !== 'frame' || parcel.frame.type === 'input'),
      ).toBe(true)
    expect(it.run.aborted).toBe(false)
  })
})

describe('a second word', () => {
  test('a second receipt for one ticket is not kept, and stops no router', () => {
    const it = running()
    const receipts = held(it.stage, it.client, 'receipt')
    done(it.stage, it.node, it.run, 0)
    it.stage.advance(1_000)
    const [receipt] = eventsTo(it.router, 'receipt')
    it.stage.say(it.node, forged(it.node.signer, receipt!, { cost: '99' }))
    unharmed(it.stage)
    expect(declinedTo(it.node)).toEqual(['duplicate: receipt'])
    expect(it.router.disk.map((kept) => kept.id)).toEqual([receipt!.id])
    expect(it.router.logged).toContain('receipt.second')
    expect(receipts).toHaveLength(1)
  })

  test('an acknowledgement before the receipt, of another one, or a second time is not taken', () => {
    const it = running()
    const about = { job: it.job, ticket: it.ticket, verdict: 'agree', reason: null }
    it.stage.say(it.client, sign(it, it.client, 'acknowledgement', { ...about, receipt: other }))
    // It would have freed its place among the open jobs while its node still works.
    expect(it.router.state.jobs.size).toBe(1)
    expect(declinedTo(it.client)).toEqual(['restricted: no such receipt'])
    done(it.stage, it.node, it.run, 0)
    it.stage.advance(1_000)
    expect(it.router.disk.map((kept) => kept.kind)).toEqual(['receipt', 'acknowledgement'])
    it.stage.say(it.client, sign(it, it.client, 'acknowledgement', { ...about, receipt: other }))
    expect(it.router.disk).toHaveLength(2)
  })

  test('a rewrap where nothing moves is declined', () => {
    const it = running()
    const [event] = eventsTo(it.router, 'job')
    const content = { ...contentOf(event!), from: it.ticket }
    const { now } = it.stage
    const to = it.node.signer.pubkey
    const rewrap = it.client.signer.sign(
      draftOf('rewrap', content as never, { now, net: 'sim', to }),
    )
    it.stage.say(it.client, rewrap)
    expect(declinedTo(it.client)).toEqual(['restricted: the job is not moving there'])
    expect(it.node.runs).toHaveLength(1)
  })
})

test('a receipt is answered only when it is on the disk', () => {
  const it = running()
  it.router.slowDisk = true
  done(it.stage, it.node, it.run, 0)
  it.stage.advance(1_000)
  const [receipt] = eventsTo(it.router, 'receipt')
  const answered = () =>
    it.node.heard.some((parcel) => parcel.kind === 'answer' && parcel.id === receipt!.id)
  expect(answered()).toBe(false)
  // Nor does it cost a node, which would be thrown out as a flood while our disk is slow.
  expect(it.stage.taken).toContain(it.node)
  // It is passed on at once all the same: a slow disk delays no client.
  expect(eventsTo(it.client, 'receipt')).toHaveLength(1)
  it.stage.write(it.router)
  expect(answered()).toBe(true)
})

test('a client that stays away: its node is told, and the runner is free', () => {
  const it = running()
  piece(it.stage, it.node, it.run, 'one ', 1)
  it.stage.cut(it.client, [...it.client.links.keys()][0]!)
  it.stage.advance(it.stage.bounds.awayMs - 1)
  expect(framesTo(it.node, 'reset')).toHaveLength(0)
  it.stage.advance(1)
  expect(framesTo(it.node, 'reset')).toHaveLength(1)
  expect(it.run.aborted).toBe(true)
  expect(outcomeOf(it.stage, it.job).fault).toMatchObject({ code: 'link.lost' })
  it.stage.advance(100_000)
  expect(it.router.state.jobs.size).toBe(0)
})

test('a job that found its ticket gone, and never comes back, ends', () => {
  const it = scene()
  onWay(it.stage, it.router, 'job', (job) => {
    const [first, ...rest] = [...it.router.state.tickets.keys()]
    expect(rest).toEqual([])
    removeTicket(it.router.state, first!)
    return job
  })
  wish(it.stage, it.client)
  it.stage.advance(200_000)
  unharmed(it.stage)
  expect(it.router.state.jobs.size).toBe(0)
})
