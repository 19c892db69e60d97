// Letters and frames about money that are not whole, come too often, or are lost, repeated or swapped by a router.
import { describe, expect, test } from 'bun:test'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { encodeFrame, jobTagOf } from '../../../src/engine/protocol/frames.ts'
import { addClient, addPuppet, outcomeOf, piece, wish } from './cast.ts'
import { letterOf, letterWith } from './money.ts'
import {
  type MoneyScene,
  addPaidNode,
  asks,
  inLetters,
  lettersTo,
  moneyScene,
  other,
  tabKey,
  viewAt,
} from './money-scene.ts'
import { contentOf, forged, nameOf } from './parcel.ts'
import { declinedTo, eventsTo, framesTo, held, unharmed } from './scene.ts'

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
