import { describe, expect, test } from 'bun:test'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import type { JobRecord } from '../../../src/engine/roles/router/state.ts'
import { addClient, addPuppet, done, piece, wish } from './cast.ts'
import { type Content, contentOf, forged } from './parcel.ts'
import { eventsTo, heardBy, held, onWay, scene, unharmed } from './scene.ts'

/** A job that was served in full, with its receipt as `change` leaves it. */
const served = (change: Content = {}, loses: 'acknowledgement' | null = null) => {
  const it = scene({ words: null })
  onWay(it.stage, it.router, 'receipt', (event) => forged(it.node.signer, event, change))
  if (loses) held(it.stage, it.router, loses)
  wish(it.stage, it.client)
  const [run] = it.node.runs
  it.stage.advance(900)
  piece(it.stage, it.node, run!, 'one ', 1)
  it.stage.advance(900)
  done(it.stage, it.node, run!, 1)
  it.stage.advance(500)
  const servedJobs = () => it.router.state.limits.get(it.client.signer.pubkey)?.served
  const verdicts = () => heardBy(it.router, 'acknowledgement').map((ack) => ack['verdict'])
  const outcomes = () => it.router.observed.map((seen) => seen.outcome)
  return { ...it, servedJobs, verdicts, outcomes }
}

describe('what a router believes of a receipt', () => {
  test('agreed: the node served, and the client is a step nearer to being known', () => {
    const it = served()
    expect([it.verdicts(), it.outcomes(), it.servedJobs()]).toEqual([['agree'], ['ok'], 1])
    it.stage.advance(200_000)
    expect(it.outcomes()).toEqual(['ok'])
  })

  test('disputed: it counts for neither', () => {
    const it = served({ cost: '1' })
    expect(it.verdicts()).toEqual(['dispute'])
    expect([it.outcomes(), it.servedJobs()]).toEqual([['not_counted'], 0])
    expect(it.router.state.standings.size).toBe(0)
    it.stage.advance(200_000)
    expect(it.outcomes()).toEqual(['not_counted'])
  })

  test('usage beyond the job’s max is the node’s fault, and says nothing of its speed', () => {
    const it = served({ usage: { in_token: 5, out_token: 9_000_000_000_000 } })
    expect(it.verdicts()).toEqual(['dispute'])
    expect([it.outcomes(), it.servedJobs()]).toEqual([['node_fault'], 0])
    expect(it.router.observed[0]).toMatchObject({ msPerUnit: null })
  })

  test('a client that says nothing: as the receipt says, when its time is up', () => {
    const it = served({}, 'acknowledgement')
    expect([it.outcomes(), it.servedJobs()]).toEqual([[], 0])
    it.stage.advance(50_000)
    expect(it.outcomes()).toEqual([])
    it.stage.advance(15_000)
    expect([it.outcomes(), it.servedJobs()]).toEqual([['ok'], 1])
    expect(it.router.state.jobs.size).toBe(0)
    unharmed(it.stage)
  })

  test('a client that cancels what is over, again and again, puts nothing off', () => {
    const it = served({}, 'acknowledgement')
    const [{ id, placings }] = [...it.router.state.jobs.values()] as [JobRecord]
    const { ticket } = placings[0]!
    for (let n = 0; n < 7; n++) {
      it.stage.advance(10_000)
      const to = it.node.signer.pubkey
      const content = { job: id, ticket, seen: 'started', next: n } as const
      const draft = draftOf('cancel', content, { now: it.stage.now, net: 'sim', to })
      it.stage.say(it.client, it.client.signer.sign(draft))
    }
    expect(heardBy(it.router, 'cancel')).toHaveLength(7)
    expect([it.outcomes(), it.servedJobs(), it.router.state.jobs.size]).toEqual([['ok'], 1, 0])
    unharmed(it.stage)
  })
})

test('attack 9: twelve clients of one address are one that saw ten; neither an address nor a sum is written down', () => {
  const it = scene({ words: ['one '] })
  const servedAt = (place: string) => {
    const client = addClient(it.stage, it.router, { place })
    wish(it.stage, client)
    it.stage.advance(1_000)
    expect(client.signer.pubkey).not.toBe(it.client.signer.pubkey)
  }
  for (let n = 0; n < 12; n++) servedAt('192.0.2.7')
  servedAt('198.51.100.9')
  const [standing] = [...it.router.state.standings.values()]
  expect(standing).toMatchObject({ jobs: 13, good: 13 })
  const views = [...standing!.views].map(([from, { served: count }]) => [from, Math.round(count)])
  expect(views).toEqual([
    ['192.0.2.7', 10],
    ['198.51.100.9', 1],
  ])
  const fields = new Set(it.router.observed.flatMap((seen) => Object.keys(seen)))
  const known = ['node', 'task', 'model', 'outcome', 'firstMs', 'msPerUnit', 'at']
  expect([...fields].toSorted()).toEqual(known.toSorted())
  unharmed(it.stage)
})

describe('a link that proves another key', () => {
  test('leaves nothing of the node that it was', () => {
    const it = scene()
    const { stage, router, node } = it
    const [near] = [...node.links.keys()]
    const { far } = node.links.get(near!)!
    expect([router.state.nodes.size, router.state.tickets.size > 0]).toEqual([1, true])
    const key = stage.newSigner().pubkey
    stage.tell(router, {
      type: 'authenticated',
      link: far,
      key,
      auth: 'a'.repeat(64) as never,
      local: true,
      place: 'x',
      aheadMs: 0,
    })
    const left = () => {
      const { nodes, tickets, byTask, linksOf } = router.state
      return [nodes.size, tickets.size, byTask.size, linksOf.has(node.signer.pubkey)]
    }
    expect(left()).toEqual([0, 0, 0, false])
    stage.cut(node, near!)
    expect(left()).toEqual([0, 0, 0, false])
    expect(router.logged.filter((event) => event === 'node.left')).toHaveLength(1)
  })

  test('and one that proves its own again keeps it, and hears its limits again', () => {
    const it = scene()
    const { stage, router } = it
    const puppet = addPuppet(stage, router)
    const { far } = [...puppet.links.values()][0]!
    const again = {
      type: 'authenticated',
      link: far,
      key: puppet.signer.pubkey,
      local: true,
      place: 'x',
      aheadMs: 0,
    } as const
    const before = eventsTo(puppet, 'quota').length
    stage.tell(router, { ...again, auth: 'a'.repeat(64) as never })
    expect(eventsTo(puppet, 'quota')).toHaveLength(before + 1)
    expect(contentOf(eventsTo(puppet, 'quota').at(-1)!)).toMatchObject({ probation: true })
    expect(router.state.keyOf.get(far)).toBe(puppet.signer.pubkey)
  })
})
