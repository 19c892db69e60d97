// A client that cannot keep a locked result: no room, or a disk that does not write. Nothing is paid that is not had.
import { expect, test } from 'bun:test'
import type { Wallet } from '../../src/engine/payments/wallet.ts'
import type { JobId, Preimage } from '../../src/engine/protocol/ids.ts'
import type { Entry } from '../../src/engine/spending/journal-rows.ts'
import { MOST_LOCKED } from '../../src/engine/spending/locked.ts'
import { entryOf, hex } from '../../src/engine/storage/money.case.ts'
import type { MoneyChange } from '../../src/engine/storage/money-store.ts'
import { HELD, PRICE, holding, paymentsOf, preimagesOf, until } from './holding.ts'
import { ended } from './paying.ts'
import type { Asked, World } from './world.ts'

const FULL = 1_000_000n
const told = (asked: Asked, type: string) => asked.news.some((news) => news.type === type)

/** As many locked results of other jobs as may be. */
const fill = async (it: World, state: Entry['state']): Promise<void> => {
  const { money } = it.clients[0]!.store
  for (let n = 1; n <= MOST_LOCKED; n++) {
    const paid: Entry = { ...entryOf(n), state, final: false }
    const about = {
      hash: paid.hash,
      job: hex<JobId>(9_000 + n),
      node: hex<Entry['payee'] & string>(3),
    }
    const row = { ...about, task: 'text.summarize@1', frames: new Uint8Array(), at: it.clock.now() }
    await money.write([
      { do: 'put', table: 'payments', row: paid },
      { do: 'put', table: 'locked', row },
    ])
  }
}

/** A node that can be made to take what waits at its wallet, whatever its job came to. */
const thief = async (gives: boolean) => {
  let known = new Map<string, Preimage>()
  let wallet: Wallet | undefined
  const { it, client } = await holding({}, (world) => {
    known = preimagesOf(world)
    world.bank!.wrapWallet = (its, name) => {
      if (name !== 'node 0') return its
      wallet = its
      const cancel = gives ? its.hold!.cancel : () => new Promise<void>(() => {})
      return { ...its, hold: { ...its.hold!, cancel } }
    }
  })
  const take = async () => {
    const paid = paymentsOf(it.clients[0]!).find(({ hash }) => known.has(hash))!
    await wallet!.hold!.settle(known.get(paid.hash)!)
    await it.clock.advance(5_000)
    expect(it.clients[0]!.store.money.payment(paid.hash)!.state).toBe('settled')
  }
  const isPinned = () => it.bank!.purses[0]!.view(it.nodes[0]!.signer.pubkey).broken
  return { it, client, take, isPinned }
}

test('results whose nodes gave the money back keep nobody from another job', async () => {
  const { it, client } = await holding()
  await fill(it, 'failed')
  const asked = it.request(client, HELD)
  await ended(it, asked)
  expect(asked.outcome).toMatchObject({ fault: null, cost: PRICE, output: { text: 'hello' } })
  expect(it.clients[0]!.store.money.locked()).toHaveLength(MOST_LOCKED)
  await it.close()
})

test('where no room is left that is said before anything is paid', async () => {
  const { it, client } = await holding()
  await fill(it, 'inflight')
  const asked = it.request(client, HELD)
  await ended(it, asked)
  expect(asked.outcome!.fault).toMatchObject({ kind: 'again', code: 'hold.full' })
  expect(told(asked, 'paying')).toBe(false)
  expect(await it.bank!.balance('client 0', it.clock)).toBe(FULL)
  await it.close()
})

test('where it is gone meanwhile the node never hears that we have the result, and the money comes back', async () => {
  const { it, client, isPinned } = await thief(true)
  const asked = it.request(client, HELD)
  await until(it, () => told(asked, 'held'))
  await fill(it, 'inflight')
  await ended(it, asked)
  expect(asked.outcome!.fault).toMatchObject({ kind: 'again', code: 'hold.full' })
  expect(asked.outcome).toMatchObject({ cost: 0n, output: null })
  // The cancel was heard: nobody waits 90 s for what will not come.
  expect(it.nodes[0]!.deeds).not.toContain('settle')
  await it.clock.advance(5_000)
  expect(await it.bank!.balance('client 0', it.clock)).toBe(FULL)
  expect(isPinned()).toBe(false)
  await it.close()
})

test.each(['before the job is over', 'after it'])(
  'a node that takes the money then all the same, %s, gets nothing more',
  async (when) => {
    const { it, client, take, isPinned } = await thief(false)
    const asked = it.request(client, HELD)
    await until(it, () => told(asked, 'held'))
    await fill(it, 'inflight')
    const over = () => asked.outcome !== undefined
    if (when === 'after it') await ended(it, asked)
    else await until(it, () => told(asked, 'started'), 5_000)
    expect(over()).toBe(when === 'after it')
    await take()
    expect(isPinned()).toBe(true)
    if (!over()) await ended(it, asked)
    await it.close()
  },
)

test('a node that takes it while our disk still writes is found out, and the result that came is had', async () => {
  const { it, client, take, isPinned } = await thief(false)
  const { money } = it.clients[0]!.store
  const write = money.write.bind(money)
  let hangs = false
  const isLocked = (changes: readonly MoneyChange[]) =>
    changes.some(({ table, do: what }) => table === 'locked' && what === 'put')
  Object.assign(money, {
    write: (changes: readonly MoneyChange[]) => {
      if (!isLocked(changes)) return write(changes)
      hangs = true
      return new Promise<void>(() => {})
    },
  })
  const asked = it.request(client, HELD)
  await until(it, () => hangs)
  await take()
  expect(isPinned()).toBe(true)
  await ended(it, asked, 300_000)
  expect(asked.outcome!.fault).toMatchObject({ kind: 'verification', code: 'hold.taken' })
  expect(asked.outcome!.output).toMatchObject({ text: 'hello' })
  await it.close()
})
