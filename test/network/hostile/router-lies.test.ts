// What a router may do with all that passes it, while its nodes serve others through an honest one.
import { describe, expect, test } from 'bun:test'
import { sha256Hex } from '../../../src/engine/base/bytes.ts'
import { unixMs } from '../../../src/engine/base/clock.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { type Signed, canonical, eventText } from '../../../src/engine/protocol/event.ts'
import { eventId } from '../../../src/engine/protocol/ids.ts'
import { ANYWHERE } from '../../../src/engine/protocol/where.ts'
import { PLAY_PRICES } from '../../../src/engine/roles/node/prices.ts'
import { addClient, addNode, addRouter, newsOf, outcomeOf, wish } from './cast.ts'
import { type Content, type Parcel, contentOf, forged } from './parcel.ts'
import type { NodeParty } from './party.ts'
import { eventsTo, framesTo, heardBy, held, onWay, scene, unharmed } from './scene.ts'

const DEAR = PLAY_PRICES.map((row) => ({ ...row, minimum: '9999' }))

/** A router that lies, two nodes there (the second one dearer, if so wanted), and an honest router of both. */
const market = (options: { dear?: boolean } = {}) => {
  const it = scene()
  const other = addNode(it.stage, it.router, options.dear ? { rows: DEAR } : {})
  const honest = addRouter(it.stage, { name: 'honest' })
  for (const node of [it.node, other])
    it.stage.connect(node, honest, (link) => node.state.pinned.set(link, honest.signer.pubkey))
  return { ...it, other, honest }
}
type Market = ReturnType<typeof market>

/** Somebody who asks the honest router is served, whole and at once; nobody’s mind threw. */
const serves = (it: Market): void => {
  const job = wish(it.stage, addClient(it.stage, it.honest))
  it.stage.advance(300)
  expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, verified: true })
  unharmed(it.stage)
}

type Entry = { ticket: Signed } & Content
const entriesOf = (offers: Signed): Entry[] => contentOf(offers).entries as Entry[]

/** Offers as the router makes them up, which it then stands by. */
const offering = (it: Market, change: (entries: Entry[]) => readonly Entry[]): void =>
  onWay(it.stage, it.client, 'offers', (offers) => {
    const entries = change(entriesOf(offers))
    const lie = forged(it.router.signer, offers, { entries, none: null })
    const tickets = entries.map(({ ticket }) => ticket.id)
    it.router.state.offers.set(lie.id, {
      ...it.router.state.offers.get(offers.id)!,
      tickets,
    })
    return lie
  })

/** What a router has of a job, to say it again to whom it likes. */
const recorded = (it: Market): Parcel[] => {
  const parcels: Parcel[] = []
  it.stage.tampers.push((parcel) => {
    const isJob = parcel.kind === 'event' && parcel.event.kind === 26423
    if (parcel.from === it.client && (isJob || parcel.kind === 'frame')) parcels.push(parcel)
    return undefined
  })
  return parcels
}

const replay = (it: Market, parcels: readonly Parcel[], to: NodeParty): void => {
  const [link] = [...to.links].findLast(([, end]) => end.to === it.router)!
  // Past its own door, which would pass on to a link what is addressed to its key alone.
  for (const parcel of parcels) it.stage.deliver({ ...parcel, from: it.router, to, link })
}

describe('a router that swaps tickets', () => {
  test('puts a dear one in the place of a cheap one: the client goes by what the node signed, and its cap holds', () => {
    for (const cap of [null, 1_000n]) {
      const it = market({ dear: true })
      const ticket = eventsTo(it.router, 'ticket').find(
        (one) => one.pubkey === it.other.signer.pubkey,
      )
      offering(it, ([cheap]) => [{ ...cheap!, ticket: ticket! }])
      const job = wish(it.stage, it.client, { cap: cap as never })
      it.stage.advance(2_000)
      const offers = newsOf(it.stage, job).find((news) => news.type === 'offers')
      if (cap === null) {
        expect(offers).toMatchObject({ ceiling: 9999n, lines: [{ node: it.other.signer.pubkey }] })
        expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, cost: 9999n })
      } else {
        expect(offers).toBeUndefined()
        expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'cap.exceeded' })
        expect(heardBy(it.router, 'job')).toEqual([])
      }
      serves(it)
    }
  })

  test('gives one ticket to two clients: its node takes one job, and says so to the other', () => {
    const it = market()
    const jobs = held(it.stage, it.router, 'job')
    const mine = wish(it.stage, it.client)
    const rival = addClient(it.stage, it.router)
    const [offers] = eventsTo(it.client, 'offers')
    onWay(it.stage, rival, 'offers', (theirs) =>
      forged(it.router.signer, theirs, { entries: entriesOf(offers!) }),
    )
    const theirs = wish(it.stage, rival)
    const [first, second] = jobs.flatMap((parcel) => (parcel.kind === 'event' ? [parcel] : []))
    const [a, b] = [first!, second!].map(({ event }) => contentOf(event))
    expect(a!.ticket).toBe(b!.ticket)
    it.stage.tampers.length = 0
    it.stage.deliver(first!)
    const node = it.node.state.tickets.has(a!.ticket as never) ? it.node : it.other
    // The pool of an honest router has it no more: this one passes the second job on all the same.
    replay(it, [second!], node)
    expect(heardBy(it.router, 'refused')).toMatchObject([{ job: theirs, reason: 'used' }])
    it.stage.advance(20_000)
    expect(node.disk.filter(({ kind }) => kind === 'receipt').map(({ job }) => job)).toEqual([mine])
    expect(outcomeOf(it.stage, mine)).toMatchObject({ verified: true })
    serves(it)
  })
})

