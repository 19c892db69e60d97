// A clock that is set while links stand: what its owner says by it is believed again.
import { expect, test } from 'bun:test'
import { scriptedChat, scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { quickSecp } from './quick-secp.ts'
import { type ClientParty, type NodeParty, World } from './world.ts'

const words = { pieces: textPieces(['a ', 'b ']), startMs: 5, pieceMs: 5 }

const world = async (nodeSkewMs = 0): Promise<[World, NodeParty, ClientParty]> => {
  const it = new World({ seed: 1, latencyMs: 2, secp: quickSecp() })
  await it.startRouter()
  const options = { clock: it.clock, slots: 2, capabilities: [scriptedChat()] }
  const node = await it.addNode([scriptedRunner(words, options)])
  node.skewMs = nodeSkewMs
  await it.stopNode(node)
  await it.startNode(node)
  await it.addClient()
  // Longer than any clock here is off: on the memory link nobody says by how much its own is.
  await it.clock.advance(60_000)
  return [it, node, it.clients[0]!]
}

/** Its tickets are at the router, and a job is done. */
const serves = async (it: World, { client }: ClientParty): Promise<void> => {
  expect(it.router!.figures().tickets).toBeGreaterThan(0)
  const asked = it.request(client!, { deadlineMs: 5_000 })
  await it.clock.advance(6_000)
  expect(asked.outcome).toMatchObject({ fault: null, verified: true })
}

test('a node that joined 40 s fast is mended: its tickets are taken after it', async () => {
  const [it, node, client] = await world(40_000)
  await serves(it, client)
  node.skewMs = 0
  await it.clock.advance(600_000)
  await serves(it, client)
  await it.close()
})

for (const who of ['router', 'node', 'client'] as const)
  for (const byMs of [-40_000, 40_000])
    test(`the clock of the ${who} is set by ${byMs / 1000} s: tickets and jobs return`, async () => {
      const [it, node, client] = await world()
      const party = { router: it.routerParty, node, client }[who]
      party.skewMs = byMs
      await it.clock.advance(600_000)
      await serves(it, client)
      await it.close()
    })
