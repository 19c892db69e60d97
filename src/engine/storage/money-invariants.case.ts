import { expect } from 'bun:test'
import { nextDue as bookDue } from '../metering/invoice-book.ts'
import { authorized } from '../metering/tab-rows.ts'
import { tabAt } from '../metering/tab.ts'
import { nextDue as journalDue, outTo, spentToday } from '../spending/journal.ts'
import { leftOn } from '../spending/ledger.ts'
import { KEY, NODE, HELD, type World } from './money-world.case.ts'

/** What holds at every moment, whatever is lost, late, said twice or a lie. */
export const holds = (world: World): void => {
  const { tabs, lightning, served } = world
  const { view, journal } = world.payer
  const tab = tabAt(tabs, KEY)
  if (tab) {
    const { paid, used, reserved, credit } = tab
    expect(authorized(tab) >= 0n).toBe(true)
    expect(used + reserved <= paid + credit).toBe(true)
    expect(reserved).toBe([...tabs.draws.values()].reduce((n, it) => n + it.reserved, 0n) as never)
    expect(paid <= lightning.moved).toBe(true)
  }
  expect(view.paid <= lightning.moved).toBe(true)
  expect(view.used <= view.paid + world.granted || view.paid < lightning.moved).toBe(true)
  if (lightning.lies === 0) expect(leftOn(view) + outTo(journal, NODE) <= 200_000n).toBe(true)
  expect(Math.max(0, ...served.values()) <= 1).toBe(true)
  // What waited is taken for what was delivered, and for nothing else.
  for (const [hash, { hold, state }] of lightning.invoices)
    if (hold && state === 'settled') expect(world.holds.delivered.has(hash)).toBe(true)
}

/** What holds when all is said: three accounts of the same money, kept by two who crashed and a wallet that lied. */
export const agrees = (world: World): void => {
  const { lightning, node, client } = world
  const [tab] = node.store.money.tabs(NODE)
  const { views, entries } = client.store.money.spending(world.now)
  const moved = lightning.moved
  expect([tab?.paid ?? 0n, views[0]?.paid ?? 0n]).toEqual([moved, moved])
  const statements = node.store.money.statements(NODE, KEY, 0, 1_000)
  const used = statements.reduce((sum, it) => sum + it.cost, 0n)
  expect([tab?.used ?? 0n, views[0]?.used ?? 0n, tab?.reserved ?? 0n]).toEqual([used, used, 0n])
  expect(statements.map((it) => it.n)).toEqual(statements.map((_, n) => n + 1))
  expect(node.store.newest(1_000)).toHaveLength(statements.length)
  expect([views[0]?.broken ?? false, entries.filter((it) => !it.final)]).toEqual([false, []])
  // One payment for each number, unless the wallet said of one that settled that it never would.
  const settled = client.store.money.payments(1_000).filter((it) => it.state === 'settled')
  const numbers = new Set(settled.map((it) => `${it.ref} ${it.seq}`))
  expect(settled.length - numbers.size <= lightning.lies).toBe(true)
  // Within a tab, or a job, they follow each other.
  for (const ref of new Set(settled.map((it) => it.ref))) {
    const own = new Set(settled.filter((it) => it.ref === ref).map(({ seq }) => seq))
    expect(Math.max(...own)).toBe(own.size)
  }
  for (const it of statements) {
    const paid = settled.find(({ ref }) => ref === it.text)
    // By `hold` a job costs what waited for it.
    if (Number(`0x${it.text}`) > HELD) expect(paid?.msat).toBe(it.cost)
  }
}

/** When all is said the next payment goes through: no number is spent, and nothing is waited for. */
export const goesOn = async (world: World): Promise<void> => {
  const { moved } = world.lightning
  if (
    leftOn(world.payer.view) > 100_000n ||
    spentToday(world.payer.journal, world.now) > 1_500_000n
  )
    return
  world.fund(20_000n, 99)
  await drain(world)
  for (const hash of world.lightning.invoices.keys()) world.status(hash)
  await drain(world)
  expect(world.lightning.moved).toBe(moved + 20_000n)
  agrees(world)
}

/** Until nobody has anything to do at this moment. */
export const drain = async (world: World): Promise<void> => {
  const { node, client, messages } = world
  for (;;) {
    const party = [node, client].find((it) => it.writing.length + it.answers.length > 0)
    if (party?.writing.length) await party.commit()
    else if (party) party.answers.shift()?.()
    else if (messages.length > 0) world.deliver(0, 1)
    else return
  }
}

/** Everybody lives, nothing is lost and the wallets tell the truth, each in its turn, until nothing is left to do. */
export const quiesce = async (world: World): Promise<void> => {
  world.lightning.honest = true
  for (let n = 0; n < 100; n++) world.lightning.unstick(n)
  // First for a while, since a wallet that called a payment failed is asked again for a day only.
  for (const ms of [1_800_000, 1_800_000, Infinity, Infinity]) {
    await settleDown(world, world.now + ms)
    world.payer.swapWallet()
  }
  await settleDown(world, Infinity)
}

const settleDown = async (world: World, until: number): Promise<void> => {
  for (let round = 0; round < 20_000; round++) {
    await drain(world)
    while (world.running.length > 0) world.progress(7, 'settle')
    await drain(world)
    const due = [bookDue(world.book), journalDue(world.payer.journal)].filter(
      (it) => it !== undefined,
    )
    if (due.length === 0 || Math.min(...due) > until) break
    world.wait(Math.max(1, Math.min(...due) - world.now))
  }
  world.sync()
  await drain(world)
}
