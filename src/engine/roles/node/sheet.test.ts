import { describe, expect, test } from 'bun:test'
import { done, outcomeOf, piece, wish } from '../../../../test/network/hostile/cast.ts'
import { nameOf } from '../../../../test/network/hostile/parcel.ts'
import {
  declinedTo,
  heardBy,
  held,
  scene,
  unharmed,
} from '../../../../test/network/hostile/scene.ts'
import { virtualClock } from '../../base/virtual-clock.ts'
import { seededRandom } from '../../base/random.ts'
import { silentLog } from '../../base/log.ts'
import { openSecp256k1 } from '../../identity/secp256k1.ts'
import { newSigner } from '../../identity/signer.ts'
import { memoryStore } from '../../storage/memory.ts'
import type { DoorOptions } from '../../transport/network.ts'
import { memoryNetwork } from '../../transport/memory.ts'
import { builtinRunner } from '../../runners/builtin.ts'
import { openRouter } from '../router/router.ts'
import { openNode } from './node.ts'
import { PLAY_PRICES } from './prices.ts'
import { awaitRenewal } from './sheet.ts'

const DAY = 24 * 3_600_000

const renewSoon = (it: ReturnType<typeof scene>): void =>
  it.node.state.deadlines.set('sheet:', (it.stage.now + 1) as never)

describe('a price sheet', () => {
  test('is signed anew, and every free ticket names the new one, at the router too', () => {
    const it = scene({ slots: 2, queue: 1 })
    const before = it.node.state.sheet.event.id
    renewSoon(it)
    it.stage.advance(100)
    const after = it.node.state.sheet.event.id
    expect(after).not.toBe(before)
    expect(declinedTo(it.node)).toEqual([])
    const tickets = [...it.router.state.tickets.values()]
    expect(tickets).toHaveLength(4)
    for (const { ticket } of tickets)
      expect(ticket.entries.map((entry) => entry.sheet)).toEqual([after])
    // Told before the first ticket that names it; nothing was withdrawn.
    const names = it.router.heard.flatMap((p) => (p.kind === 'event' ? [nameOf(p)] : []))
    expect(names.lastIndexOf('sheet')).toBe(names.length - 1 - 4)
    expect(names).not.toContain('revoke')
    expect(it.node.state.deadlines.has('sheet:')).toBe(true)
    const job = wish(it.stage, it.client)
    it.stage.advance(1000)
    expect(outcomeOf(it.stage, job).fault).toBeNull()
    unharmed(it.stage)
  })

  test('holds for a job on its ticket, though another one is in force by then', () => {
    const it = scene({ words: null })
    const late = [held(it.stage, it.node, 'job'), held(it.stage, it.node, 'input')]
    const job = wish(it.stage, it.client)
    it.stage.advance(50)
    const dear = PLAY_PRICES.map((row) => ({ ...row, rates: { out_token: '9000000' } }))
    Object.assign(it.node.state, { rows: dear })
    renewSoon(it)
    it.stage.advance(50)
    for (const parcel of late.flat()) it.stage.deliver(parcel)
    it.stage.advance(50)
    const [run] = it.node.runs
    piece(it.stage, it.node, run!, 'one ', 1)
    done(it.stage, it.node, run!, 1)
    it.stage.advance(500)
    const outcome = outcomeOf(it.stage, job)
    expect(outcome.fault).toBeNull()
    expect(outcome.verified).toBe(true)
    expect(heardBy(it.router, 'receipt')).toHaveLength(1)
    // 5 × 1,000,000 + 1 × 2,500,000 msat per million, rounded up: the old prices.
    expect(String(outcome.cost)).toBe('8')
  })

  test('is in force when a node comes back after a month', () => {
    const it = scene()
    awaitRenewal(it.node.state, it.stage.now)
    const [near] = [...it.node.links.keys()]
    it.stage.cut(it.node, near!)
    it.stage.advance(31 * DAY)
    it.stage.connect(it.node, it.router, (link) =>
      it.node.state.pinned.set(link, it.router.signer.pubkey),
    )
    expect(declinedTo(it.node)).toEqual([])
    expect(it.router.state.nodes.size).toBe(1)
  })

  test('of a real node is renewed without being asked', async () => {
    const clock = virtualClock()
    const random = seededRandom(3)
    const secp = await openSecp256k1()
    const network = memoryNetwork({ clock, random })
    // A life of days: two weeks of tickets would be many.
    const bounds = { ticketLifeMs: 5 * DAY, ticketLifeMaxMs: 9 * DAY, freshnessMs: 60_000 }
    const common = { clock, random, secp, network, bounds, net: 'sim' as const, log: silentLog }
    const broken = (fault: Error) => {
      throw fault
    }
    const party = () => ({ signer: newSigner(secp, random), store: memoryStore(), broken })
    let stored: DoorOptions['stored'] = () => []
    const listening: typeof network.listen = (door, owner) => {
      stored = (filter) => door.stored(filter)
      return network.listen(door, owner)
    }
    const router = await openRouter({
      ...common,
      ...party(),
      network: { ...network, listen: listening },
      hostname: 'r',
      port: 1,
      name: 'r',
      software: 'test',
    })
    const own = () => stored({ authors: [router.key] })
    const first = own()
    expect(first).toHaveLength(1)
    const quiet = { ...builtinRunner(), slots: 1 }
    const node = await openNode({
      ...common,
      ...party(),
      routers: [router],
      runners: [quiet],
      rows: PLAY_PRICES,
      queue: 0,
      software: 'test',
    })
    await clock.advance(1_000)
    const sheets = () => stored({ authors: [node.key], kinds: [36421] })
    expect(sheets()).toHaveLength(1)
    const [before] = sheets()
    await clock.advance(13 * 3_600_000)
    // The router's own manifest lasts a day and is renewed after half of it, in the older one's place.
    expect(own()).toHaveLength(1)
    expect(own()).not.toEqual(first)
    await clock.advance(14.5 * DAY)
    expect(sheets().some((text) => text !== before)).toBe(true)
    expect(own()).toHaveLength(1)
    await node.close({ now: true })
    await router.close()
    await clock.advance(2 * DAY)
    expect(clock.pending()).toBe(0)
  }, 30_000)
})
