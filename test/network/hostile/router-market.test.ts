import { describe, expect, test } from 'bun:test'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import { isKnown } from '../../../src/engine/routing/admit.ts'
import { scriptedChat } from '../../fakes/scripted-runner.ts'
import { addClient, addNode, addPuppet, done, isOpen, outcomeOf, wish } from './cast.ts'
import { type Content, contentOf, forged, tagged } from './parcel.ts'
import { type Scene, declinedTo, eventsTo, heardBy, held, onWay, scene } from './scene.ts'

const other = 'c'.repeat(64)

describe('a node that registers', () => {
  test('with the manifest or the price sheet of another is declined', () => {
    const it = scene()
    const [register] = eventsTo(it.router, 'register')
    const thief = addPuppet(it.stage, it.router)
    const { manifest, sheet } = contentOf(register!) as { manifest: never; sheet: never }
    const own = (event: never) => forged(thief.signer, event, {})
    it.stage.say(thief, forged(thief.signer, register!, {}))
    it.stage.say(thief, forged(thief.signer, register!, { manifest: own(manifest) }))
    it.stage.say(thief, forged(thief.signer, register!, { sheet: own(sheet) }))
    it.stage.say(
      thief,
      forged(thief.signer, register!, { manifest: own(sheet), sheet: own(sheet) }),
    )
    expect(declinedTo(thief)).toEqual([
      'invalid: manifest event.not_for_us',
      'invalid: sheet event.not_for_us',
      'invalid: manifest event.not_for_us',
      'invalid: manifest event.unknown_kind',
    ])
    expect(it.router.state.nodes.size).toBe(1)
  })

  test('with a sheet whose amounts are multiples of nothing is declined: whoever pays divides by it', () => {
    const it = scene()
    const [register] = eventsTo(it.router, 'register')
    const { sheet } = contentOf(register!) as { sheet: Signed }
    const told = (granularity: string) => {
      const pay = { payees: [], bind: 'hash', granularity, keeps_days: 1 }
      const changed = forged(it.node.signer, sheet, { pay })
      it.stage.say(it.node, forged(it.node.signer, register!, { sheet: changed as never }))
      return it.router.state.directory.has(changed.id)
    }
    expect(['0', '1', '1000000', '1000001'].map(told)).toEqual([false, true, true, false])
  })

  test('as nobody it cannot issue, publish or revoke', () => {
    const it = scene()
    const thief = addPuppet(it.stage, it.router)
    const [ticket] = eventsTo(it.router, 'ticket')
    it.stage.say(thief, forged(thief.signer, ticket!, {}))
    it.stage.say(thief, forged(thief.signer, it.node.state.sheet.event, {}))
    it.stage.say(thief, it.node.state.sheet.event)
    const revoke = { tickets: [ticket!.id], reason: 'drain' as const }
    const { now } = it.stage
    it.stage.say(
      thief,
      thief.signer.sign(
        draftOf('revoke', revoke, { now, net: 'sim', to: it.router.signer.pubkey }),
      ),
    )
    expect(it.router.state.tickets.has(ticket!.id)).toBe(true)
    expect(declinedTo(thief).slice(0, 2)).toEqual([
      'restricted: register first',
      'restricted: only of nodes that registered',
    ])
    // The node's own sheet, passed on by somebody else, was seen before or is refused: no matter which.
    expect(it.router.state.directory.size).toBe(3)
  })

  const tickets: Record<string, [string, (ticket: Content, it: Scene) => [Content, string[][]?]]> =
    {
      'of another boot': ['invalid: another boot', () => [{ boot: 'd'.repeat(32) }]],
      'of a sheet that nobody has': [
        'invalid: unknown sheet',
        (ticket) => [
          { entries: (ticket.entries as Content[]).map((entry) => ({ ...entry, sheet: other })) },
        ],
      ],
      'that holds for too long': ['invalid: expiration', (_, it) => [{}, expiring(it, 301)]],
      'that holds for no time': ['invalid: expiration', (_, it) => [{}, expiring(it, 1)]],
      'beyond its capacity': ['rate-limited: more tickets than capacity', () => [{ slot: 1 }]],
      'for another router': [
        'restricted: addressed to another router',
        (_, it) => [{}, addressed(it)],
      ],
    }
  const expiring = (it: Scene, seconds: number) =>
    tagged(eventsTo(it.router, 'ticket')[0]!, 'expiration', String(it.stage.now / 1000 + seconds))
  // A router lets in what is for any key on its links.
  const addressed = (it: Scene) =>
    tagged(eventsTo(it.router, 'ticket')[0]!, 'p', it.client.signer.pubkey)

  for (const [what, [reason, change]] of Object.entries(tickets))
    test(`and issues a ticket ${what} is declined`, () => {
      const it = scene()
      const [ticket] = eventsTo(it.router, 'ticket')
      const [content, tags] = change(contentOf(ticket!), it)
      it.stage.say(it.node, forged(it.node.signer, ticket!, content, tags))
      expect(declinedTo(it.node)).toEqual([reason])
      expect([...it.router.state.tickets.keys()]).toEqual([ticket!.id])
    })

  test('and publishes without end fills no memory', () => {
    const it = scene()
    const honest = addNode(it.stage, it.router)
    const { now } = it.stage
    for (let n = 0; n < 300; n++) {
      const change = { rows: [{ ...it.node.state.rows[0], minimum: String(n) }] }
      it.stage.say(it.node, forged(it.node.signer, it.node.state.sheet.event, change))
      const status = { load: 'NORMAL' as const, warm: [], queue: 0 }
      const expires = (now + 200_000) as typeof now
      const draft = draftOf('status', status, { now, net: 'sim', d: `d${n}`, expires })
      it.stage.say(it.node, it.node.signer.sign(draft))
    }
    expect(it.router.state.nodes.get(it.node.signer.pubkey)!.sheets.size).toBeLessThanOrEqual(8)
    expect(it.router.state.directory.size).toBeLessThanOrEqual(30)
    expect([...it.router.state.published.values()].every((own) => own.size <= 16)).toBe(true)
    // Nobody else's are pushed out by it.
    expect(it.router.state.directory.has(honest.state.sheet.event.id)).toBe(true)
  })
})

