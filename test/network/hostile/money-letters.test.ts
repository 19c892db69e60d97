// Letters about money that nobody asked for, that are not whole, or that come too often.
import { describe, expect, test } from 'bun:test'
import { fromUtf8, toHex, utf8 } from '../../../src/engine/base/bytes.ts'
import { msat } from '../../../src/engine/base/money.ts'
import { openOutput, sealOutput } from '../../../src/engine/identity/frame-seal.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { type Signed, eventText } from '../../../src/engine/protocol/event.ts'
import { encodeFrame, frameHeader, jobTagOf } from '../../../src/engine/protocol/frames.ts'
import type { Contents } from '../../../src/engine/protocol/messages.ts'
import { addClient, addPuppet, isOpen, newsOf, outcomeOf, piece, wish } from './cast.ts'
import { letterOf, letterWith } from './money.ts'
import {
  type MoneyScene,
  addPaidNode,
  inLetters,
  lettersTo,
  moneyScene,
  tabAt,
  tabKey,
  viewAt,
} from './money-scene.ts'
import { contentOf, forged, nameOf } from './parcel.ts'
import type { Party } from './party.ts'
import { declinedTo, eventsTo, framesTo, heardBy, held, onFrames, unharmed } from './scene.ts'

const other = 'c'.repeat(64)

const fundOf = (it: MoneyScene, payer: Signer, change: Partial<Contents['fund']> = {}) =>
  ({
    nonce: toHex(it.stage.random.bytes(16)),
    for: 'topup',
    ref: payer.pubkey,
    msat: '1000',
    hold: null,
    ...change,
  }) as Contents['fund']

/** A stranger with a link asks for an invoice. */
const asks = (it: MoneyScene, from: Party, inner: Signer, content = fundOf(it, inner)): void => {
  const outer = from.signer
  const to = it.node.signer.pubkey
  it.stage.say(from, letterOf(it.stage, { inner, outer, to, name: 'fund', content }))
}

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

describe('what is no letter', () => {
  test('does not open, is too large, or says nothing about money', () => {
    const it = moneyScene()
    const puppet = addPuppet(it.stage, it.router)
    const to = it.node.signer.pubkey
    const { now } = it.stage
    const send = (sealed: string) =>
      it.stage.say(
        puppet,
        puppet.signer.sign(draftOf('money', { sealed }, { now, net: 'sim', to })),
      )
    for (const sealed of ['', 'AAAA', 'A'.repeat(4_000), 'A'.repeat(40_000), 'A'.repeat(40_004)])
      send(sealed)
    const inner = puppet.signer.sign(
      draftOf('cancel', { job: other, ticket: other, seen: 'nothing', next: 0 } as never, {
        now,
        net: 'sim',
        to,
        about: other as never,
      }),
    )
    it.stage.say(puppet, letterWith(it.stage, puppet.signer, to, inner))
    const old = puppet.signer.sign(
      draftOf('tab_sync', { nonce: '1'.repeat(32), since: 0 } as never, {
        now: (now - 61_000) as never,
        net: 'sim',
        to,
      }),
    )
    it.stage.say(puppet, letterWith(it.stage, puppet.signer, to, old))
    expect(it.node.state.till!.heard.size).toBe(0)
    expect(it.mint.made.size).toBe(0)
    unharmed(it.stage)
  })

  test('between strangers is declined', () => {
    const it = moneyScene()
    const [one, two] = [addPuppet(it.stage, it.router), addPuppet(it.stage, it.router)]
    const inner = one.signer.sign(
      draftOf('paid', {} as never, { now: it.stage.now, net: 'sim', to: two.signer.pubkey }),
    )
    for (const to of [two.signer.pubkey, it.stage.newSigner().pubkey])
      it.stage.say(one, letterWith(it.stage, one.signer, to, inner))
    expect(two.heard.filter((parcel) => nameOf(parcel) === 'money')).toEqual([])
    expect(declinedTo(one)).toHaveLength(2)
  })

  test('a flood of letters is limited by the link that they come on, and harms nobody else', () => {
    const it = moneyScene()
    const puppet = addPuppet(it.stage, it.router)
    for (let n = 0; n < 500; n++) asks(it, puppet, puppet.signer)
    expect(lettersTo(puppet, 'invoice').length).toBeLessThan(300)
    expect(declinedTo(puppet).some((why) => why.startsWith('rate-limited'))).toBe(true)
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job).fault).toBeNull()
  })
})

