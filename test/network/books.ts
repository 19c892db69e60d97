import { expect } from 'bun:test'
import type { Message } from '../../src/engine/protocol/messages.ts'
import type { Kept } from '../../src/engine/storage/store.ts'
import type { NodeParty, World } from './world.ts'

/** What the parties wrote down agrees with what they said, and with what the others wrote down. */
export const checkBooks = (world: World, said: readonly Message<'receipt'>[]): void => {
  const router = rowsOf(world.routerParty.store.newest(MOST))
  for (const node of world.nodes) {
    const own = node.store.newest(MOST).toReversed()
    checkChain(node, own)
    // A receipt leaves the house when it is on disk, and not before.
    const kept = rowsOf(own)
    for (const { event, text } of said)
      if (event.pubkey === node.signer.pubkey) expect(kept.get(event.id)).toBe(text)
  }
  const everybody = rowsOf(
    [...world.nodes, ...world.clients].flatMap((it) => it.store.newest(MOST)),
  )
  // A router keeps only what its signer has kept before, or has sent.
  const sent = new Map(world.recorded.events.map((it) => [it.event.id as string, it.text]))
  for (const [id, text] of router) expect(everybody.get(id) ?? sent.get(id)).toBe(text)
}

const rowsOf = (kept: readonly Kept[]): Map<string, string> =>
  new Map(kept.map((it) => [it.id, it.text]))

/** Each receipt of a node names the one before it: one chain, whatever was lost on the way. */
const checkChain = (node: NodeParty, kept: readonly Kept[]): void => {
  let previous: string | null = null
  for (const it of kept) {
    if (it.kind !== 'receipt' || it.by !== node.signer.pubkey) continue
    const { prev } = JSON.parse(JSON.parse(it.text).content) as { prev: string | null }
    expect(prev).toBe(previous)
    previous = it.id
  }
}

const MOST = 100_000
