// Jobs whose next nodes leave too: before the job comes, while it moves, after it moved.
import { expect, test } from 'bun:test'
import { scriptedChat, scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { checkInvariants } from './invariants.ts'
import { quickSecp } from './quick-secp.ts'
import { type Asked, type NodeParty, World } from './world.ts'

const words = { pieces: textPieces(['a ', 'b ']), startMs: 5, pieceMs: 5 }
const LATENCY_MS = 50

/** Three nodes of one slot, and a job that waits for nothing: its nodes in the order of its offers. */
const offered = async (): Promise<{ it: World; asked: Asked; nodes: NodeParty[] }> => {
  const it = new World({ seed: 1, latencyMs: LATENCY_MS, secp: quickSecp() })
  await it.startRouter()
  for (let n = 0; n < 3; n++) {
    const options = { clock: it.clock, slots: 1, capabilities: [scriptedChat()] }
    await it.addNode([scriptedRunner(words, options)])
  }
  const client = await it.addClient()
  await it.clock.advance(2_000)
  const asked = it.request(client, { deadlineMs: 20_000 })
  const offers = () => asked.news.find((news) => news.type === 'offers')
  while (!offers()) await it.clock.advance(5)
  const found = offers()!
  if (found.type !== 'offers') throw new Error('no offers')
  const keys = found.lines.map(({ node }) => node)
  return { it, asked, nodes: keys.map((key) => it.nodes.find((n) => n.signer.pubkey === key)!) }
}

/** The end of the job, after `moves` moves and nothing else that its client hears of. */
const ended = async (it: World, asked: Asked, moves: number): Promise<void> => {
  await it.clock.advance(30_000)
  expect(asked.outcome).toMatchObject({ fault: null, verified: true })
  const types = asked.news.map(({ type }) => type)
  expect(types).not.toContain('again')
  expect(types.filter((type) => type === 'moved')).toHaveLength(moves)
  await it.clock.advance(400_000)
  checkInvariants(it, [asked])
  expect(it.records()).toBe(0)
  await it.close()
}

test('the first node leaves between its offer and the job: the job moves', async () => {
  const { it, asked, nodes } = await offered()
  await it.stopNode(nodes[0]!)
  await ended(it, asked, 1)
})

test('the node to which it moves leaves before the rewrap comes: it moves once more', async () => {
  const { it, asked, nodes } = await offered()
  await it.stopNode(nodes[0]!, 'vanished')
  while (!asked.news.some(({ type }) => type === 'moved')) await it.clock.advance(5)
  await it.stopNode(nodes[1]!)
  await ended(it, asked, 2)
})

test('its ticket is taken back before the rewrap comes: what the client cancels is what it left', async () => {
  const { it, asked, nodes } = await offered()
  await it.stopNode(nodes[0]!, 'vanished')
  // The router has just said `moved`; the rewrap is a round trip away.
  await it.clock.advance(1_000 + LATENCY_MS)
  void nodes[1]!.node!.drain()
  await ended(it, asked, 2)
})
