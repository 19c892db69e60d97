import { describe, expect, test } from 'bun:test'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { addClient, done, piece, wish } from './cast.ts'
import type { Content } from './parcel.ts'
import type { Party } from './party.ts'
import { framesTo, heardBy, held, scene, unharmed } from './scene.ts'

import { type Mid, credit, midstream } from './midstream.ts'

describe('a cancel', () => {
  const cancelBy = (it: Mid, by: Party, more: Content = {}): void => {
    const content = { job: it.job, ticket: it.at.ticket, seen: 'started', next: 0, ...more }
    const to = it.node.signer.pubkey
    const draft = draftOf('cancel', content as never, { now: it.stage.now, net: 'sim', to })
    // A lying router lets it through.
    const parcel = { from: it.router, to: it.node, link: it.at.link, kind: 'event' as const }
    const event = by.signer.sign(draft)
    it.stage.deliver({ ...parcel, event, text: JSON.stringify(event) })
  }

  test('of somebody else is not heard, nor is an acknowledgement', () => {
    const it = midstream(2)
    held(it.stage, it.client, 'receipt')
    const thief = addClient(it.stage, it.router)
    cancelBy(it, thief)
    expect(it.run.aborted).toBe(false)
    expect(it.node.disk).toEqual([])
    cancelBy(it, it.client)
    it.stage.advance(1_100)
    const content = {
      receipt: it.at.receipt!.id,
      job: it.job,
      ticket: it.at.ticket,
      verdict: 'agree',
      reason: null,
    } as const
    const to = it.node.signer.pubkey
    const event = thief.signer.sign(
      draftOf('acknowledgement', content, { now: it.stage.now, net: 'sim', to }),
    )
    const parcel = { from: it.router, to: it.node, link: it.at.link, kind: 'event' as const }
    it.stage.deliver({ ...parcel, event, text: JSON.stringify(event) })
    expect(it.node.state.jobs.size).toBe(1)
    expect(it.node.disk.map((kept) => kept.kind)).toEqual(['receipt'])
  })

  test('is charged for what it says it has, and never for more than was sent', () => {
    for (const [next, cost] of [
      [0, '1'],
      [2, '10'],
      [3, '13'],
      [999, '13'],
    ] as const) {
      const it = midstream(3)
      cancelBy(it, it.client, { next })
      it.stage.advance(1_100)
      const [receipt] = heardBy(it.router, 'receipt')
      expect(receipt).toMatchObject({ status: 'client_cancelled', finish: 'cancel', cost })
      expect(it.run.aborted).toBe(true)
      unharmed(it.stage)
    }
  })

  test('that has not seen the start is not charged for reading', () => {
    const it = midstream(1)
    cancelBy(it, it.client, { seen: 'accepted' })
    it.stage.advance(1_100)
    expect(heardBy(it.router, 'receipt')).toMatchObject([{ cost: '0', usage: {} }])
  })

  test('leaves a debt that no credit after the receipt pays, since nothing is charged for it', () => {
    const it = midstream(1)
    held(it.stage, it.client, 'receipt')
    const account = () => it.node.state.accounts.get(it.client.signer.pubkey)!
    cancelBy(it, it.client)
    it.stage.advance(1_100)
    const { paid, outstanding, lost } = account()
    expect(lost).toBeGreaterThan(0n)
    credit(it, 1)
    expect(account()).toMatchObject({ paid, outstanding, lost })
    expect(heardBy(it.router, 'receipt')).toMatchObject([{ commit: { frames: 0 } }])
    unharmed(it.stage)
  })

  test('is paid by the credits that come within a second: what was on its way is charged', () => {
    const it = midstream(3)
    cancelBy(it, it.client, { next: 2 })
    expect(heardBy(it.router, 'receipt')).toEqual([])
    expect(it.run.aborted).toBe(true)
    credit(it, 3)
    expect(heardBy(it.router, 'receipt')).toMatchObject([{ cost: '13', commit: { frames: 3 } }])
    unharmed(it.stage)
  })

  test('stops what comes after it: no frame, no usage', () => {
    const it = midstream(2)
    cancelBy(it, it.client, { next: 2 })
    const before = framesTo(it.router, 'output').length
    piece(it.stage, it.node, it.run, 'more', 3)
    done(it.stage, it.node, it.run, 3)
    credit(it, 2)
    expect(framesTo(it.router, 'output')).toHaveLength(before)
    expect(it.node.disk.filter((kept) => kept.kind === 'receipt')).toHaveLength(1)
  })

  test('before its job arrives stops that job, and no other key’s', () => {
    for (const mine of [true, false]) {
      const it = scene()
      const jobs = held(it.stage, it.node, 'job')
      const job = wish(it.stage, it.client)
      const [parcel] = jobs
      const ticket = it.client.state.jobs.get(job)!.attempt!.offered.ticket.event.id
      const draft = draftOf(
        'cancel',
        { job, ticket, seen: 'nothing', next: 0 },
        { now: it.stage.now, net: 'sim', to: it.node.signer.pubkey },
      )
      const event = (mine ? it.client.signer : it.stage.newSigner()).sign(draft)
      it.stage.deliver({ ...parcel!, kind: 'event', event, text: JSON.stringify(event) } as never)
      it.stage.deliver(parcel!)
      expect(heardBy(it.router, 'accepted')).toHaveLength(mine ? 0 : 1)
      expect(heardBy(it.router, 'refused')).toMatchObject(mine ? [{ reason: 'cancelled' }] : [])
      // What is remembered of it is forgotten.
      it.stage.advance(301_000)
      expect(it.node.state.cancelled.size).toBe(0)
    }
  })

  test('by the hundred leaves nothing behind a runner that does not let go', () => {
    const it = midstream(1, { queue: 2 })
    for (let n = 0; n < 100; n++) {
      const job = wish(it.stage, it.client)
      it.stage.tell(it.client, { type: 'cancel', job })
      it.stage.advance(100)
    }
    expect(it.node.state.runners[0]!.waiting.length).toBeLessThanOrEqual(2)
    it.stage.advance(100_000)
    expect(it.node.state.runners[0]).toMatchObject({ waiting: [], running: 0 })
    unharmed(it.stage)
  })
})