test('what a node answers one client costs no other its answer', () => {
  const it = moneyScene()
  const puppet = addPuppet(it.stage, it.router)
  const content = { payment_hash: other, terms: other, ref: other, seq: 1, received: '1' } as never
  for (let n = 0; n < 400; n++) {
    const letter = letterOf(it.stage, {
      inner: it.node.signer,
      outer: it.node.signer,
      to: puppet.signer.pubkey,
      name: 'paid',
      content,
    })
    it.stage.say(it.node, letter)
  }
  expect(declinedTo(it.node).some((why) => why.startsWith('rate-limited'))).toBe(true)
  const job = wish(it.stage, it.client)
  it.stage.advance(100)
  expect(outcomeOf(it.stage, job).fault).toBeNull()
})

describe('frames of money', () => {
  const frame = (it: MoneyScene, bytes: Uint8Array, seq = 0): Uint8Array => {
    const job = contentOf(eventsTo(it.router, 'job').at(-1)!)
    const tag = jobTagOf(job.job as never, job.ticket as never)
    return encodeFrame({ type: 'money', last: false, tag, seq, bytes })
  }

  test('before the job is accepted, too large, or too many are not passed on', () => {
    const it = moneyScene({ words: null })
    const acceptances = held(it.stage, it.router, 'accepted')
    wish(it.stage, it.client)
    it.stage.say(it.node, frame(it, new Uint8Array(100)))
    expect(framesTo(it.client, 'money')).toEqual([])
    for (const parcel of acceptances) it.stage.deliver(parcel)
    it.stage.say(it.node, frame(it, new Uint8Array(4_097)))
    expect(framesTo(it.client, 'money')).toEqual([])
    for (let n = 0; n < 10; n++) it.stage.say(it.node, frame(it, new Uint8Array(4_096), n))
    expect(framesTo(it.client, 'money')).toHaveLength(4)
    expect(it.stage.strays.get(it.router)!).toBeGreaterThan(4_096 * 6)
    unharmed(it.stage)
  })

  test('that are no statement, or before there is a receipt, change nothing', () => {
    const it = moneyScene({ words: null })
    wish(it.stage, it.client)
    const before = { ...viewAt(it) }
    for (let n = 0; n < 4; n++) it.stage.say(it.node, frame(it, it.stage.random.bytes(500), n))
    expect(viewAt(it)).toEqual(before)
    piece(it.stage, it.node, it.node.runs[0]!, 'one ', 1)
    unharmed(it.stage)
  })
})

describe('a router that', () => {
  test('drops every letter costs a job, and no money', () => {
    const it = moneyScene()
    it.stage.tampers.push((parcel) => (nameOf(parcel) === 'money' ? [] : undefined))
    const job = wish(it.stage, it.client)
    it.stage.advance(30_000)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'funding.silent' })
    expect(it.mint.paid).toEqual([])
  })

  test('says each letter three times has it heard once', () => {
    const it = moneyScene()
    it.stage.tampers.push((parcel) =>
      nameOf(parcel) === 'money' ? [parcel, parcel, parcel] : undefined,
    )
    const job = wish(it.stage, it.client)
    it.stage.advance(5_000)
    expect(outcomeOf(it.stage, job).fault).toBeNull()
    expect(it.mint.paid).toHaveLength(1)
    expect(it.mint.made.size).toBe(1)
  })

  test('attack 3: gives a client the letters of another gets nothing paid', () => {
    const it = moneyScene()
    const [one, two] = [it.client, addClient(it.stage, it.router, { mint: it.mint })]
    const swapped = held(it.stage, one, 'money')
    const job = wish(it.stage, one)
    const [letter] = swapped
    if (letter?.kind !== 'event') throw new Error('no letter')
    it.stage.tampers.length = 0
    const next = wish(it.stage, two, { deadlineMs: 500 })
    it.stage.deliver({ ...letter, to: two, link: [...two.links.keys()][0]! })
    it.stage.advance(1_000)
    expect(it.mint.paid.every(({ ref }) => ref !== tabKey(it).pubkey)).toBe(true)
    void [job, next]
    unharmed(it.stage)
  })

  test('gives a client an invoice of another node has it not paid', () => {
    const it = moneyScene()
    const far = addPaidNode(it.stage, it.router, it.mint)
    inLetters(it, 'client', 'invoice', (_said, inner) => forged(far.signer, inner, {}))
    const job = wish(it.stage, it.client)
    it.stage.advance(59_000)
    const paidTo = new Set(it.mint.paid.map(({ payee }) => payee))
    expect(paidTo.has(it.node.signer.pubkey)).toBe(false)
    // It was served by the other, which could be paid.
    expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, node: far.signer.pubkey })
  })
})