describe('limits of a stranger', () => {
  test('20 asks a second', () => {
    const it = scene({ capabilities: [] })
    for (let n = 0; n < 25; n++) wish(it.stage, it.client)
    expect(
      declinedTo(it.client).filter((reason) => reason.startsWith('rate-limited')),
    ).toHaveLength(5)
    it.stage.advance(1_000)
    wish(it.stage, it.client)
    expect(declinedTo(it.client)).toHaveLength(5)
  })

  test('four open jobs; a fifth is declined, and another when one has ended is not', () => {
    const it = scene({ words: null, slots: 8 })
    for (let n = 0; n < 4; n++) wish(it.stage, it.client)
    const fifth = wish(it.stage, it.client)
    expect(outcomeOf(it.stage, fifth).fault).toMatchObject({ code: 'router.rate_limited' })
    done(it.stage, it.node, it.node.runs[0]!, 0)
    it.stage.advance(1_000)
    expect(isOpen(it.stage, wish(it.stage, it.client))).toBe(true)
  })

  test('two held tickets; the others stay free for everybody', () => {
    const it = scene({ words: null, slots: 8 })
    held(it.stage, it.router, 'job')
    for (let n = 0; n < 5; n++) wish(it.stage, it.client)
    const holds = () =>
      [...it.router.state.tickets.values()].filter((ticket) => ticket.heldFor !== null)
    expect(holds().length).toBeLessThanOrEqual(2)
  })

  test('known after 20 jobs that ended well', () => {
    const it = scene()
    for (let n = 1; n <= 20; n++) {
      expect(isKnown(it.router.state.limits, it.client.signer.pubkey)).toBe(false)
      wish(it.stage, it.client)
      it.stage.advance(1_000)
    }
    expect(isKnown(it.router.state.limits, it.client.signer.pubkey)).toBe(true)
  })

  test('a hold lapses after 3 s, and asking again does not stretch it', () => {
    const it = scene({ words: null })
    held(it.stage, it.router, 'job')
    wish(it.stage, it.client)
    const [ticket] = it.router.state.tickets.values()
    const until = ticket!.heldUntil!
    expect(until - it.stage.now).toBe(3_000)
    it.stage.advance(2_000)
    wish(it.stage, it.client)
    expect(ticket!.heldUntil).toBe(until)
    const rival = addClient(it.stage, it.router)
    const early = wish(it.stage, rival)
    expect(outcomeOf(it.stage, early).fault).toMatchObject({ code: 'offers.busy' })
    it.stage.advance(1_001)
    expect(isOpen(it.stage, wish(it.stage, rival))).toBe(true)
  })

  test('a dry run holds nothing and can be turned into no job', () => {
    const it = scene()
    onWay(it.stage, it.router, 'ask', (ask) => forged(it.client.signer, ask, { dry_run: true }))
    const answer = held(it.stage, it.client, 'offers')
    wish(it.stage, it.client)
    expect(answer).toHaveLength(1)
    expect([...it.router.state.tickets.values()].every((ticket) => ticket.heldFor === null)).toBe(
      true,
    )
    expect(it.router.state.offers.size).toBe(0)
  })
})

test('who serves nothing that is asked for is not asked; a busy node is busy, not absent', () => {
  const it = scene({ words: null, capabilities: [scriptedChat('a')] })
  addNode(it.stage, it.router, { words: null, capabilities: [scriptedChat('b')] })
  wish(it.stage, it.client, { models: ['a'] })
  const job = wish(it.stage, it.client, { models: ['a'] })
  expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'offers.busy' })
  expect(heardBy(it.router, 'job').map((content) => content.model)).toEqual(['a'])
})

test('a node that stays shows itself again before its manifest ends', () => {
  const it = scene()
  const link = [...it.node.links.keys()][0]!
  expect(it.node.state.deadlines.has(`manifest:${link}`)).toBe(true)
  it.node.state.deadlines.set(`manifest:${link}`, it.stage.now)
  it.stage.advance(1_000)
  const [again] = eventsTo(it.router, 'manifest')
  expect(it.router.state.directory.has(again!.id)).toBe(true)
})

test('a node that says that it takes a year spoils no offers of others', () => {
  const year = 31_536_000_000
  const it = scene({ capabilities: [{ ...scriptedChat(), etaMs: year }] })
  addNode(it.stage, it.router)
  const job = wish(it.stage, it.client, { deadlineMs: year })
  it.stage.advance(2_000)
  expect(heardBy(it.client, 'offers')).toHaveLength(1)
  expect(it.client.refused).toEqual([])
  expect(outcomeOf(it.stage, job).fault).toBeNull()
})
