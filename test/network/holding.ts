import { type Script, scriptedChat, scriptedRunner } from '../fakes/scripted-runner.ts'
import { PLAY_PRICES } from '../../src/engine/roles/node/prices.ts'
import type { Client, Wish } from '../../src/engine/roles/client/news.ts'
import type { Capability, Piece } from '../../src/engine/runners/runner.ts'
import { sha256, toHex } from '../../src/engine/base/bytes.ts'
import type { InvoiceStatus, Wallet } from '../../src/engine/payments/wallet.ts'
import { type Preimage, preimage } from '../../src/engine/protocol/ids.ts'
import type { Entry } from '../../src/engine/spending/journal-rows.ts'
import { type ClientParty, World, type WorldOptions } from './world.ts'

/** What a job by `hold` costs here, msat: 5 bytes at 1,000 each. */
export const PRICE = 5_000n
const ROWS: typeof PLAY_PRICES = PLAY_PRICES.map((row) =>
  row.task === 'text.summarize' ? { ...row, rates: { byte: '1000000000' } } : row,
)

export const HELD: Partial<Wish> = {
  task: 'text.summarize@1',
  input: { input: 'hello' },
  outTokens: 0,
  timings: ['hold'],
}

/** Two pieces of a summary. */
export const summary = (text = 'hello'): Piece[] => [
  { delta: { text: text.slice(0, 2) }, usage: { byte: 2 } },
  { delta: { text: text.slice(2), spans: [{ start: 0, end: 5 }] }, usage: { byte: 5 } },
]

const summarizer = (): Capability => ({
  ...scriptedChat('scripted-summary'),
  task: 'text.summarize@1',
})

/** A world with a router, nodes that summarize, and a client with 1,000 sat. */
export const holding = async (
  options: Partial<WorldOptions> & { nodes?: number; script?: Script; etaMs?: number } = {},
  prepare: (world: World) => void = () => {},
): Promise<{ it: World; client: Client }> => {
  const { nodes = 1, script = { pieces: summary(), pieceMs: 100 }, etaMs = 0, ...rest } = options
  const it = new World({ seed: 3, latencyMs: 5, purse: 1_000_000n, rows: ROWS, ...rest })
  prepare(it)
  await it.startRouter()
  const capabilities = [{ ...summarizer(), etaMs }, scriptedChat()]
  for (let n = 0; n < nodes; n++)
    await it.addNode([scriptedRunner(script, { clock: it.clock, slots: 4, capabilities })])
  await it.clock.advance(1_000)
  const client = await it.addClient()
  await it.clock.advance(1_000)
  return { it, client }
}

/** Remembers all that was drawn in a world: among it are the preimages of its nodes. */
export const preimagesOf = (it: World): Map<string, Preimage> => {
  const known = new Map<string, Preimage>()
  const bytes = it.random.bytes.bind(it.random)
  it.random.bytes = (n) => {
    const drawn = bytes(n)
    if (n === 32) known.set(toHex(sha256(drawn)), preimage(toHex(drawn)))
    return drawn
  }
  return known
}

/** What a node's wallet tells it, looked at first; `null`: it is not told. */
export const hearing = (
  wallet: Wallet,
  heard: (status: InvoiceStatus) => InvoiceStatus | null,
): Wallet => ({
  ...wallet,
  lookup: async (hash) => {
    const status = await wallet.lookup(hash)
    return heard(status) ?? { paymentHash: hash, state: 'open', received: null }
  },
  subscribe: (changed) =>
    wallet.subscribe((status) => {
      const said = heard(status)
      if (said) changed(said)
    }),
})

/** The payments of a client, oldest first, as its own ledger has them. */
export const paymentsOf = (party: ClientParty): Entry[] =>
  party.store.money.payments(100).toReversed()

/** Lets time pass until something holds, at most so many ms. */
export const until = async (it: World, holds: () => boolean, ms = 60_000): Promise<void> => {
  for (let waited = 0; waited < ms && !holds(); waited += 5) await it.clock.advance(5)
}
