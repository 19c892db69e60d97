// Word that a job is paid: a lie, of another one, too early or lost; and an acceptance that comes when the job has left.
import { describe, expect, test } from 'bun:test'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import type { Contents } from '../../../src/engine/protocol/messages.ts'
import { isOpen, newsOf, outcomeOf, wish } from './cast.ts'
import { letterWith } from './money.ts'
import {
  type MoneyScene,
  addPaidNode,
  inLetters,
  lettersTo,
  moneyScene,
  other,
  tabAt,
  tabKey,
} from './money-scene.ts'
import { eventsTo, heardBy, held, unharmed } from './scene.ts'

describe('paid', () => {
  /** A job that waits for word of its payment, which the node does not have yet. */
  const waiting = () => {
    const it = moneyScene()
    it.mint.deaf = true
    inLetters(it, 'client', 'paid', () => null)
    const job = wish(it.stage, it.client)
    expect(it.mint.paid).toHaveLength(1)
    return { ...it, job }
  }
  const said = (it: MoneyScene, by: Signer, change: Partial<Contents['paid']> = {}) => {
    const [entry] = it.mint.paid
    const content = {
      payment_hash: entry!.hash,
      terms: other,
      ref: entry!.ref,
      seq: 1,
      received: '10000',
      ...change,
    } as Contents['paid']
    const to = it.client.signer.pubkey
    const inner = by.sign(
      draftOf('paid', content, { now: it.stage.now, net: 'sim', to: tabKey(it).pubkey }),
    )
    it.stage.tampers.length = 0
    it.stage.say(it.node, letterWith(it.stage, it.node.signer, to, inner))
  }

  test('attack 1: that is a lie gets nobody a job: the node asks its own wallet', () => {
    const it = waiting()
    // Nobody paid: it is the word alone.
    for (const made of it.mint.made.values()) made.state = 'open'
    expect(eventsTo(it.node, 'job')).toEqual([])
    said(it, it.node.signer)
    it.stage.advance(100)
    // The client went on, on the node's word; the node itself knows better, and says so.
    expect(eventsTo(it.node, 'job')).toHaveLength(1)
    expect(heardBy(it.router, 'refused')).toMatchObject([{ job: it.job, reason: 'unfunded' }])
    expect(it.node.runs).toEqual([])
    expect(tabAt(it)?.paid ?? 0n).toBe(0n)
    unharmed(it.stage)
  })

  test.each(['a stranger', 'the router', 'the client'])('of %s is not heard', (who) => {
    const it = waiting()
    const by = {
      'a stranger': it.stage.newSigner(),
      'the router': it.router.signer,
      'the client': it.client.signer,
    }[who]!
    said(it, by)
    expect(eventsTo(it.router, 'job')).toEqual([])
    expect(isOpen(it.stage, it.job)).toBe(true)
  })

  test('of another payment is not heard', () => {
    const it = waiting()
    said(it, it.node.signer, { payment_hash: other })
    expect(eventsTo(it.router, 'job')).toEqual([])
  })

  test('that comes before our wallet says so is remembered, and nothing is drawn before', () => {
    const it = moneyScene()
    it.mint.pays = () => 'inflight'
    const job = wish(it.stage, it.client)
    const [hash] = it.mint.made.keys()
    it.mint.say(hash!)
    expect(lettersTo(it.client, 'paid')).toHaveLength(1)
    it.stage.advance(1_000)
    expect(eventsTo(it.router, 'job')).toEqual([])
    expect(newsOf(it.stage, job).at(-1)?.type).not.toBe('accepted')
    unharmed(it.stage)
  })

  test('that is lost: the job goes out a few seconds later all the same', () => {
    const it = moneyScene()
    inLetters(it, 'client', 'paid', () => null)
    const job = wish(it.stage, it.client)
    it.stage.advance(10_000)
    expect(outcomeOf(it.stage, job).fault).toBeNull()
    expect(it.mint.paid).toHaveLength(1)
  })
})

test('a node that accepts when the job has left it is not heard, while the next one is paid', () => {
  const it = moneyScene({ slots: 1 })
  const far = addPaidNode(it.stage, it.router, it.mint, { slots: 1 })
  const late = held(it.stage, it.router, 'accepted')
  const job = wish(it.stage, it.client)
  it.stage.tampers.length = 0
  const invoices = held(it.stage, it.client, 'money')
  it.stage.advance(1_000)
  expect(newsOf(it.stage, job).map(({ type }) => type)).toContain('moved')
  expect(invoices).toHaveLength(1)
  for (const parcel of late) it.stage.deliver(parcel)
  it.stage.advance(100)
  expect(isOpen(it.stage, job)).toBe(true)
  it.stage.tampers.length = 0
  for (const parcel of invoices) it.stage.deliver(parcel)
  it.stage.advance(2_000)
  const { fault, output, node } = outcomeOf(it.stage, job)
  expect(fault).toBeNull()
  expect(JSON.stringify(output)).toContain('one two')
  expect([it.node.signer.pubkey, far.signer.pubkey]).toContain(node!)
  unharmed(it.stage)
})
