import { type Script, scriptedChat, scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import type { Signer } from '../../src/engine/identity/seams.ts'
import type { Client } from '../../src/engine/roles/client/news.ts'
import { type Asked, World, type WorldOptions } from './world.ts'

export const words = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `word${i} `)

/** A world in which nodes are paid: a router, a node or more, a client with 1,000 sat. */
export const paying = async (
  options: Partial<WorldOptions> & {
    nodes?: number
    slots?: number
    script?: Script
    wrap?: (signer: Signer) => Signer
  } = {},
  prepare: (world: World) => void = () => {},
): Promise<{ it: World; client: Client }> => {
  const {
    nodes = 1,
    slots = 2,
    script = { pieces: textPieces(words(20)) },
    wrap,
    ...rest
  } = options
  const it = new World({ seed: 3, latencyMs: 5, purse: 1_000_000n, ...rest })
  prepare(it)
  await it.startRouter()
  const capability = { ...scriptedChat(), limits: { inputBytes: 8192, outTokens: 100_000 } }
  for (let n = 0; n < nodes; n++)
    await it.addNode(
      [scriptedRunner(script, { clock: it.clock, slots, capabilities: [capability] })],
      wrap,
    )
  await it.clock.advance(1_000)
  const client = await it.addClient()
  await it.clock.advance(1_000)
  return { it, client }
}

/** Another process of the first client's user: one ledger, one account, one key of the tab; the session is its own. */
export const another = async (it: World): Promise<Client> => {
  const [first] = it.clients
  await it.addClient()
  const party = it.clients.at(-1)!
  it.kill(party)
  Object.assign(party, { name: first!.name, store: first!.store })
  if (it.clients.length === 2) {
    const purse = it.bank!.purse.bind(it.bank!)
    it.bank!.purse = (of, life) => purse({ ...of, signer: first!.signer }, life)
  }
  await it.startClient(party)
  return party.client!
}

/** What was told of a job, without its pieces. */
export const toldOf = (asked: Asked): string[] =>
  asked.news.map((news) => news.type).filter((type) => type !== 'piece')

/** Lets time pass until a job has ended, at most so many ms. */
export const ended = async (it: World, asked: Asked, ms = 120_000): Promise<void> => {
  for (let waited = 0; waited < ms && !asked.outcome; waited += 100) await it.clock.advance(100)
}
