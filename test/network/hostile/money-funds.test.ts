// Who asks a node for an invoice, and for what: others' tabs, floods, slots held for nothing.
import { describe, expect, test } from 'bun:test'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { addClient, addPuppet, newsOf, outcomeOf, wish } from './cast.ts'
import { letterWith } from './money.ts'
import { asks, fundOf, lettersTo, moneyScene, other, tabAt, tabKey } from './money-scene.ts'
import { contentOf, forged } from './parcel.ts'
import type { Party } from './party.ts'
import { heardBy, unharmed } from './scene.ts'

describe('fund', () => {
  test('for somebody else’s tab gets no invoice', () => {
    const it = moneyScene()
    const puppet = addPuppet(it.stage, it.router)
    const stranger = it.stage.newSigner()
    asks(it, puppet, stranger, fundOf(it, stranger, { ref: tabKey(it).pubkey }))
    expect(it.mint.made.size).toBe(0)
    // And nobody asks in the name of a key that it does not have.
    const content = fundOf(it, tabKey(it))
    const outer = puppet.signer
    const to = it.node.signer.pubkey
    const forgery = forged(
      stranger,
      stranger.sign(draftOf('fund', content, { now: it.stage.now, net: 'sim', to })),
      {},
    )
    it.stage.say(puppet, letterWith(it.stage, outer, to, { ...forgery, pubkey: tabKey(it).pubkey }))
    expect(it.mint.made.size).toBe(0)
    unharmed(it.stage)
  })

  test('that claims a history which never was gets none, and hurts nobody else', () => {
    const it = moneyScene()
    wish(it.stage, it.client)
    it.stage.advance(2_000)
    const before = { tab: { ...tabAt(it)! }, made: it.mint.made.size }
    const puppet = addPuppet(it.stage, it.router)
    const key = it.stage.newSigner()
    const most = Number.MAX_SAFE_INTEGER
    for (const has of [
      { n: 1, seq: 0 },
      { n: 0, seq: 1 },
      { n: most, seq: most },
    ]) {
      asks(it, puppet, key, fundOf(it, key, { has }))
      it.stage.advance(1_000)
    }
    expect(it.mint.made.size).toBe(before.made)
    const told = heardBy(puppet, 'refused')
    expect(told).toHaveLength(3)
    // It is told by its letter: a router learns no key of a tab from it.
    for (const said of told) expect(said).toMatchObject({ reason: 'no_tab', job: said.ticket })
    expect(JSON.stringify(told)).not.toContain(key.pubkey)
    expect(tabAt(it)).toEqual(before.tab)
    wish(it.stage, it.client)
    it.stage.advance(2_000)
    expect(tabAt(it)!.n).toBe(before.tab.n + 1)
    unharmed(it.stage)
  })

  test('for other purposes than a tab gets none', () => {
    const it = moneyScene()
    const puppet = addPuppet(it.stage, it.router)
    for (const purpose of ['job', 'after', 'route'] as const) {
      const key = it.stage.newSigner()
      asks(it, puppet, key, fundOf(it, key, { for: purpose }))
    }
    expect(it.mint.made.size).toBe(0)
  })

  test.each([
    ['', () => null],
    [
      ', for tickets that it makes up',
      (n: number) => ({ job: other, ticket: n.toString(16).padStart(64, '0') }),
    ],
  ])(
    'attack 13: by one key a hundred times is one invoice, and each time the same%s',
    (_, slot) => {
      const it = moneyScene()
      const puppet = addPuppet(it.stage, it.router)
      const key = it.stage.newSigner()
      for (let n = 0; n < 100; n++) {
        asks(it, puppet, key, fundOf(it, key, { msat: String(1_000 + n), hold: slot(n) }))
        it.stage.advance(100)
      }
      expect(it.mint.made.size).toBe(1)
      const bolts = lettersTo(puppet, 'invoice').map((inner) => contentOf(inner).bolt11)
      expect(new Set(bolts).size).toBe(1)
      // Each costs a signature: one session gets two a second.
      expect(bolts.length).toBeLessThanOrEqual(21)
      unharmed(it.stage)
    },
  )

  test('attack 13: by a crowd of keys leaves room for those who have paid before', () => {
    const it = moneyScene()
    wish(it.stage, it.client)
    it.stage.advance(1_000)
    const before = it.mint.made.size
    const crowd = Array.from({ length: 30 }, (_, n) =>
      addPuppet(it.stage, it.router, it.stage.newSigner(), `place ${n}`),
    )
    for (let round = 0; round < 6; round++) {
      for (const puppet of crowd) asks(it, puppet, it.stage.newSigner())
      it.stage.advance(500)
    }
    expect(it.mint.made.size - before).toBe(128)
    // Two jobs of 5 sat each are more than is left on the tab.
    const jobs = [1, 2].map(() => wish(it.stage, it.client, { outTokens: 2_000 }))
    it.stage.advance(1_000)
    expect(jobs.map((job) => outcomeOf(it.stage, job).fault)).toEqual([null, null])
    expect(it.node.state.till!.book.invoices.size).toBeLessThanOrEqual(256)
    // Two minutes later all of it is forgotten.
    it.stage.advance(800_000)
    expect(it.node.state.till!.book.invoices.size).toBe(0)
    unharmed(it.stage)
  })

  test('attack 11: held slots are a quarter at most, and lapse', () => {
    const it = moneyScene({ slots: 4 })
    const puppets = Array.from({ length: 4 }, (_, n) =>
      addClient(it.stage, it.router, { place: `p${n}`, mint: it.mint }),
    )
    it.mint.pays = () => 'unknown'
    const jobs = puppets.map((puppet) => wish(it.stage, puppet))
    expect(jobs.every((job) => newsOf(it.stage, job).length > 0)).toBe(true)
    expect(it.node.state.till!.held.size).toBe(1)
    // A router holds what it offered for 3 s.
    it.stage.advance(4_000)
    // All others are as free as before.
    it.mint.pays = () => 'settled'
    const mine = [1, 2, 3].map(() => wish(it.stage, it.client))
    it.stage.advance(5_000)
    expect(mine.map((job) => outcomeOf(it.stage, job).fault)).toEqual([null, null, null])
  })
})

test('attack 11: nobody but its payer gives back what a job is to be paid by', () => {
  const it = moneyScene()
  wish(it.stage, it.client)
  it.stage.advance(1_000)
  const { book } = it.node.state.till!
  const [hash, job] = ['d'.repeat(64), 'e'.repeat(64)] as [never, never]
  const row = { ...[...it.mint.paid][0]!, payee: it.node.signer.pubkey, preimage: other as never }
  const payer = tabKey(it)
  const times = { at: it.stage.now, expiresAt: (it.stage.now + 60_000) as never }
  const unpaid = { purpose: 'job', state: 'issued', received: null, closing: null } as const
  book.invoices.set(hash, { ...row, ...unpaid, ...times, hash, ref: job, payer: payer.pubkey })
  const drop = (from: Party, by: Signer) => {
    const content = { for: 'job', ref: job, timing: 'hold', drop: true } as const
    asks(it, from, by, fundOf(it, by, content))
    return book.invoices.get(hash)?.closing
  }
  const puppet = addPuppet(it.stage, it.router)
  expect(drop(puppet, puppet.signer)).toBeNull()
  expect(drop(it.client, payer)).toBe('cancel')
})
