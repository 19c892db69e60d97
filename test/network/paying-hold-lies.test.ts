import { describe, expect, test } from 'bun:test'
import type { Payer, Payment } from '../../src/engine/payments/payer.ts'
import type { Wallet } from '../../src/engine/payments/wallet.ts'
import { preimage } from '../../src/engine/protocol/ids.ts'
import { HELD, PRICE, hearing, holding, paymentsOf, preimagesOf, summary } from './holding.ts'
import { checkMoney } from './money-books.ts'
import { ended } from './paying.ts'
import type { Asked, World } from './world.ts'

const FULL = 1_000_000n
const HOUR = 3_600_000
const has = (it: World, name: string) => it.bank!.balance(name, it.clock)
const told = (asked: Asked, type: string) => asked.news.some((news) => news.type === type)
const isPinned = (it: World): boolean => it.bank!.purses[0]!.view(it.nodes[0]!.signer.pubkey).broken

/** A client's wallet that says this of every payment that settled. */
const showing =
  (as: (payment: Extract<Payment, { state: 'settled' }>) => Payment) =>
  (payer: Payer): Payer => {
    const shown = (it: Payment): Payment => (it.state === 'settled' ? as(it) : it)
    return {
      ...payer,
      pay: async (...of) => shown(await payer.pay(...of)),
      payStatus: async (...of) => {
        const it = await payer.payStatus(...of)
        return it && shown(it)
      },
    }
  }

/** A node's wallet that settles what is held by itself, as soon as it is there, and does not say so. */
const greedy = (world: World) => {
  const known = preimagesOf(world)
  world.bank!.wrapWallet = (wallet) =>
    hearing(wallet, (status) => {
      if (status.state === 'accepted') void wallet.hold!.settle(known.get(status.paymentHash)!)
      return status.state === 'settled' ? { ...status, state: 'accepted' } : status
    })
}

describe('a node that lies', () => {
  test('takes the money before it delivers: it is found out, and gets nothing more', async () => {
    const { it, client } = await holding({ script: { pieces: summary(), pieceMs: 5_000 } }, greedy)
    const asked = it.request(client, HELD)
    await ended(it, asked)
    expect(asked.outcome!.fault).toMatchObject({ kind: 'verification', code: 'hold.taken' })
    expect(await has(it, 'client 0')).toBe(FULL - PRICE)
    await it.clock.advance(1_000)
    expect(isPinned(it)).toBe(true)
    const again = it.request(client, { ...HELD, timings: ['before', 'hold'] })
    await ended(it, again)
    expect(again.outcome!.fault!.code).toBe('tab.broken')
    expect(paymentsOf(it.clients[0]!)).toHaveLength(1)
    await it.close()
  })

  test('the same where the tab is off: the next session knows it', async () => {
    const { it, client } = await holding(
      { script: { pieces: summary(), pieceMs: 5_000 } },
      (world) => {
        world.bank!.tab = 'off'
        greedy(world)
      },
    )
    await ended(it, it.request(client, HELD))
    await it.clock.advance(1_000)
    const party = it.clients[0]!
    it.kill(party)
    await it.startClient(party)
    await it.clock.advance(1_000)
    const again = it.request(party.client!, HELD)
    await ended(it, again)
    expect(again.outcome!.fault!.code).toBe('tab.broken')
    await it.close()
  })

  test('delivers nonsense under the lock: disputed, and pinned', async () => {
    const pieces = [{ delta: { text: 'he', spans: 'nowhere' }, usage: { byte: 5 } }]
    const { it, client } = await holding({ script: { pieces } })
    const asked = it.request(client, HELD)
    await ended(it, asked)
    expect(asked.outcome!.fault!.kind).toBe('verification')
    expect(asked.outcome!).toMatchObject({ verified: false, output: null })
    const said = JSON.parse(asked.outcome!.bundle.acknowledgement!.content) as object
    expect(said).toMatchObject({ verdict: 'dispute', reason: 'undelivered' })
    await it.clock.advance(1_000)
    expect(isPinned(it)).toBe(true)
    await it.close()
  })

  test('delivers, and never settles: nobody calls that paid, and the time-out gives the money back', async () => {
    const stuck = (wallet: Wallet): Wallet => ({
      ...wallet,
      hold: { settle: () => new Promise(() => {}), cancel: () => new Promise(() => {}) },
    })
    const { it, client } = await holding({}, (world) => (world.bank!.wrapWallet = stuck))
    const asked = it.request(client, HELD)
    await ended(it, asked, 200_000)
    expect(asked.outcome!.fault).toMatchObject({ kind: 'uncertain', code: 'payment.unknown' })
    expect(told(asked, 'piece')).toBe(false)
    expect(asked.outcome!.cost).toBe(0n as never)
    // The node gives up, too: no receipt ever says `ok`.
    await it.clock.advance(400_000)
    const receipts = it.nodes[0]!.store.newest(10).filter(({ kind }) => kind === 'receipt')
    expect(receipts.map(({ text }) => JSON.parse(JSON.parse(text).content))).toMatchObject([
      { status: 'node_failed', reason: 'unsettled', cost: '0' },
    ])
    // With nobody left to ask anything, time alone gives the money back.
    const client0 = it.clients[0]!
    for (const party of [client0, it.nodes[0]!, it.routerParty]) it.kill(party)
    await it.clock.advance(13 * HOUR)
    await it.startClient(client0)
    await it.clock.advance(60_000)
    expect(paymentsOf(client0)).toMatchObject([{ state: 'failed' }])
    expect(await has(it, 'client 0')).toBe(FULL)
    await it.close()
  }, 60_000)
})

describe('the key to a result', () => {
  test('comes from the node where the wallet shows none, though it said that it always does', async () => {
    const { it, client } = await holding({}, (world) => {
      world.bank!.wrapPayer = showing((settled) => ({ ...settled, preimage: null }))
    })
    const asked = it.request(client, HELD)
    await ended(it, asked)
    expect(asked.outcome).toMatchObject({ fault: null, cost: PRICE, output: { text: 'hello' } })
    await checkMoney(it)
    await it.close()
  })

  test('comes from the node where the wallet shows another', async () => {
    const { it, client } = await holding({}, (world) => {
      world.bank!.wrapPayer = showing((as) => ({ ...as, preimage: preimage('ab'.repeat(32)) }))
    })
    const asked = it.request(client, HELD)
    await ended(it, asked)
    expect(asked.outcome).toMatchObject({ fault: null, output: { text: 'hello' } })
    await it.close()
  })

  test('is given again to a client whose link broke when it was told', async () => {
    let world: World
    const { it, client } = await holding({}, (made) => {
      world = made
      made.bank!.wrapPayer = showing((settled) => ({ ...settled, preimage: null }))
      made.bank!.wrapWallet = (wallet) =>
        hearing(wallet, (status) => {
          if (status.state === 'settled')
            for (const link of world.clients[0]!.life?.linkIds() ?? []) world.memory.cut(link)
          return status
        })
    })
    const asked = it.request(client, HELD)
    await ended(it, asked)
    expect(told(asked, 'link')).toBe(true)
    expect(asked.outcome).toMatchObject({ fault: null, cost: PRICE, output: { text: 'hello' } })
    await checkMoney(it)
    await it.close()
  })
})
