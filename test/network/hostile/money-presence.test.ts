// Who is here, and what is remembered of letters: whoever writes to keys learns nothing, and leaves nothing.
import { describe, expect, test } from 'bun:test'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import { addClient, addPuppet, outcomeOf, wish } from './cast.ts'
import { letterWith } from './money.ts'
import { addPaidNode, moneyScene } from './money-scene.ts'
import type { Party } from './party.ts'
import { declinedTo, eventsTo, unharmed } from './scene.ts'

describe('a stranger’s letter to a key that is no node’s', () => {
  /** What a stranger hears of two letters, the second a repetition, and what they cost at the door. */
  const asked = (whom: 'here' | 'gone' | 'never') => {
    const it = moneyScene()
    const puppet = addPuppet(it.stage, it.router)
    const other = addClient(it.stage, it.router, { mint: it.mint })
    wish(it.stage, other)
    it.stage.advance(1_000)
    // It had a job, so what is addressed to it is still taken for a while.
    if (whom === 'gone') it.stage.cut(other, [...other.links.keys()][0]!)
    const to = whom === 'never' ? it.stage.newSigner().pubkey : other.signer.pubkey
    const strays = it.stage.strays.get(it.router) ?? 0
    const letter: Signed = letterWith(it.stage, puppet.signer, to, it.node.signer.sign(INNER))
    for (let n = 0; n < 2; n++) it.stage.say(puppet, letter)
    unharmed(it.stage)
    const [declined, repeated] = declinedTo(puppet)
    const refused = it.router.refused.slice(-2)
    return { declined, repeated, refused, strays: (it.stage.strays.get(it.router) ?? 0) - strays }
  }
  const INNER = { kind: 1, created_at: 1_800_000_000, tags: [], content: '' } as never

  test('is refused in the same words and at the same cost, be it here, just gone, or never seen', () => {
    const never = asked('never')
    expect(never.declined).toStartWith('invalid: event.not_for_us')
    expect(never.repeated).toBe(never.declined!)
    expect(asked('here')).toEqual(never)
    expect(asked('gone')).toEqual(never)
  })

  test('and those who have to do with each other hear each other as before', () => {
    const it = moneyScene()
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job).fault).toBeNull()
    expect(eventsTo(it.client, 'money').length).toBeGreaterThan(0)
    expect([...declinedTo(it.client), ...declinedTo(it.node)]).toEqual([])
  })
})

test('of links that are gone nothing is counted any more', () => {
  const it = moneyScene()
  const nodes = [it.node, addPaidNode(it.stage, it.router, it.mint)]
  const clients: Party[] = []
  for (let n = 0; n < 5; n++) {
    const client = addClient(it.stage, it.router, { mint: it.mint })
    clients.push(client)
    wish(it.stage, client)
    it.stage.advance(1_000)
  }
  expect([...it.router.state.syncs.keys()].some((link) => link < 0)).toBe(true)
  for (const party of [...clients, ...nodes, it.client])
    for (const link of party.links.keys()) it.stage.cut(party, link)
  it.stage.advance(600_000)
  const { state } = it.router
  const { syncs, keyOf, linksOf, local, placeOf, jobsOf, nodes: registered, tickets } = state
  const { alike, byTask, offers, jobs, byTag, awaited, returning, returningOf, keeping } = state
  const all = { syncs, keyOf, linksOf, local, placeOf, jobsOf, registered, tickets, alike, byTask }
  const rest = { offers, jobs, byTag, awaited, returning, returningOf, keeping }
  const left = Object.entries({ ...all, ...rest }).filter(([, { size }]) => size > 0)
  expect(left.map(([name]) => name)).toEqual([])
})
