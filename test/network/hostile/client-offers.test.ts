import { describe, expect, test } from 'bun:test'
import { unixMs } from '../../../src/engine/base/clock.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { type Signed, eventText } from '../../../src/engine/protocol/event.ts'
import { ANYWHERE } from '../../../src/engine/protocol/where.ts'
import { PLAY_PRICES } from '../../../src/engine/roles/node/prices.ts'
import { addClient, addPuppet, isOpen, newsOf, outcomeOf, wish } from './cast.ts'
import { type Content, contentOf, forged, tagged } from './parcel.ts'
import { type Scene, eventsTo, heardBy, onWay, scene, unharmed } from './scene.ts'

type Entry = { ticket: Signed; entry: number } & Content
type Lie = (it: Scene, entry: Entry) => Entry

/** The first entry of the offers, made false by the router, who signs what it likes with its own key. */
const lie = (it: Scene, change: Lie): void =>
  onWay(it.stage, it.client, 'offers', (offers) => {
    const [entry] = contentOf(offers).entries as [Entry]
    const forgery = forged(it.router.signer, offers, { entries: [change(it, entry)] })
    it.router.state.offers.set(forgery.id, it.router.state.offers.get(offers.id)!)
    return forgery
  })

/** The ticket, changed by a node that plays along. */
const ticketOf = (it: Scene, entry: Entry, change: Content, tags?: string[][]): Entry => ({
  ...entry,
  ticket: forged(it.node.signer, entry.ticket, change, tags),
})

const entryOf = (it: Scene, entry: Entry, change: Content): Entry => {
  const [first] = contentOf(entry.ticket).entries as Content[]
  return ticketOf(it, entry, { entries: [{ ...first, ...change }] })
}

const sheetBy = ({ stage }: Scene, signer: Scene['node']['signer'], rows = PLAY_PRICES): Signed =>
  signer.sign(
    draftOf(
      'sheet',
      { rows },
      { now: stage.now, net: 'sim', d: 'x', expires: unixMs(stage.now + 1e6) },
    ),
  )

const lies: Record<string, Lie> = {
  'a ticket that was given to another router': (it, entry) =>
    ticketOf(it, entry, {}, tagged(entry.ticket, 'p', it.stage.newSigner().pubkey)),
  'a ticket whose signature is broken': (_, entry) => ({
    ...entry,
    ticket: {
      ...entry.ticket,
      content: entry.ticket.content.replace('"warm":true', '"warm":false'),
    },
  }),
  'a ticket that has expired': (it, entry) =>
    ticketOf(it, entry, {}, tagged(entry.ticket, 'expiration', String(it.stage.now / 1000 - 1))),
  'a ticket on another net': (it, entry) =>
    ticketOf(it, entry, {}, tagged(entry.ticket, 'net', 'mainnet')),
  'an entry that the ticket does not have': (_, entry) => ({ ...entry, entry: 7 }),
  'an event of another kind in place of a ticket': (it, entry) => ({
    ...entry,
    ticket: it.node.state.sheet.event,
  }),
  'another task': (it, entry) => entryOf(it, entry, { task: 'text.generate@1' }),
  'a row that the sheet does not have': (it, entry) => entryOf(it, entry, { row: 99 }),
  'a row for another task': (it, entry) => entryOf(it, entry, { row: 3 }),
  'a smaller node than the input needs': (it, entry) =>
    entryOf(it, entry, { limits: { input_bytes: 1, out_tokens: 64 } }),
  'a sheet that nobody serves': (it, entry) => entryOf(it, entry, { sheet: 'a'.repeat(64) }),
  'the price sheet of another key': (it, entry) => {
    const sheet = sheetBy(it, it.stage.newSigner())
    it.stage.stored = () => [eventText(sheet)]
    return entryOf(it, entry, { sheet: sheet.id })
  },
  'a dearer sheet under the id of the signed one': (it, entry) => {
    const rows = PLAY_PRICES.map((row) => ({ ...row, minimum: '9999' }))
    it.stage.stored = () => [
      eventText({ ...sheetBy(it, it.node.signer, rows), id: it.node.state.sheet.event.id }),
    ]
    return entry
  },
  'another sheet of the node than the ticket names': (it, entry) => {
    it.stage.stored = () => [eventText(sheetBy(it, it.node.signer, PLAY_PRICES.slice(0, 2)))]
    return entry
  },
}

