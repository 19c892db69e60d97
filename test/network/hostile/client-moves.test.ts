import { describe, expect, test } from 'bun:test'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import { addNode, isOpen, newsOf, outcomeOf, piece, wish } from './cast.ts'
import { type Content, contentOf, forged } from './parcel.ts'
import { type Scene, eventsTo, heardBy, held, onWay, scene, unharmed } from './scene.ts'

const other = 'c'.repeat(64)

describe('`accepted` on other terms than those of the job', () => {
  const terms: Record<string, Content> = {
    ceiling: { ceiling: '100000' },
    max: { max: { in_token: 1000, out_token: 1000 } },
    row: { row: 1 },
    sheet: { sheet: other },
    timing: { timing: 'before' },
  }
  for (const [what, change] of Object.entries(terms))
    test(`${what}: the job is cancelled, and nothing is owed`, () => {
      const it = scene()
      onWay(it.stage, it.client, 'accepted', (event) => forged(it.node.signer, event, change))
      const job = wish(it.stage, it.client)
      it.stage.advance(20_000)
      unharmed(it.stage)
      const outcome = outcomeOf(it.stage, job)
      expect(outcome.fault).toMatchObject({ kind: 'verification', code: 'accepted.terms' })
      expect(outcome).toMatchObject({ cost: 0n, output: null })
      expect(heardBy(it.router, 'cancel')).toMatchObject([{ seen: 'nothing', next: 0 }])
    })

  test('by another key, for another ticket or a second time: not heard', () => {
    const it = scene()
    onWay(it.stage, it.client, 'accepted', (event) => [
      forged(it.stage.newSigner(), event, { ceiling: '1' }),
      forged(it.router.signer, event, { ceiling: '1' }),
      forged(it.node.signer, event, { ticket: other, ceiling: '1' }),
      event,
      forged(it.node.signer, event, { ceiling: '1' }),
    ])
    const job = wish(it.stage, it.client)
    it.stage.advance(5_000)
    expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, verified: true })
    expect(newsOf(it.stage, job).filter((news) => news.type === 'accepted')).toHaveLength(1)
  })
})

/** Two nodes, the second of which no router ever offered where `offers` is 1. */
const placed = (offers: 1 | 2) => {
  const it = scene({ words: null })
  const second = addNode(it.stage, it.router, { words: null })
  if (offers === 1)
    onWay(it.stage, it.client, 'offers', (event) => {
      const [entry] = contentOf(event).entries as Content[]
      const fewer = forged(it.router.signer, event, { entries: [entry] })
      it.router.state.offers.set(fewer.id, it.router.state.offers.get(event.id)!)
      return fewer
    })
  const job = wish(it.stage, it.client)
  const nodes = [it.node, second]
  const serving = nodes.find((node) => node.runs.length > 0)!
  const attempt = it.client.state.jobs.get(job)!.attempt!
  return { ...it, job, serving, idle: nodes.find((node) => node !== serving)!, attempt }
}

const sayAs = (it: Scene, by: Scene['node']['signer'], content: Content): void => {
  const { now } = it.stage
  const draft = draftOf('progress', content as never, {
    now,
    net: 'sim',
    to: it.client.signer.pubkey,
  })
  const link = [...it.router.links].find(([, end]) => end.to === it.client)![0]
  it.stage.say(it.router, by.sign(draft), link)
}

