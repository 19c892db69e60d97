import { describe, expect, test } from 'bun:test'
import { addClient, addNode, addRouter, newsOf, outcomeOf, wish } from './cast.ts'
import type { Party } from './party.ts'
import { heardBy, unharmed } from './scene.ts'
import { Stage } from './stage.ts'

type Clocks = Partial<Record<'client' | 'node' | 'router', number>>

/** A job by clocks that do not agree; all parties began a moment ago. */
const job = (clocks: Clocks) => {
  const stage = new Stage()
  const router = addRouter(stage, { clockMs: clocks.router ?? 0 })
  const node = addNode(stage, router, { clockMs: clocks.node ?? 0 })
  const client = addClient(stage, router, { clockMs: clocks.client ?? 0 })
  const id = wish(stage, client)
  stage.advance(5_000)
  unharmed(stage)
  return { stage, router, node, client, id }
}
const saidTo = (it: ReturnType<typeof job>) =>
  newsOf(it.stage, it.id).flatMap((news) => (news.type === 'clock' ? [news.aheadMs] : []))

const clockFields = ({ logged, fields }: Party) =>
  fields.filter((_, n) => logged[n]!.startsWith('clock'))

describe('a clock that is off by 20 s', () => {
  const cases: [string, Clocks, number[], string[], string[]][] = [
    ['nobody’s', {}, [], [], []],
    ['the client’s, behind', { client: -20_000 }, [20_000], [], ['clock.peer_off']],
    ['the client’s, ahead', { client: 20_000 }, [-20_000], [], ['clock.peer_off']],
    ['the node’s, behind', { node: -20_000 }, [], ['clock.off'], ['clock.peer_off']],
    ['the node’s, ahead', { node: 20_000 }, [], ['clock.off'], ['clock.peer_off']],
    ['the router’s, behind', { router: -20_000 }, [-20_000], ['clock.off'], ['clock.peer_off']],
    ['the router’s, ahead', { router: 20_000 }, [20_000], ['clock.off'], ['clock.peer_off']],
    [
      'two, in both directions',
      { client: -20_000, node: 20_000 },
      [20_000],
      ['clock.off'],
      ['clock.peer_off'],
    ],
  ]
  test.each(cases)('%s: the job is done, and it is said once', (_, clocks, told, node, router) => {
    const it = job(clocks)
    expect(outcomeOf(it.stage, it.id)).toMatchObject({ fault: null, verified: true })
    expect(saidTo(it)).toEqual(told)
    const about = (logged: readonly string[]) => logged.filter((event) => event.startsWith('clock'))
    expect(about(it.node.logged)).toEqual(node)
    expect(about(it.router.logged)).toEqual(router)
    // By how much, and whose.
    const off = { node: clocks.node ?? 0, client: clocks.client ?? 0, router: clocks.router ?? 0 }
    const ahead = (ms: number) => (ms > 0 ? 'ahead' : 'behind')
    if (node.length > 0)
      expect(clockFields(it.node)).toEqual([
        { router: it.router.signer.pubkey, seconds: 20, ours_is: ahead(off.node - off.router) },
      ])
    const first = off.node === off.router ? it.client : it.node
    if (router.length > 0)
      expect(clockFields(it.router)).toEqual([
        { key: first.signer.pubkey, seconds: 20, its_is: ahead(first.clockMs - off.router) },
      ])
    // Not with the next job.
    const next = wish(it.stage, it.client)
    it.stage.advance(5_000)
    expect(newsOf(it.stage, next).some((news) => news.type === 'clock')).toBe(false)
    expect(outcomeOf(it.stage, next).fault).toBeNull()
  })

  test('leaves a node its tickets for as long as any', () => {
    for (const node of [-20_000, 20_000]) {
      const it = job({ node })
      for (let second = 0; second < 60; second++) {
        expect(it.router.state.tickets.size).toBe(1)
        it.stage.advance(1_000)
      }
      expect(heardBy(it.router, 'ticket').length).toBeLessThan(7)
    }
  })
})

describe('a clock that is off by 5 minutes', () => {
  const minutes = 300_000
  test.each([
    ['the client’s, behind', { client: -minutes }, 'your clock is 300 s behind the router’s'],
    ['the client’s, ahead', { client: minutes }, 'your clock is 300 s ahead of the router’s'],
    ['the router’s, behind', { router: -minutes }, 'your clock is 300 s ahead of the router’s'],
    ['the router’s, ahead', { router: minutes }, 'your clock is 300 s behind the router’s'],
  ])('%s: said with by how much, at once', (_, clocks, message) => {
    const it = job(clocks)
    expect(outcomeOf(it.stage, it.id).fault).toMatchObject({ code: 'clock.off', message })
    expect(it.client.refused).toHaveLength(1)
  })

  test('the node’s: it says so, and sells nothing', () => {
    for (const node of [-minutes, minutes]) {
      const it = job({ node })
      expect(it.node.logged).toContain('clock.off')
      expect(it.router.logged).toContain('clock.peer_off')
      const is = node < 0 ? 'behind' : 'ahead'
      expect(clockFields(it.node)[0]).toMatchObject({ seconds: 300, ours_is: is })
      expect(clockFields(it.router)[0]).toMatchObject({ seconds: 300, its_is: is })
      expect(it.router.state.nodes.size).toBe(0)
      expect(it.node.links.size).toBe(0)
    }
  })

  test('an event that is too old for a router is refused with the router’s time', () => {
    const it = job({})
    // It was right when the client proved its key, and somebody set it.
    it.client.clockMs = -minutes
    const id = wish(it.stage, it.client)
    it.stage.advance(1_000)
    const message = 'your clock is 300 s behind the router’s'
    expect(outcomeOf(it.stage, id).fault).toMatchObject({ code: 'clock.off', message })
    expect(it.router.refused).toContain('event.stale')
  })
})

test('a router whose clock all others contradict says that its own is off', () => {
  const stage = new Stage()
  const router = addRouter(stage, { clockMs: 20_000 })
  for (let n = 0; n < 5; n++) addClient(stage, router)
  expect(router.logged).toEqual(['clock.peer_off', 'clock.off'])
})

test('a replay after a restart is refused by a router, whatever clock it was made by', () => {
  for (const clockMs of [-20_000, 0, 20_000]) {
    const stage = new Stage()
    const before = addRouter(stage)
    const client = addClient(stage, before, { clockMs })
    wish(stage, client)
    const [ask] = before.heard.flatMap((it) => (it.kind === 'event' ? [it] : []))
    stage.advance(2_000)
    const router = addRouter(stage, { again: before })
    const again = addClient(stage, router, { clockMs, signer: client.signer })
    stage.say(again, ask!.event)
    expect(router.refused).toEqual(['event.before_start'])
    // What is said from then on is heard, however wrong the clock is.
    wish(stage, again)
    expect(router.refused).toHaveLength(1)
    expect(heardBy(router, 'ask')).toHaveLength(2)
  }
})
