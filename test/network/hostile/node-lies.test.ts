// A node that keeps no word about its price and its slots, while others go on being served.
import { describe, expect, test } from 'bun:test'
import { unixMs } from '../../../src/engine/base/clock.ts'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { type Signed, eventText } from '../../../src/engine/protocol/event.ts'
import { PLAY_PRICES } from '../../../src/engine/roles/node/prices.ts'
import { addClient, addNode, addRouter, done, isOpen, outcomeOf, piece, wish } from './cast.ts'
import { type Content, contentOf, forged } from './parcel.ts'
import type { RouterParty } from './party.ts'
import { type Scene, eventsTo, heardBy, onWay, scene, unharmed } from './scene.ts'

const TWICE = PLAY_PRICES.map(({ rates, ...row }) => ({
  ...row,
  rates: Object.fromEntries(
    Object.entries(rates).map(([unit, rate]) => [unit, String(2 * Number(rate))]),
  ),
}))

const serves = ({ stage, router }: Pick<Scene, 'stage'> & { router: RouterParty }): void => {
  const job = wish(stage, addClient(stage, router))
  stage.advance(300)
  expect(outcomeOf(stage, job)).toMatchObject({ fault: null, verified: true })
  unharmed(stage)
}

/** A job in mid-stream, and a second price sheet of its node: published, and at hand for everybody. */
const dearer = () => {
  const it = scene({ words: null })
  const job = wish(it.stage, it.client)
  const [run] = it.node.runs
  piece(it.stage, it.node, run!, 'one ', 1)
  const draft = { now: it.stage.now, net: 'sim', d: 'prices', expires: unixMs(it.stage.now + 1e9) }
  const sheet = it.node.signer.sign(draftOf('sheet', { rows: TWICE }, { ...draft, net: 'sim' }))
  it.stage.say(it.node, sheet)
  it.stage.tell(it.client, { type: 'sheets', job, texts: [eventText(sheet)] })
  expect(it.router.state.nodes.get(it.node.signer.pubkey)!.sheets.has(sheet.id)).toBe(true)
  expect(it.client.state.sheets.has(sheet.id)).toBe(true)
  return { ...it, job, run: run!, sheet }
}

describe('a node that changes its price between ticket and receipt', () => {
  test.each<[string, (it: ReturnType<typeof dearer>, receipt: Content) => Content]>([
    ['by its new sheet', (it) => ({ sheet: it.sheet.id, rates: TWICE[0]!.rates, cost: '15' })],
    ['by its new rates under the old sheet', () => ({ rates: TWICE[0]!.rates, cost: '15' })],
    ['at the new cost alone', () => ({ cost: '15' })],
    ['by its new sheet, which is said to cost the old sum', (it) => ({ sheet: it.sheet.id })],
  ])('%s: it is disputed, and paid nothing', (_, change) => {
    const it = dearer()
    onWay(it.stage, it.router, 'receipt', (receipt) =>
      forged(it.node.signer, receipt, change(it, contentOf(receipt))),
    )
    done(it.stage, it.node, it.run, 1)
    it.stage.advance(5_000)
    const outcome = outcomeOf(it.stage, it.job)
    expect(outcome).toMatchObject({ verified: false, dispute: expect.stringMatching(/./) })
    expect(outcome.output).toMatchObject({ message: { content: 'one ' } })
    expect(heardBy(it.router, 'acknowledgement')).toMatchObject([
      { verdict: 'dispute', reason: 'cost' },
    ])
    // The word of its client is what its router goes by.
    expect(it.router.observed.map((seen) => seen.outcome)).toEqual(['not_counted'])
    it.stage.tampers.length = 0
    addNode(it.stage, it.router)
    serves(it)
  })
})

/** A node of one slot at two routers, which says at each that the slot is for it alone. */
const soldTwice = () => {
  const it = scene({ words: null })
  const { stage, node } = it
  const second = addRouter(stage, { name: 'second' })
  stage.connect(node, second, (link) => node.state.pinned.set(link, second.signer.pubkey))
  const tickets = [it.router, second].map((router) => contentOf(eventsTo(router, 'ticket')[0]!))
  expect(tickets.map(({ slot, place }) => [slot, place])).toEqual([
    [0, 0],
    [0, 0],
  ])
  const first = wish(stage, it.client)
  expect(node.runs).toHaveLength(1)
  const rival = addClient(stage, second)
  return { ...it, second, first, rival }
}
type Sold = ReturnType<typeof soldTwice>

const endsFirst = ({ stage, node, first }: Sold): void => {
  piece(stage, node, node.runs[0]!, 'one ', 1)
  done(stage, node, node.runs[0]!, 1)
  stage.advance(1_000)
  expect(outcomeOf(stage, first)).toMatchObject({ fault: null, verified: true })
}

describe('a node that sells one slot twice', () => {
  test('or fifty times at one router has one ticket for it there', () => {
    const it = scene()
    const [ticket] = eventsTo(it.router, 'ticket')
    for (let n = 0; n < 50; n++) {
      const again = { key: n.toString(16).padStart(64, '9') }
      it.stage.say(it.node, forged(it.node.signer, ticket!, again))
    }
    expect(it.router.state.tickets.size).toBe(1)
    expect(it.router.state.nodes.get(it.node.signer.pubkey)!.tickets.size).toBe(1)
  })

  test('and says so to who is second: he is served by the next node', () => {
    const it = soldTwice()
    const spare = addNode(it.stage, it.second)
    // The second on its list, whatever it thinks of the two.
    onWay(it.stage, it.rival, 'offers', (offers) => {
      const entries = contentOf(offers).entries as { ticket: Signed }[]
      const sorted = entries.toSorted((a) => (a.ticket.pubkey === it.node.signer.pubkey ? -1 : 1))
      const same = forged(it.second.signer, offers, { entries: sorted })
      const tickets = sorted.map(({ ticket }) => ticket.id)
      it.second.state.offers.set(same.id, { ...it.second.state.offers.get(offers.id)!, tickets })
      return same
    })
    const other = wish(it.stage, it.rival)
    it.stage.advance(3_000)
    expect(heardBy(it.second, 'refused')).toMatchObject([{ reason: 'busy' }])
    expect(outcomeOf(it.stage, other)).toMatchObject({ fault: null, verified: true })
    expect([it.node.runs.length, spare.runs.length]).toEqual([1, 1])
    endsFirst(it)
    serves({ stage: it.stage, router: it.second })
  })

  test('and takes both jobs: who is second waits for his deadline, and owes nothing', () => {
    const it = soldTwice()
    it.node.state.occupied.clear()
    const other = wish(it.stage, it.rival, { deadlineMs: 10_000 })
    expect(heardBy(it.rival, 'accepted')).toHaveLength(1)
    addNode(it.stage, it.second)
    serves({ stage: it.stage, router: it.second })
    it.stage.advance(9_000)
    expect(isOpen(it.stage, other)).toBe(true)
    it.stage.advance(5_000)
    const { fault, cost, output } = outcomeOf(it.stage, other)
    expect({ code: fault?.code, cost: Number(cost), output }).toEqual({
      code: 'job.timeout',
      cost: 0,
      output: null,
    })
    // Its runner was never given the second prompt.
    expect(it.node.runs).toHaveLength(1)
    endsFirst(it)
    serves({ stage: it.stage, router: it.second })
  })
})
