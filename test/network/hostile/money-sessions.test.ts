// Several sessions under one tab key: what a node tells which, and how often it can be made to.
import { expect, test } from 'bun:test'
import { toHex } from '../../../src/engine/base/bytes.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import { addPuppet, wish } from './cast.ts'
import { letterOf } from './money.ts'
import { type MoneyScene, lettersTo, moneyScene, tabAt, tabKey, topUp } from './money-scene.ts'
import { contentOf } from './parcel.ts'
import type { Party } from './party.ts'
import { unharmed } from './scene.ts'

/** A session says that it waits for the payment of this number. */
const waits = (it: MoneyScene, from: Party, inner: Signer, paid?: number): void => {
  const nonce = toHex(it.stage.random.bytes(16))
  const content = { nonce, since: 0, ...(paid !== undefined && { paid }) } as never
  const to = it.node.signer.pubkey
  it.stage.say(
    from,
    letterOf(it.stage, { inner, outer: from.signer, to, name: 'tab_sync', content }),
  )
}

/** A tab with one payment and one job on it, and another session of its user. */
const scene = () => {
  const it = moneyScene()
  wish(it.stage, it.client)
  it.stage.advance(1_000)
  expect(tabAt(it)!.seq).toBe(1)
  const sibling = addPuppet(it.stage, it.router)
  const heard = (name: 'paid' | 'statement' | 'invoice') => lettersTo(sibling, name).length
  return { it, sibling, heard, key: tabKey(it) }
}

test('who waits for a payment that another session made is told that it is there', () => {
  const { it, sibling, heard, key } = scene()
  waits(it, sibling, key, 1)
  it.stage.advance(100)
  expect([heard('paid'), heard('invoice')]).toEqual([1, 0])
  unharmed(it.stage)
})

test('attack: it asks without end, and is answered twice a second', () => {
  const { it, sibling, heard, key } = scene()
  for (let n = 0; n < 50; n++) waits(it, sibling, key, 1)
  it.stage.advance(100)
  expect([heard('paid'), heard('statement')]).toEqual([1, 1])
  // By another number it is no other question; what is lacking of statements is one of its own.
  waits(it, sibling, key, 7)
  for (let n = 0; n < 10; n++) waits(it, sibling, key)
  it.stage.advance(100)
  expect([heard('paid'), heard('statement')]).toEqual([1, 2])
  it.stage.advance(500)
  waits(it, sibling, key, 1)
  it.stage.advance(100)
  expect([heard('paid'), heard('statement')]).toEqual([2, 3])
})

test('attack: a router that watches letters: a payment that two sessions know of is told to one', () => {
  const { it, sibling, heard, key } = scene()
  waits(it, sibling, key, 2)
  it.stage.advance(100)
  const before = heard('paid')
  expect(topUp(it, 100_000n)).toMatchObject({ paid: true, fault: null })
  const second = lettersTo(it.client, 'paid').filter(
    (one) => (contentOf(one) as { seq: number }).seq === 2,
  )
  expect([second.length, heard('paid') - before, heard('invoice')]).toEqual([1, 0, 0])
})

test('of somebody else’s tab nothing is told', () => {
  const { it, sibling, heard } = scene()
  waits(it, sibling, sibling.signer, 1)
  it.stage.advance(1_000)
  expect([heard('paid'), heard('statement'), heard('invoice')]).toEqual([0, 0, 0])
})