describe('a router that replays a job', () => {
  test('to a second node teaches it nothing, and the first one serves', () => {
    const it = market()
    const parcels = recorded(it)
    const job = wish(it.stage, it.client)
    const second = it.node.runs.length > 0 ? it.other : it.node
    const before = second.heard.length
    replay(it, parcels, second)
    it.stage.advance(1_000)
    expect(parcels.map(({ kind }) => kind)).toContain('frame')
    expect(second.heard.length - before).toBeGreaterThanOrEqual(2)
    expect([second.refused, second.runs, second.disk]).toEqual([['event.not_for_us'], [], []])
    expect(second.state.jobs.size).toBe(0)
    expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, verified: true })
    serves(it)
  })

  test('to the same node, at once and when that was started anew, has it done once', () => {
    const it = market()
    const parcels = recorded(it)
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    const node = it.node.runs.length > 0 ? it.node : it.other
    replay(it, parcels, node)
    it.stage.advance(1_000)
    expect(node.refused).toEqual(['event.replayed'])
    expect([node.runs.length, eventsTo(it.router, 'receipt').length]).toEqual([1, 1])
    // Another run remembers no ids, and has none of the tickets of the one before.
    for (const link of node.links.keys()) it.stage.cut(node, link)
    const again = addNode(it.stage, it.router, { again: node })
    replay(it, parcels, again)
    it.stage.advance(1_000)
    expect(heardBy(it.router, 'refused')).toMatchObject([{ job, reason: 'restarted' }])
    expect([again.runs, again.disk.length]).toEqual([[], node.disk.length])
    expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, verified: true })
    serves(it)
  })
})

describe('a router that drops receipts', () => {
  test.each(['router', 'client'] as const)(
    'on the way to the %s: the answer is kept at no cost, and its node holds it against nobody',
    (to) => {
      const it = market()
      const lost = held(it.stage, it[to], 'receipt')
      for (let n = 0; n < 3; n++) {
        const job = wish(it.stage, it.client)
        it.stage.advance(100_000)
        const outcome = outcomeOf(it.stage, job)
        expect(outcome).toMatchObject({ cost: 0n, receipt: null, verified: null })
        expect(outcome.fault).toMatchObject({ kind: 'again', code: 'receipt.missing' })
        expect(outcome.output).toMatchObject({ message: { content: 'one two ' } })
      }
      expect(lost.length).toBeGreaterThanOrEqual(3)
      // They stand signed in the books of the nodes, and neither is the worse for it.
      const books = [it.node, it.other].flatMap(({ disk }) => disk)
      expect(books.filter(({ kind }) => kind === 'receipt')).toHaveLength(3)
      expect([it.node, it.other].map(({ state }) => state.jobs.size)).toEqual([0, 0])
      serves(it)
      it.stage.tampers.length = 0
      const job = wish(it.stage, it.client)
      it.stage.advance(1_000)
      expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, verified: true })
    },
  )
})

describe('a router that invents offers', () => {
  test('in the name of a node gets no job', () => {
    const it = market()
    offering(it, ([entry]) => {
      const { ticket } = entry!
      // With the key of a job that it could open, if anybody sent it one.
      const own = forged(it.router.signer, ticket, { key: '09'.repeat(32) })
      const { pubkey, sig } = ticket
      const id = eventId(sha256Hex(canonical(pubkey, own)))
      // Signed by the router itself, with the node’s signature of another ticket, and under that one’s id.
      const proofs: Partial<Signed>[] = [{ id }, { id, sig }, { id: ticket.id, sig }]
      return proofs.map((proof) => ({ ...entry!, ticket: { ...own, pubkey, ...proof } }))
    })
    const job = wish(it.stage, it.client)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'offers.invalid' })
    expect(heardBy(it.router, 'job')).toEqual([])
    serves(it)
  })

  test('of a node that never was gets no job of who names his nodes', () => {
    const it = market()
    const ghost = it.stage.newSigner()
    const sheet = ghost.sign(
      draftOf(
        'sheet',
        { rows: PLAY_PRICES },
        { now: it.stage.now, net: 'sim', d: 'prices', expires: unixMs(it.stage.now + 1e6) },
      ),
    )
    const before = it.stage.stored
    it.stage.stored = (door, filter) => [...before(door, filter), eventText(sheet)]
    offering(it, ([entry]) => {
      const entries = contentOf(entry!.ticket).entries as Content[]
      const its = { entries: entries.map((one) => ({ ...one, sheet: sheet.id })) }
      return [{ ...entry!, ticket: forged(ghost, entry!.ticket, its) }]
    })
    const allow = [it.node.signer.pubkey, it.other.signer.pubkey]
    const job = wish(it.stage, it.client, { where: { ...ANYWHERE, allow } })
    it.stage.advance(11_000)
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'offers.where' })
    expect([heardBy(it.router, 'job'), framesTo(it.router, 'input')]).toEqual([[], []])
    serves(it)
  })
})
