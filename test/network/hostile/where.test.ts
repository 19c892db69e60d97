import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { JobId, PubKey } from '../../../src/engine/protocol/ids.ts'
import { KINDS } from '../../../src/engine/protocol/kinds.ts'
import { ANYWHERE, type Where } from '../../../src/engine/protocol/where.ts'
import { scriptedChat } from '../../fakes/scripted-runner.ts'
import { type NodeOptions, addClient, addNode, addRouter, isOpen, outcomeOf, wish } from './cast.ts'
import { contentOf, forged, tagged } from './parcel.ts'
import type { ClientParty, NodeParty, RouterParty } from './party.ts'
import { eventsTo, heardBy, onWay, unharmed } from './scene.ts'
import { Stage } from './stage.ts'

const keyOf = (n: number): PubKey => n.toString(16).padStart(64, '0') as PubKey
const [MINE, HOUSE, OTHER, THIRD] = [keyOf(1), keyOf(2), keyOf(3), keyOf(4)]

type Market = { stage: Stage; router: RouterParty; nodes: NodeParty[]; client: ClientParty }

/** A router with some nodes, and a client that believes it to be nearby. */
const market = (
  nodes: readonly NodeOptions[],
  operator: PubKey | null = HOUSE,
  seed = 1,
): Market => {
  const stage = new Stage({ seed })
  const router = addRouter(stage, { operator })
  const all = nodes.map((it) => addNode(stage, router, it))
  return { stage, router, nodes: all, client: addClient(stage, router) }
}

/** The router reads no `where`: it answers as if nothing had been asked for. */
const ignoreWhere = ({ stage, router, client }: Market): void =>
  onWay(stage, router, 'ask', (ask) => {
    onWay(stage, client, 'offers', (offers) => {
      const retold = forged(router.signer, offers, {}, tagged(offers, 'e', ask.id))
      router.state.offers.set(retold.id, router.state.offers.get(offers.id)!)
      return retold
    })
    return forged(client.signer, ask, { where: ANYWHERE })
  })

/** To whom keys were wrapped, in order. */
const wrappedFor = ({ router }: Market): string[] =>
  [...eventsTo(router, 'job'), ...eventsTo(router, 'rewrap')].map(
    (it) => it.tags.find(([name]) => name === 'p')![1]!,
  )

const run = (it: Market, where: Partial<Where>): JobId => {
  const job = wish(it.stage, it.client, { where: { ...ANYWHERE, ...where } })
  it.stage.advance(10_000)
  return job
}

const proprietary = { capabilities: [{ ...scriptedChat(), proprietary: true }] }
type Case = Readonly<{
  node?: NodeOptions
  router?: PubKey | null
  where: (node: PubKey) => Partial<Where>
}>
const excluded: Record<string, Case> = {
  'a node that is denied': { where: (node) => ({ deny: [node] }) },
  'a node of an operator that is denied': {
    node: { operator: OTHER },
    where: () => ({ deny: [OTHER] }),
  },
  'a node that is not among those allowed': { where: () => ({ allow: [MINE] }) },
  'a node that claims to be run by somebody who is allowed': {
    node: { operator: MINE },
    where: () => ({ allow: [MINE] }),
  },
  'a node of the router’s operator': {
    node: { operator: HOUSE },
    where: () => ({ other_operator: true }),
  },
  'a node that does not say who runs it': { where: () => ({ other_operator: true }) },
  'a node of somebody, where the router does not say': {
    node: { operator: OTHER },
    router: null,
    where: () => ({ other_operator: true }),
  },
  'a proprietary upstream': { node: proprietary, where: () => ({ no_proprietary: true }) },
}

describe('who may not serve', () => {
  for (const [what, { node = {}, router = HOUSE, where }] of Object.entries(excluded)) {
    test(`${what}: an honest router offers nothing`, () => {
      const it = market([node], router)
      const job = run(it, where(it.nodes[0]!.signer.pubkey))
      expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'where.none' })
      expect(wrappedFor(it)).toEqual([])
    })

    test(`${what}: a router that ignores it gets no job`, () => {
      const it = market([node], router)
      ignoreWhere(it)
      const job = run(it, where(it.nodes[0]!.signer.pubkey))
      expect(outcomeOf(it.stage, job).fault).toMatchObject({
        kind: 'verification',
        code: 'offers.where',
      })
      expect(wrappedFor(it)).toEqual([])
      unharmed(it.stage)
    })

    // Where the router does not say who runs it, no node may serve.
    if (router === null) continue
    test(`${what}: beside one that may, only that one is given the key`, () => {
      const it = market([node, { operator: THIRD }], router)
      const [bad, good] = it.nodes.map((one) => one.signer.pubkey) as [PubKey, PubKey]
      const rules = where(bad)
      ignoreWhere(it)
      const allow = rules.allow ? { allow: [...rules.allow, good] } : {}
      const job = run(it, { ...rules, ...allow })
      expect(outcomeOf(it.stage, job)).toMatchObject({ fault: null, node: good })
      expect(wrappedFor(it)).toEqual([good])
    })
  }
})

