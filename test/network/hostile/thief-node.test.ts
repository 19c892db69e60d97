import { describe, expect, test } from 'bun:test'
import { contradictions } from '../../../src/engine/metering/audit-chain.ts'
import { document } from '../../../src/engine/protocol/intake.ts'
import type { Message } from '../../../src/engine/protocol/messages.ts'
import { addNode, isOpen, newsOf, outcomeOf, piece, wish } from './cast.ts'
import type { NodeParty } from './party.ts'
import { declinedTo, type Scene, scene, unharmed } from './scene.ts'
import type { Stage } from './stage.ts'

/** The key of the node and a copy of its disk, in somebody else's hands. */
const thiefOf = ({ stage, router, node }: Scene): NodeParty =>
  addNode(stage, router, { again: node })

const reconnect = ({ stage, router, node }: Scene): void => {
  stage.cut(node, [...node.links.keys()][0]!)
  stage.connect(node, router, (link) => node.state.pinned.set(link, router.signer.pubkey))
}

const receiptsOf = ({ stage, router }: Scene): Message<'receipt'>[] =>
  router.disk
    .filter((it) => it.kind === 'receipt')
    .map((it) => document(it.text, { verifier: stage.secp }) as Message<'receipt'>)

const served = (stage: Stage, it: Scene): void => {
  const job = wish(stage, it.client)
  stage.advance(3_000)
  expect(outcomeOf(stage, job).fault).toBeNull()
}

describe('who has stolen a node’s key', () => {
  test('takes its place at a router: who registered last gets the jobs, and the other one’s tickets are declined', () => {
    const it = scene()
    const thief = thiefOf(it)
    served(it.stage, it)
    expect([it.node.runs.length, thief.runs.length]).toEqual([0, 1])
    it.stage.advance(30_000)
    expect(declinedTo(it.node)).toContain('restricted: register first')
    // The owner has his place again with a new link; the thief's tickets are then the ones declined.
    reconnect(it)
    served(it.stage, it)
    expect([it.node.runs.length, thief.runs.length]).toEqual([1, 1])
    unharmed(it.stage)
  })

  test('ends the jobs that run there: the client keeps what came and is charged for no more', () => {
    const it = scene({ words: null })
    const job = wish(it.stage, it.client)
    piece(it.stage, it.node, it.node.runs[0]!, 'word1 ', 1)
    it.stage.advance(1_000)
    thiefOf(it)
    it.stage.advance(20_000)
    expect(isOpen(it.stage, job)).toBe(false)
    expect(outcomeOf(it.stage, job).fault).not.toBeNull()
    expect(newsOf(it.stage, job).filter((news) => news.type === 'piece')).toHaveLength(1)
    unharmed(it.stage)
  })

  test('leaves evidence: two receipts that go on from the same one', () => {
    const it = scene()
    served(it.stage, it)
    const thief = thiefOf(it)
    served(it.stage, it)
    expect(contradictions(receiptsOf(it))).toEqual([])
    reconnect(it)
    served(it.stage, it)
    expect([it.node.runs.length, thief.runs.length]).toEqual([2, 1])
    const all = receiptsOf(it)
    expect(all).toHaveLength(3)
    expect(all.every(({ event }) => event.pubkey === it.node.signer.pubkey)).toBe(true)
    expect(contradictions(all).map((found) => found.check)).toEqual(['receipt.prev'])
  })
})