describe('a node that signs what is not so', () => {
  /** Its statement after the second job says something else. */
  const lying = (change: (said: Contents['statement']) => Partial<Contents['statement']>) => {
    const it = moneyScene()
    wish(it.stage, it.client)
    it.stage.advance(1_000)
    onFrames(it.stage, it.client, 'money', (frame) => {
      const money = it.node.state.jobs.get(frame.tag)?.secrets.money
      if (!money) return [frame]
      const header = frameHeader(frame)
      const inner = JSON.parse(
        fromUtf8(openOutput(money, header, frame.seq, frame.bytes)!)!,
      ) as Signed
      const said = JSON.parse(inner.content) as Contents['statement']
      const lie = utf8(eventText(forged(it.node.signer, inner, change(said))))
      return [{ ...frame, bytes: sealOutput(money, header, frame.seq, lie) }]
    })
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job).fault).toBeNull()
    const told = newsOf(it.stage, job)
    expect(told.at(-1)!.type).toBe('ended')
    return { it, told: told.filter((news) => news.type === 'statement') }
  }

  test('two statements of one number break the tab: it gets nothing more, and that is told', () => {
    const { it, told } = lying(() => ({ n: 1 }))
    expect(viewAt(it).broken).toBe(true)
    expect(told).toMatchObject([
      { node: it.node.signer.pubkey, check: 'statement.once', lie: true },
    ])
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({
      kind: 'verification',
      code: 'tab.broken',
    })
    // Where another node is offered, the job goes there.
    const far = addPaidNode(it.stage, it.router, it.mint)
    const next = wish(it.stage, it.client)
    it.stage.advance(2_000)
    expect(outcomeOf(it.stage, next)).toMatchObject({ fault: null, node: far.signer.pubkey })
  })

  test.each([
    [
      'charges more than its receipt',
      (said: Contents['statement']) => ({
        cost: String(Number(said.cost) + 1),
        used: String(Number(said.used) + 1),
      }),
    ],
    [
      'does not follow from the one before',
      (said: Contents['statement']) => ({ used: String(Number(said.used) + 1) }),
    ],
    ['has forgotten what was paid', () => ({ paid: '0' })],
  ] as const)('attack 4: a statement that %s breaks the tab, and is told of', (_, change) => {
    const { it, told } = lying(change)
    expect(viewAt(it).broken).toBe(true)
    expect(told.length).toBeGreaterThan(0)
    expect(told.every((news) => news.lie && news.check.startsWith('statement.'))).toBe(true)
  })

  test.each([
    ['holds more than it has', { reserved: '9000000' }, 'statement.reserved', '9000000 msat held'],
    ['has more than was paid', { paid: '15000' }, 'statement.paid', '15000 msat paid by the node'],
  ])('one that %s is told of before the job ends, and is no lie', (_, change, check, says) => {
    const { it, told } = lying(() => change)
    expect(told).toMatchObject([{ check, lie: false, detail: expect.stringContaining(says) }])
    expect(viewAt(it).broken).toBe(false)
  })

  test('one that is true is no news', () => {
    expect(lying(() => ({})).told).toEqual([])
  })
})

test.each([
  ['within what was paid is believed, once', '9000', 9_000n],
  ['of more than was paid is not', '10001', 10n],
] as const)('what a node charges for a receipt that is lost: %s', (_, used, counted) => {
  const it = moneyScene()
  wish(it.stage, it.client)
  it.stage.advance(1_000)
  expect(viewAt(it)).toMatchObject({ paid: 10_000n, used: 10n })
  const cost = String(Number(used) - 10)
  const said = { n: 2, paid: '10000', used, reserved: '0', receipt: other, cost }
  for (const ahead of [0, 1_000]) {
    const inner = it.node.signer.sign(
      draftOf('statement', said as never, {
        now: (it.stage.now + ahead) as never,
        net: 'sim',
        to: tabKey(it).pubkey,
      }),
    )
    it.stage.say(it.node, letterWith(it.stage, it.node.signer, it.client.signer.pubkey, inner))
    expect(viewAt(it)).toMatchObject({ used: counted, broken: false })
  }
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

test('what a node says of a tab is for its key alone', () => {
  const it = moneyScene()
  wish(it.stage, it.client)
  it.stage.advance(1_000)
  // Another client asks for this tab's statements: its key is not that tab's.
  const puppet = addPuppet(it.stage, it.router)
  const inner = puppet.signer.sign(
    draftOf('tab_sync', { nonce: '2'.repeat(32), since: 0 } as never, {
      now: it.stage.now,
      net: 'sim',
      to: it.node.signer.pubkey,
    }),
  )
  it.stage.say(puppet, letterWith(it.stage, puppet.signer, it.node.signer.pubkey, inner))
  it.stage.advance(1_000)
  expect(lettersTo(puppet, 'statement')).toEqual([])
  expect(viewAt(it).paid).toBe(msat(10_000n))
})