describe('a router that offers', () => {
  for (const [what, change] of Object.entries(lies))
    test(`${what} gets no job`, () => {
      const it = scene()
      lie(it, change)
      const job = wish(it.stage, it.client)
      // Where no sheet by that id comes at all, it is asked for again; that proves nothing against anybody.
      if (/ sheet (that|under|of the node)/.test(what)) it.stage.advance(11_000)
      expect(outcomeOf(it.stage, job).fault).toMatchObject(
        / sheet (that|under|of the node)/.test(what)
          ? { kind: 'again', code: 'offers.no_sheet' }
          : { kind: 'verification', code: 'offers.invalid' },
      )
      expect(heardBy(it.router, 'job')).toEqual([])
      unharmed(it.stage)
    })

  test('a ticket whose key protects nothing gets no job, and stops no client', () => {
    const it = scene()
    lie(it, (_, entry) => ticketOf(it, entry, { key: '00'.repeat(32) }))
    const job = wish(it.stage, it.client)
    unharmed(it.stage)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ kind: 'verification' })
    expect(heardBy(it.router, 'job')).toEqual([])
  })

  test('one false ticket among true ones is passed over', () => {
    const it = scene()
    onWay(it.stage, it.client, 'offers', (offers) => {
      const [entry] = contentOf(offers).entries as [Entry]
      const both = forged(it.router.signer, offers, { entries: [{ ...entry, entry: 9 }, entry] })
      it.router.state.offers.set(both.id, it.router.state.offers.get(offers.id)!)
      return both
    })
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, verified: true })
  })

  test('a node that the wish denies gets no job', () => {
    const it = scene()
    onWay(it.stage, it.router, 'ask', (ask) => forged(it.client.signer, ask, { where: ANYWHERE }))
    const job = wish(it.stage, it.client, { where: { ...ANYWHERE, deny: [it.node.signer.pubkey] } })
    it.stage.advance(10_000)
    expect(outcomeOf(it.stage, job).fault).not.toBeNull()
    expect(heardBy(it.router, 'job')).toEqual([])
  })

  test('more than the cap gets no job', () => {
    const it = scene()
    onWay(it.stage, it.router, 'ask', (ask, parcel) => {
      const changed = forged(it.client.signer, ask, { cap: null })
      // The client must take the answer for one to its own ask.
      onWay(it.stage, it.client, 'offers', (offers) =>
        forged(it.router.signer, offers, {}, tagged(offers, 'e', ask.id)),
      )
      expect(parcel.from).toBe(it.client)
      return changed
    })
    const job = wish(it.stage, it.client, { cap: 3n as never })
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'cap.exceeded', kind: 'refused' })
    expect(heardBy(it.router, 'job')).toEqual([])
  })
})

describe('offers that are not for us', () => {
  test('by another key are not heard', () => {
    const it = scene()
    onWay(it.stage, it.client, 'offers', (offers) => forged(it.stage.newSigner(), offers, {}))
    const job = wish(it.stage, it.client)
    expect(isOpen(it.stage, job)).toBe(true)
    it.stage.advance(5_000)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'router.silent' })
  })

  test('to another ask are not heard', () => {
    const it = scene()
    onWay(it.stage, it.client, 'offers', (offers) =>
      forged(it.router.signer, offers, {}, tagged(offers, 'e', 'b'.repeat(64))),
    )
    const job = wish(it.stage, it.client)
    it.stage.advance(5_000)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'router.silent' })
  })

  test('a second time are not heard: one job goes out', () => {
    const it = scene()
    onWay(it.stage, it.client, 'offers', (offers) => [
      offers,
      forged(it.router.signer, offers, { fee: '1' }),
    ])
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job).fault).toBeNull()
    expect(eventsTo(it.router, 'job')).toHaveLength(1)
  })
})

describe('the pinned key', () => {
  test('a router that proves another one hears no ask: 76', () => {
    const it = scene()
    const client = addClient(it.stage, it.router, { pinned: it.stage.newSigner().pubkey })
    expect(client.links.size).toBe(0)
    const job = wish(it.stage, client)
    it.stage.connect(client, it.router)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({
      kind: 'verification',
      code: 'router.wrong_key',
    })
    expect(heardBy(it.router, 'ask')).toEqual([])
  })

  test('proven on another link counts for nothing on this one', () => {
    const it = scene()
    const signer = it.stage.newSigner()
    // Who took over the address passes on what the router said to the same key elsewhere.
    const elsewhere = addPuppet(it.stage, it.router, signer)
    const [quota] = eventsTo(elsewhere, 'quota')
    const thief = it.stage.party('thief', null, { signer: it.stage.newSigner(), isDoor: true })
    const client = addClient(it.stage, thief, { signer, pinned: it.router.signer.pubkey })
    it.stage.say(thief, quota!)
    const job = wish(it.stage, client)
    expect(heardBy(thief, 'ask')).toEqual([])
    expect(newsOf(it.stage, job)).toEqual([])
  })
})