describe('`moved` and `refused`', () => {
  test('by a third key or by the node are not heard', () => {
    const it = placed(2)
    const [from, to] = it.client.state.jobs.get(it.job)!.offers.map((o) => o.ticket.event.id)
    const moved = { status: 'moved', job: it.job, from, to, reason: 'silent' }
    const refused = { status: 'refused', job: it.job, ticket: from, reason: 'busy' }
    sayAs(it, it.stage.newSigner(), moved)
    sayAs(it, it.serving.signer, moved)
    sayAs(it, it.idle.signer, refused)
    sayAs(it, it.stage.newSigner(), refused)
    expect(isOpen(it.stage, it.job)).toBe(true)
    expect(heardBy(it.router, 'rewrap')).toEqual([])
  })

  test('to a ticket that was not offered seals nothing for it', () => {
    const it = placed(1)
    const stranger = [...it.idle.state.tickets.keys()][0]!
    const from = it.attempt.offered.ticket.event.id
    sayAs(it, it.router.signer, {
      status: 'moved',
      job: it.job,
      from,
      to: stranger,
      reason: 'lost',
    })
    it.stage.advance(5_000)
    expect(heardBy(it.router, 'rewrap')).toEqual([])
    expect(outcomeOf(it.stage, it.job).fault).toMatchObject({ code: 'job.moved_away' })
  })

  test('off a node that has accepted is not heard, unless its link is gone', () => {
    const it = placed(2)
    const [from, to] = it.client.state.jobs.get(it.job)!.offers.map((o) => o.ticket.event.id)
    sayAs(it, it.router.signer, { status: 'moved', job: it.job, from, to, reason: 'silent' })
    expect(heardBy(it.router, 'rewrap')).toEqual([])
    expect(isOpen(it.stage, it.job)).toBe(true)
    sayAs(it, it.router.signer, { status: 'moved', job: it.job, from, to, reason: 'lost' })
    expect(heardBy(it.router, 'rewrap')).toHaveLength(1)
  })

  test('from a ticket that the job is not on is not heard', () => {
    const it = placed(2)
    const to = it.client.state.jobs.get(it.job)!.offers[1]!.ticket.event.id
    sayAs(it, it.router.signer, { status: 'moved', job: it.job, from: other, to, reason: 'silent' })
    expect(heardBy(it.router, 'rewrap')).toEqual([])
  })

  test('after the first output nothing moves by itself', () => {
    const it = placed(2)
    piece(it.stage, it.serving, it.serving.runs[0]!, 'one ', 1)
    const [from, to] = it.client.state.jobs.get(it.job)!.offers.map((o) => o.ticket.event.id)
    sayAs(it, it.router.signer, { status: 'moved', job: it.job, from, to, reason: 'lost' })
    expect(heardBy(it.router, 'rewrap')).toEqual([])
    expect(isOpen(it.stage, it.job)).toBe(true)
  })

  test('a dearer ticket than the cap is not moved to', () => {
    const it = placed(2)
    const mine = it.client.state.jobs.get(it.job)!
    Object.assign(mine, {
      wish: { ...mine.wish, cap: mine.offers[0]!.ceiling },
      offers: mine.offers.map((o, i) => (i === 1 ? { ...o, ceiling: 9999n } : o)),
    })
    const [from, to] = mine.offers.map((o) => o.ticket.event.id)
    sayAs(it, it.router.signer, { status: 'moved', job: it.job, from, to, reason: 'lost' })
    it.stage.advance(5_000)
    expect(heardBy(it.router, 'rewrap')).toEqual([])
    expect(outcomeOf(it.stage, it.job).fault).toMatchObject({ code: 'job.moved_away' })
  })

  test('the node that was moved away from is told, stops, and is paid nothing', () => {
    const it = scene({ words: null })
    const second = addNode(it.stage, it.router, { words: null })
    // Neither hears the job in time.
    const late = [...heldJobs(it, it.node), ...heldJobs(it, second)]
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    expect(heardBy(it.client, 'moved')).toHaveLength(1)
    const [first] = late.flat()
    it.stage.deliver(first!)
    it.stage.advance(3_000)
    const slow = first!.to === it.node ? it.node : second
    expect(eventsTo(slow, 'cancel')).toHaveLength(1)
    expect(slow.runs.every((run) => run.aborted)).toBe(true)
    const costs = eventsTo(it.router, 'receipt').map((receipt: Signed) => contentOf(receipt).cost)
    expect(costs.every((cost) => cost === '0')).toBe(true)
    expect(job).toBeTruthy()
    unharmed(it.stage)
  })
})

const heldJobs = (it: Scene, node: Scene['node']) => [held(it.stage, node, 'job')]
