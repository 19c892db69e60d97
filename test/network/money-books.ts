import { expect } from 'bun:test'
import type { Clock } from '../../src/engine/base/clock.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import type { Tab } from '../../src/engine/metering/tab-rows.ts'
import type { PubKey } from '../../src/engine/protocol/ids.ts'
import type { Bank } from './bank.ts'
import type { Party } from './life.ts'
import type { World } from './world.ts'

/** Longest that a payee asks its wallet between two looks, and a little more. */
const SETTLED_MS = 30_000

type OnDisk = Pick<Party, 'name' | 'signer' | 'store'>

/** A world, or as much of one as has books. */
export type Books = Readonly<{
  bank: Pick<Bank, 'amount' | 'balance'> | undefined
  clock: Clock & { advance(ms: number): Promise<void> }
  nodes: readonly OnDisk[]
  clients: readonly OnDisk[]
}>

/**
 * Both ledgers agree with the wallets, to the msat: what a node's wallet received is credited to tabs, what a
 * client's wallet paid is on its own views of them; what was used is what receipts say. Called when all is calm.
 * @param exact no client lost a receipt: both sides count the same use
 */
export const checkMoney = async (world: Books, exact = true): Promise<void> => {
  const bank = world.bank!
  await world.clock.advance(SETTLED_MS)
  const tabs = new Map<string, Tab>()
  for (const node of world.nodes) {
    const own = node.store.money.tabs(node.signer.pubkey)
    for (const tab of own) tabs.set(`${tab.node} ${tab.key}`, tab)
    const credited = own.reduce((sum, tab) => sum + tab.paid, 0n)
    expect(credited, `${node.name}: credited and received`).toBe(
      await bank.balance(node.name, world.clock),
    )
    checkTabs(node, own)
  }
  for (const client of world.clients) {
    const { entries, views } = client.store.money.spending(0 as never)
    const settled = entries.filter(({ state }) => state === 'settled')
    const spent = settled.reduce((sum, it) => sum + it.msat + (it.fee ?? 0n), 0n)
    const has = await bank.balance(client.name, world.clock)
    expect(has + spent, `${client.name}: has and spent`).toBe(bank.amount)
    const places = settled.map((it) => `${it.payee} ${it.ref} ${it.seq}`)
    expect(new Set(places).size, `${client.name}: paid twice`).toBe(places.length)
    for (const view of views) {
      const tab = tabs.get(`${view.payee} ${view.ref}`)
      expect(view.broken, 'a tab that is broken').toBe(false)
      expect(view.paid, 'paid, by both counts').toBe(tab?.paid ?? (0n as never))
      // What a client has not heard of it counts less of, never more.
      if (exact) expect(view.used, 'used, by both counts').toBe(tab?.used ?? (0n as never))
      else expect(view.used <= (tab?.used ?? 0n), 'used, by the client').toBe(true)
    }
    checkAnswered(client)
  }
}

/** What a node charged is what its receipts say, each once, and each statement follows from the one before. */
const checkTabs = (node: OnDisk, tabs: readonly Tab[]): void => {
  const { store, signer } = node
  expect(store.money.openDraws(signer.pubkey), 'draws of no job').toEqual([])
  const costs = new Map(receiptsOf(node).map(({ id, cost }) => [id, cost]))
  for (const tab of tabs) {
    expect(tab.reserved, 'reserved for nothing').toBe(0n as never)
    const said = store.money.statements(signer.pubkey, tab.key, 1, 10_000)
    expect(said.map(({ n }) => n)).toEqual(said.map((_, i) => i + 1))
    expect(said.length).toBe(tab.n)
    let used = 0n
    for (const it of said) {
      expect(costs.get(it.receipt), 'a charge without a receipt').toBe(it.cost)
      used += it.cost
      expect(it.used).toBe(used as never)
    }
    expect(tab.used).toBe(used as never)
    expect(tab.used <= tab.paid + tab.credit, 'overdrawn').toBe(true)
  }
}

/** A client counts the receipts that it answered, and each once. */
const checkAnswered = (client: OnDisk): void => {
  const { money } = client.store
  const { views } = money.spending(0 as never)
  for (const { payee, ref, used } of views) {
    const counted = money.charges(payee, ref, 10_000)
    const lost = money
      .statements(payee, ref, 1, 10_000)
      .filter(({ receipt }) => !money.charge(receipt))
    const sum = counted.reduce((all, it) => all + it.cost, 0n)
    if (lost.length === 0) expect(used).toBe(sum as never)
    else expect(used >= sum).toBe(true)
  }
}

const receiptsOf = ({ store, signer }: OnDisk): { id: string; cost: bigint }[] =>
  store
    .newest(100_000)
    .filter((it) => it.kind === 'receipt' && it.by === signer.pubkey)
    .map(({ id, text }) => {
      const { content } = JSON.parse(text) as { content: string }
      return { id, cost: BigInt((JSON.parse(content) as { cost: string }).cost) }
    })

/** The only tab of a node. */
export const tabOf = ({ store, signer }: OnDisk, key?: PubKey): Tab => {
  const tabs = store.money.tabs(signer.pubkey)
  return tabs.find((it) => key === undefined || it.key === key)!
}

/** Letters about money (26437) that crossed a link. */
export const letters = (world: World): number =>
  world.recorded.events.filter(({ event }) => event.kind === KINDS.money).length
