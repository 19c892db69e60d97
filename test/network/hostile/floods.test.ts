import { describe, expect, test } from 'bun:test'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import { type Frame, encodeFrame } from '../../../src/engine/protocol/frames.ts'
import type { JobTag } from '../../../src/engine/protocol/ids.ts'
import { ANYWHERE } from '../../../src/engine/protocol/where.ts'
import { addClient, addNode, addPuppet, addRouter, isOpen, outcomeOf, wish } from './cast.ts'
import type { Party, RouterParty } from './party.ts'
import { contentOf, forged, tagged } from './parcel.ts'
import { declinedTo, eventsTo, framesTo, heardBy, held, onWay, unharmed } from './scene.ts'
import { Stage } from './stage.ts'

/** A router and two nodes of two slots; whoever attacks comes on top. */
const market = () => {
  const stage = new Stage({ quick: true })
  const router = addRouter(stage)
  const nodes = [1, 2].map(() => addNode(stage, router, { slots: 2, words: ['one ', 'two '] }))
  return { stage, router, nodes }
}
type Market = ReturnType<typeof market>

/** Somebody honest from elsewhere is served, whole and at once by the clock of the stage. */
const serves = (it: Market): void => {
  const client = addClient(it.stage, it.router)
  const asked = it.stage.now
  const job = wish(it.stage, client)
  it.stage.advance(300)
  const { fault, verified, times } = outcomeOf(it.stage, job)
  expect({ fault, verified }).toEqual({ fault: null, verified: true })
  expect(times.first! - asked).toBeLessThanOrEqual(1)
  it.stage.cut(client, [...client.links.keys()][0]!)
}

const sizes = ({ state }: RouterParty) => ({
  jobs: state.jobs.size,
  byTag: state.byTag.size,
  tickets: state.tickets.size,
})
const calm = { jobs: 0, byTag: 0, tickets: 4 }

const ask = (it: Market, from: Party, nonce: number): void =>
  it.stage.say(
    from,
    from.signer.sign(
      draftOf(
        'ask',
        {
          nonce: nonce.toString(16).padStart(32, '0'),
          task: 'text.chat@1',
          models: [],
          sizes: { bytes: 5, messages: 1, documents: 0, items: 0, out_tokens: 10 },
          cap: null,
          deadline_ms: 60_000,
          class: 'interactive',
          where: ANYWHERE,
          dry_run: false,
        },
        { now: it.stage.now, net: 'sim', to: it.router.signer.pubkey },
      ),
    ),
  )

describe('asks that hold tickets', () => {
  test('of 40 keys of one address hold two of four, and others are served', () => {
    const it = market()
    for (let n = 0; n < 40; n++)
      ask(it, addPuppet(it.stage, it.router, it.stage.newSigner(), 'one address'), n)
    const holds = [...it.router.state.tickets.values()].filter((ticket) => ticket.heldFor !== null)
    expect(holds).toHaveLength(2)
    serves(it)
    it.stage.advance(70_000)
    expect(sizes(it.router)).toEqual(calm)
    expect(it.router.state.placeHolds.size).toBeLessThanOrEqual(2)
  })

  test('a hundred times a second by one key are 20, and the hold is not stretched by them', () => {
    const it = market()
    const flood = addPuppet(it.stage, it.router)
    for (let n = 0; n < 100; n++) ask(it, flood, n)
    expect(heardBy(flood, 'offers')).toHaveLength(20)
    expect(declinedTo(flood).every((reason) => reason.startsWith('rate-limited:'))).toBe(true)
    serves(it)
    // What they are charged for is the door’s to count: they belong to no job.
    expect(it.stage.strays.get(it.router)).toBeGreaterThan(40_000)
  })
})

describe('frames', () => {
  const frame = (tag: string, type: 'input' | 'output' = 'input') =>
    encodeFrame({ type, last: false, tag: tag as JobTag, seq: 0, bytes: new Uint8Array(10_000) })

  test('for no job, or somebody else’s, go nowhere and are counted', () => {
    const it = market()
    const client = addClient(it.stage, it.router)
    it.stage.tampers.push(({ from, kind }) =>
      from === client && kind === 'frame' ? [] : undefined,
    )
    wish(it.stage, client)
    const tag = [...it.router.state.byTag.keys()][0]!
    const flood = addPuppet(it.stage, it.router)
    const before = it.nodes.map((node) => node.heard.length)
    for (let n = 0; n < 50; n++) {
      it.stage.say(flood, frame(n.toString(16).padStart(32, '0')))
      it.stage.say(flood, frame(tag))
      it.stage.say(flood, frame(tag, 'output'))
    }
    expect(it.nodes.map((node) => node.heard.length)).toEqual(before)
    expect(it.stage.strays.get(it.router)).toBeGreaterThanOrEqual(150 * 10_022)
    serves(it)
    unharmed(it.stage)
  })

  test('of a job that was accepted are not counted, its first ones neither', () => {
    const it = market()
    serves(it)
    expect(it.stage.strays.get(it.router)).toBe(0)
  })

  test('after the end go nowhere and are counted', () => {
    const it = market()
    const client = addClient(it.stage, it.router)
    const job = wish(it.stage, client)
    it.stage.advance(300)
    expect(isOpen(it.stage, job)).toBe(false)
    const before = client.heard.length
    const [{ tag }] = framesTo(client, 'output') as [Frame]
    for (const node of it.nodes) it.stage.say(node, frame(tag, 'output'))
    it.stage.say(client, frame(tag))
    expect(client.heard.length).toBe(before)
    expect(it.stage.strays.get(it.router)).toBeGreaterThanOrEqual(2 * 10_022)
    serves(it)
  })
})

