import { toHex } from '../../../src/engine/base/bytes.ts'
import { msat } from '../../../src/engine/base/money.ts'
import type { Signer } from '../../../src/engine/identity/seams.ts'
import { KINDS } from '../../../src/engine/protocol/kinds.ts'
import { jobId } from '../../../src/engine/protocol/ids.ts'
import type { Contents } from '../../../src/engine/protocol/messages.ts'
import { PLAY_PRICES } from '../../../src/engine/roles/node/prices.ts'
import { paidRow } from '../../../src/engine/roles/node/money.ts'
import type { MoneyKind } from '../../../src/engine/protocol/money.ts'
import { type Signed, tagValue } from '../../../src/engine/protocol/event.ts'
import { type NodeOptions, addClient, addNode, addRouter, newsOf } from './cast.ts'
import { Mint, letterOf, letterWith, opened } from './money.ts'
import { contentOf, nameOf, withEvent } from './parcel.ts'
import type { NodeParty, Party } from './party.ts'
import type { Scene } from './scene.ts'
import { Stage } from './stage.ts'

/** An id, or a hash, of nothing that there is. */
export const other = 'c'.repeat(64)

export type MoneyScene = Scene & { mint: Mint }

/** One router, one node that is paid, one client that pays: all honest, until a test tampers. */
export const moneyScene = (
  options: NodeOptions & { proven?: boolean; quick?: boolean } = {},
): MoneyScene => {
  const stage = new Stage({ quick: options.quick ?? false })
  const mint = new Mint(stage)
  const router = addRouter(stage, { proven: options.proven ?? false })
  const node = addPaidNode(stage, router, mint, options)
  const client = addClient(stage, router, { mint })
  return { stage, mint, router, node, client }
}

export const addPaidNode = (
  stage: Stage,
  router: Party,
  mint: Mint,
  options: NodeOptions = {},
): NodeParty =>
  addNode(stage, router, {
    slots: 4,
    queue: 0,
    rows: PLAY_PRICES.map((row) => paidRow(row, false)),
    ...options,
    mint,
  })

/** The key of the client's tab at the node. */
export const tabKey = ({ client, node }: MoneyScene): Signer =>
  client.state.money!.tab(node.signer.pubkey)

/** The node's own count of that tab. */
export const tabAt = (it: MoneyScene) => it.node.state.till!.tabs.tabs.get(tabKey(it).pubkey)
export const viewAt = ({ client, node }: MoneyScene) => client.state.money!.view(node.signer.pubkey)

/**
 * What is said about money to `to` is changed before it arrives, by whoever has the keys of who says it. null: lost.
 */
export const inLetters = <K extends MoneyKind>(
  it: MoneyScene,
  to: 'node' | 'client' | 'router',
  name: K,
  change: (content: Contents[K], inner: Signed) => Signed | readonly Signed[] | null,
): void => {
  const party = it[to]
  const sender = to === 'client' ? it.node : it.client
  it.stage.tampers.push((parcel) => {
    if (parcel.to !== party || parcel.kind !== 'event' || nameOf(parcel) !== 'money')
      return undefined
    if (parcel.event.pubkey !== sender.signer.pubkey) return undefined
    if (tagValue(parcel.event, 'p') !== party.signer.pubkey) return undefined
    const letter = opened(party.signer, parcel.event)
    if (letter.name !== name) return undefined
    const said = change(contentOf(letter.event) as Contents[K], letter.event)
    return [said ?? []].flat().map((inner) => {
      const event = letterWith(it.stage, sender.signer, party.signer.pubkey, inner as Signed)
      return withEvent(parcel, event)
    })
  })
}

/** All letters of one name that reached a party. */
export const lettersTo = (party: Party, name: MoneyKind): Signed[] =>
  party.heard.flatMap((parcel) => {
    if (parcel.kind !== 'event' || nameOf(parcel) !== 'money') return []
    if (tagValue(parcel.event, 'p') !== party.signer.pubkey) return []
    const letter = opened(party.signer, parcel.event)
    // By number: `tab_sync` shares that of `sync`.
    return letter.event.kind === KINDS[name] ? [letter.event] : []
  })

/** What the client's wallet has paid, msat. */
export const paidIn = ({ mint }: MoneyScene): bigint =>
  mint.paid.reduce((sum, it) => sum + it.msat, 0n)

/** The node sends an invoice that nobody asked for, over what it likes. */
export const asksFor = (it: MoneyScene, purpose: 'after' | 'topup', amount: bigint): void => {
  const payer = tabKey(it).pubkey
  const settled = tabAt(it)!.seq
  const fund = { payer, ref: payer, purpose, msat: msat(amount), hold: false }
  it.stage.tell(it.node, { type: 'wallet', event: { type: 'fund', settled, ...fund } })
  it.stage.advance(5_000)
}

/** How a top-up of so many msat ended within 20 s, as it is told. */
export const topUp = (it: MoneyScene, amount: bigint) => {
  const job = jobId(toHex(it.stage.random.bytes(32)))
  const about = { node: it.node.signer.pubkey, amount: msat(amount), maxFee: null, dryRun: false }
  it.stage.tell(it.client, { type: 'top_up', job, wish: about })
  it.stage.advance(20_000)
  return newsOf(it.stage, job).find((news) => news.type === 'topped_up')
}

/** What a client asks of a node with `fund`: a top-up of a sat for a key of its own. */
export const fundOf = (it: MoneyScene, payer: Signer, change: Partial<Contents['fund']> = {}) =>
  ({
    nonce: toHex(it.stage.random.bytes(16)),
    for: 'topup',
    ref: payer.pubkey,
    msat: '1000',
    hold: null,
    ...change,
  }) as Contents['fund']

/** A stranger with a link asks for an invoice. */
export const asks = (
  it: MoneyScene,
  from: Party,
  inner: Signer,
  content = fundOf(it, inner),
): void => {
  const outer = from.signer
  const to = it.node.signer.pubkey
  it.stage.say(from, letterOf(it.stage, { inner, outer, to, name: 'fund', content }))
}