describe('a move', () => {
  const twoNodes = () => {
    const it = market([
      { operator: OTHER, words: null },
      { operator: HOUSE, words: null },
    ])
    ignoreWhere(it)
    return it
  }
  const moveTo = (
    it: Market,
    at: (entries: { ticket: { id: string; pubkey: string } }[]) => string,
  ) =>
    onWay(it.stage, it.nodes[0]!, 'job', () => {
      const entries = contentOf(eventsTo(it.client, 'offers').at(-1)!).entries as []
      const [job] = eventsTo(it.router, 'job')
      const { job: id, ticket: from } = contentOf(job!)
      const moved = { status: 'moved', job: id, from, to: at(entries), reason: 'silent' }
      const [offers] = eventsTo(it.client, 'offers')
      it.stage.later(() => {
        const event = forged(it.router.signer, { ...offers!, kind: KINDS.progress }, moved)
        it.stage.say(it.router, { ...event })
      })
      return null
    })

  test('to a ticket of the offers that `where` excludes is not followed: cancelled', () => {
    const it = twoNodes()
    moveTo(
      it,
      (entries) => entries.find((e) => e.ticket.pubkey === it.nodes[1]!.signer.pubkey)!.ticket.id,
    )
    const job = run(it, { other_operator: true })
    expect(wrappedFor(it)).toEqual([it.nodes[0]!.signer.pubkey])
    expect(outcomeOf(it.stage, job).fault).toMatchObject({ code: 'job.moved_away' })
    expect(heardBy(it.nodes[1]!, 'rewrap')).toEqual([])
  })
})

test('the only node that may serve is busy: that is no reason to look elsewhere', () => {
  const it = market([{ words: null }, {}])
  const [mine, other] = it.nodes.map((one) => one.signer.pubkey) as [PubKey, PubKey]
  const first = wish(it.stage, it.client, { where: { ...ANYWHERE, allow: [mine] } })
  expect(isOpen(it.stage, first)).toBe(true)
  const said = (where: Partial<Where>) =>
    outcomeOf(it.stage, wish(it.stage, it.client, { where: { ...ANYWHERE, ...where } })).fault
  expect(said({ allow: [mine] })).toMatchObject({ code: 'offers.busy' })
  expect(said({ deny: [mine, other] })).toMatchObject({ code: 'where.none' })
  // The other one leaves: who is busy and may not serve is not said to be nobody.
  it.stage.cut(it.nodes[1]!, [...it.nodes[1]!.links.keys()][0]!)
  expect(said({})).toMatchObject({ code: 'offers.busy' })
  expect(said({ deny: [mine] })).toMatchObject({ code: 'where.none' })
})

describe('local', () => {
  test('a router elsewhere is not even asked', () => {
    const stage = new Stage()
    const router = addRouter(stage)
    addNode(stage, router)
    const client = addClient(stage, router, { local: false })
    const job = wish(stage, client, { where: { ...ANYWHERE, local: true } })
    expect(outcomeOf(stage, job).fault).toMatchObject({ kind: 'refused', code: 'where.not_local' })
    expect(heardBy(router, 'ask')).toEqual([])
  })

  test('a router nearby offers nodes nearby only', () => {
    const far = market([{ local: false }])
    expect(outcomeOf(far.stage, run(far, { local: true })).fault).toMatchObject({
      code: 'where.none',
    })
    const both = market([{ local: false }, {}])
    expect(outcomeOf(both.stage, run(both, { local: true }))).toMatchObject({
      fault: null,
      node: both.nodes[1]!.signer.pubkey,
    })
  })
})

const anyNode = fc.record({
  operator: fc.constantFrom(null, MINE, HOUSE, OTHER),
  foreign: fc.boolean(),
})

test('an honest router and its client agree on every node, whatever is asked for', () => {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.nat(1000),
        router: fc.constantFrom(null, HOUSE, OTHER),
        nodes: fc.array(anyNode, { minLength: 1, maxLength: 3 }),
        allow: fc.subarray([0, 1, 2]),
        deny: fc.subarray([0, 1, 2]),
        denied: fc.subarray([MINE, HOUSE, OTHER]),
        other_operator: fc.boolean(),
        no_proprietary: fc.boolean(),
      }),
      ({ seed, router, nodes, allow, deny, denied, ...rest }) => {
        const it = market(
          nodes.map(({ operator, foreign }) => ({ operator, ...(foreign && proprietary) })),
          router,
          seed,
        )
        const keys = (of: number[]) => of.flatMap((i) => it.nodes[i]?.signer.pubkey ?? [])
        const rules = { allow: keys(allow), deny: [...keys(deny), ...denied], ...rest }
        const { fault, node } = outcomeOf(it.stage, run(it, rules))
        const fits = nodes.map(({ operator, foreign }, i) => {
          const key = it.nodes[i]!.signer.pubkey
          return (
            (rules.allow.length === 0 || rules.allow.includes(key)) &&
            !rules.deny.includes(key) &&
            !(operator && rules.deny.includes(operator)) &&
            !(foreign && rules.no_proprietary) &&
            (!rules.other_operator || (operator !== null && router !== null && operator !== router))
          )
        })
        if (fits.includes(true)) {
          expect(fault).toBeNull()
          expect(fits[it.nodes.findIndex((one) => one.signer.pubkey === node)]).toBe(true)
        } else expect(fault?.code).toBe('where.none')
        expect(wrappedFor(it)).toEqual(node ? [node] : [])
      },
    ),
    { seed: 11, numRuns: 60 },
  )
})