describe('a client that', () => {
  test('cancels before the first token, 200 times, pays nothing, and holds nobody up', () => {
    const it = market()
    const client = addClient(it.stage, it.router)
    const others = it.stage.onWork
    const runs = new Set<JobTag>()
    // Its prompts are long ones: a runner says nothing before it is told to let go.
    it.stage.onWork = (party, effect) => {
      const node = it.nodes.find((one) => one === party)
      if (!node || (effect.do !== 'run' && effect.do !== 'abort')) return others(party, effect)
      const { tag } = effect
      if (node.state.jobs.get(tag)?.client !== client.signer.pubkey) return others(party, effect)
      if (effect.do === 'run') return void runs.add(tag)
      const failed = { type: 'failed', tag, trouble: 'cancelled', detail: '' } as const
      if (runs.delete(tag)) it.stage.later(() => it.stage.feed(node, failed))
    }
    for (let n = 0; n < 200; n++) {
      const job = wish(it.stage, client)
      expect(runs.size).toBe(1)
      it.stage.tell(client, { type: 'cancel', job })
      it.stage.advance(100)
      expect(outcomeOf(it.stage, job).cost).toBe(0n as never)
      if (n % 20 === 0) serves(it)
    }
    unharmed(it.stage)
    it.stage.advance(70_000)
    expect(it.router.state.jobs.size).toBe(0)
    expect(it.nodes.map((node) => node.state.jobs.size)).toEqual([0, 0])
    // It never becomes known by it, and no node is the worse for it.
    expect(it.router.state.limits.get(client.signer.pubkey)?.served ?? 0).toBe(0)
    expect(it.router.observed.filter((seen) => seen.outcome === 'node_fault')).toEqual([])
  })

  test('opens jobs and never sends their bodies has four of them, for their time', () => {
    const it = market()
    held(it.stage, it.router, 'input')
    const client = addClient(it.stage, it.router)
    const jobs = Array.from({ length: 6 }, () => wish(it.stage, client))
    expect(it.nodes.reduce((sum, node) => sum + node.state.jobs.size, 0)).toBeLessThanOrEqual(4)
    it.stage.advance(it.stage.bounds.lastCreditWithinMs + 3_000)
    expect(jobs.map((job) => isOpen(it.stage, job))).not.toContain(true)
    expect(it.nodes.map((node) => node.state.occupied.size)).toEqual([0, 0])
    it.stage.tampers.length = 0
    serves(it)
  })

  test('opens jobs and never reads is given one piece by each node, and has its places for 15 s', () => {
    const it = market()
    const client = addClient(it.stage, it.router)
    it.stage.tampers.push((parcel) =>
      parcel.from === client && parcel.kind === 'frame' && parcel.frame.type === 'outputCredit'
        ? []
        : undefined,
    )
    const jobs = Array.from({ length: 4 }, () => wish(it.stage, client, { deadlineMs: 600_000 }))
    for (let second = 0; second < 14; second++) {
      serves(it)
      it.stage.advance(700)
    }
    expect(jobs.map((job) => isOpen(it.stage, job))).toContain(true)
    it.stage.advance(2_000)
    expect(jobs.map((job) => isOpen(it.stage, job))).not.toContain(true)
    expect(framesTo(client, 'output').length).toBeLessThanOrEqual(it.nodes.length)
    it.stage.advance(70_000)
    expect(sizes(it.router)).toEqual(calm)
  })
})

describe('a node that', () => {
  test('refuses what it accepted loses the job to the next, and the client is told', () => {
    const it = market()
    let liar: string | null = null
    onWay(it.stage, it.router, 'accepted', (event) => {
      liar ??= event.pubkey
      const node = it.nodes.find((one) => one.signer.pubkey === liar)!
      const { job, ticket } = contentOf(event)
      const refused = { status: 'refused', job, ticket, reason: 'busy' }
      return event.pubkey === liar ? [event, forged(node.signer, event, refused)] : event
    })
    const client = addClient(it.stage, it.router)
    const job = wish(it.stage, client)
    it.stage.advance(60_000)
    unharmed(it.stage)
    const { fault, cost } = outcomeOf(it.stage, job)
    // It gets the job’s end and no money: the word that it broke stands signed beside its first one.
    expect({ code: fault?.code, cost }).toEqual({ code: 'job.busy', cost: 0n as never })
    it.stage.tampers.length = 0
    serves(it)
  })

  test('floods with status, sheets and tickets of its own keeps its bounds, and others their offers', () => {
    const it = market()
    const node = it.nodes[0]!
    const [ticket] = eventsTo(it.router, 'ticket').filter(
      (event) => event.pubkey === node.signer.pubkey,
    )
    for (let n = 0; n < 300; n++)
      it.stage.say(node, forged(node.signer, ticket!, { slot: n }, tagged(ticket!, 'x', '')))
    expect(it.router.state.tickets.size).toBe(4)
    serves(it)
  })
})
