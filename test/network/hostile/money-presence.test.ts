// Who is here, and what is remembered of letters: whoever writes to keys learns nothing, and leaves nothing.
import { describe, expect, test } from 'bun:test'
import { draftOf } from '../../../src/engine/protocol/draft.ts'
import type { Signed } from '../../../src/engine/protocol/event.ts'
import type { PubKey } from '../../../src/engine/protocol/ids.ts'
import { addClient, addPuppet, outcomeOf, wish } from './cast.ts'
import { letterWith } from './money.ts'
import { type MoneyScene, addPaidNode, moneyScene } from './money-scene.ts'
import type { Party } from './party.ts'
import { declinedTo, eventsTo, unharmed } from './scene.ts'

/** What a stranger may say to a key, whole and of the right form. */
const WORDS = {
  cancel: { seen: 'nothing', next: 0 },
  acknowledgement: { receipt: 'c'.repeat(64), verdict: 'agree', reason: null },
  progress: { status: 'started' },
  sync: { nonce: 'd'.repeat(32), side: 'node', next: 0 },
} as const
type Said = 'money' | keyof typeof WORDS

describe.each(['money', 'cancel', 'acknowledgement', 'progress', 'sync'] as const)(
  'a stranger’s %s to a key that is no node’s',
  (what) => {
    /** What a stranger hears of two of them, the second a repetition, and what they cost at the door. */
    const asked = (whom: 'here' | 'gone' | 'never') => {
      const it = moneyScene({ words: null })
      const puppet = addPuppet(it.stage, it.router)
      const other = addClient(it.stage, it.router, { mint: it.mint })
      wish(it.stage, other)
      it.stage.advance(1_000)
      // It had a job, so what is addressed to it is still taken for a while.
      if (whom === 'gone') it.stage.cut(other, [...other.links.keys()][0]!)
      expect(it.router.state.awaited.get(other.signer.pubkey)).toBe(
        whom === 'gone' ? 'client' : undefined,
      )
      const to = whom === 'never' ? it.stage.newSigner().pubkey : other.signer.pubkey
      const strays = it.stage.strays.get(it.router) ?? 0
      const letter = saying(it, puppet, to, what)
      for (let n = 0; n < 2; n++) it.stage.say(puppet, letter)
      unharmed(it.stage)
      const [declined, repeated] = declinedTo(puppet)
      const refused = it.router.refused.slice(-2)
      return { declined, repeated, refused, strays: (it.stage.strays.get(it.router) ?? 0) - strays }
    }
    test('is refused in the same words and at the same cost, be it here, just gone, or never seen', () => {
      const never = asked('never')
      expect(never.declined).toStartWith('invalid: event.not_for_us')
      expect(never.repeated).toBe(never.declined!)
      expect(asked('here')).toEqual(never)
      expect(asked('gone')).toEqual(never)
    })
  },
)

/** What a stranger says: a letter that nobody can open, or a word about a job that nobody has. */
const saying = (it: MoneyScene, by: Party, to: PubKey, what: Said): Signed => {
  if (what === 'money') {
    const inner = { kind: 1, created_at: 1_800_000_000, tags: [], content: '' } as never
    return letterWith(it.stage, by.signer, to, it.node.signer.sign(inner))
  }
  const content = { job: 'a'.repeat(64), ticket: 'b'.repeat(64), ...WORDS[what] } as never
  const about = what === 'sync' ? {} : { about: 'b'.repeat(64) as never }
  return by.signer.sign(draftOf(what, content, { now: it.stage.now, net: 'sim', to, ...about }))
}

describe('what is refused a stranger', () => {
  test('a node that was offered a moment ago and is gone is none whose clients hear nothing', () => {
    const it = moneyScene()
    const job = wish(it.stage, it.client)
    it.stage.advance(1_000)
    expect(outcomeOf(it.stage, job).fault).toBeNull()
    const { state } = it.router
    const key = it.node.signer.pubkey
    it.stage.cut(it.node, [...it.node.links.keys()][0]!)
    expect([state.nodes.has(key), state.awaited.get(key)]).toEqual([false, 'node'])
    const cancel = saying(it, it.client, key, 'cancel')
    it.stage.say(it.client, cancel)
    expect(declinedTo(it.client)).toEqual(['restricted: no such job'])
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
