import { describe, expect, test } from 'bun:test'
import type { Payer, Payment } from '../../src/engine/payments/payer.ts'
import type { Wallet } from '../../src/engine/payments/wallet.ts'
import { preimage } from '../../src/engine/protocol/ids.ts'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import {
  HELD,
  PRICE,
  hearing,
  holding,
  paymentsOf,
  preimagesOf,
  summary,
  until,
} from './holding.ts'
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

describe('it is not paid so', () => {
  const refused = async (code: string, world: Parameters<typeof holding>): Promise<void> => {
    const { it, client } = await holding(...world)
    const asked = it.request(client, HELD)
    await ended(it, asked)
    expect(asked.outcome!.fault!.code).toBe(code)
    expect(paymentsOf(it.clients[0]!)).toEqual([])
    await it.close()
  }

  test('where the node has a wallet that holds nothing', () =>
    refused('timing.none', [
      {},
      (world) => {
        world.bank!.wrapWallet = (wallet) => ({
          ...wallet,
          info: async () => {
            const info = await wallet.info()
            return { ...info, caps: { ...info.caps, hold: false } }
          },
        })
      },
    ]))

  test('where our wallet does not always show what opens the result', () =>
    refused('hold.wallet', [
      {},
      (world) => {
        world.bank!.wrapPayer = (payer) => ({
          ...payer,
          info: async () => {
            const info = await payer.info()
            return { ...info, caps: { ...info.caps, preimage: 'sometimes' } }
          },
        })
      },
    ]))

  test('where the node needs over 30 s', () => refused('hold.slow', [{ etaMs: 31_000 }]))

  test('over a cap: exit 77, and nothing was locked', () =>
    refused('exposure.exceeded', [
      {},
      (world) => (world.bank!.caps = { ...world.bank!.caps, exposure: 4_000n as never }),
    ]))

  test('for a chat, which a person reads while it comes', async () => {
    const { it, client } = await holding()
    const asked = it.request(client, { timings: ['hold'] })
    await ended(it, asked)
    expect(asked.outcome!.fault!.code).toBe('timing.none')
    await it.close()
  })
})

describe('griefing is bounded', () => {
  test('a node that keeps money locked gets no third payment', async () => {
    const { it, client } = await holding({}, (world) => {
      world.bank!.wrapWallet = (wallet) => ({
        ...wallet,
        hold: { settle: () => new Promise(() => {}), cancel: () => new Promise(() => {}) },
      })
    })
    for (const code of ['payment.unknown', 'payment.unknown', 'hold.busy']) {
      const asked = it.request(client, HELD)
      await ended(it, asked, 200_000)
      expect(asked.outcome!.fault!.code).toBe(code)
    }
    expect(await has(it, 'client 0')).toBe(FULL - 2n * PRICE)
    await it.close()
  }, 60_000)

  test('a client that pays and sends nothing keeps no more than two payments and one slot waiting, for 45 s', async () => {
    // It goes in the moment in which its second payment waits at the node's wallet, before it can send a job.
    const waiting = new Set<string>()
    const { it, client } = await holding({}, (world) => {
      world.bank!.wrapWallet = (wallet) =>
        hearing(wallet, (status) => {
          if (status.state === 'accepted') waiting.add(status.paymentHash)
          if (waiting.size === 2) world.kill(world.clients[0]!, 'vanished')
          return status
        })
    })
    const [thief] = it.clients
    const [node] = it.nodes
    const states = () =>
      node!.store.money.openInvoices(node!.signer.pubkey).map(({ state }) => state)
    const seen = async (): Promise<unknown> => [await has(it, 'client 0'), states()]
    const LOCKED = [FULL - 2n * PRICE, ['accepted', 'accepted']]
    for (let n = 0; n < 4; n++) it.request(client, HELD)
    await until(it, () => !thief!.client)
    await it.clock.advance(100)
    expect(await seen()).toEqual(LOCKED)
    expect(ticketsHeld(it)).toBe(1)

    // It comes back with nothing on its disk that says what it did: its key gets no third invoice.
    const again = it.request(await it.addClient(thief!.signer), HELD)
    const stranger = it.request(await it.addClient(), HELD)
    await it.clock.advance(40_000)
    expect(again.outcome!.fault).not.toBeNull()
    expect(paymentsOf(again.client)).toEqual([])
    // Whoever pays and sends his job is served meanwhile.
    expect(stranger.outcome).toMatchObject({ fault: null, cost: PRICE })
    expect(await seen()).toEqual(LOCKED)

    await it.clock.advance(6_000)
    expect(await seen()).toEqual([FULL, ['canceled', 'canceled']])
    expect(node!.node!.figures().jobs).toBe(0)
    const after = it.request(it.clients[1]!.client!, HELD)
    await ended(it, after)
    expect(after.outcome).toMatchObject({ fault: null, cost: PRICE })
    await it.close()
  })
})

/** Tickets that a node said it keeps while they are paid for. */
const ticketsHeld = ({ recorded }: World): number => {
  const said = recorded.events
    .filter(({ event }) => event.kind === KINDS.progress)
    .map(({ event }) => JSON.parse(event.content) as { status: string; ticket: string })
  return new Set(said.filter((it) => it.status === 'held').map((it) => it.ticket)).size
}

describe('the end of an invoice', () => {
  const slow =
    (ms: number) =>
    (world: World): void => {
      world.bank!.wrapPayer = (payer) => ({
        ...payer,
        pay: async (...of) => {
          await new Promise<void>((resolve) => void world.clock.after(ms, resolve))
          return payer.pay(...of)
        },
      })
    }

  test('paid in its last seconds: the job is done all the same', async () => {
    const { it, client } = await holding({}, slow(25_000))
    const asked = it.request(client, HELD)
    await ended(it, asked)
    expect(asked.outcome!.fault?.code ?? 'ok').toBe('ok')
    await checkMoney(it)
    await it.close()
  })

  test('paid too late: the wallet says so, nothing is paid, and the job ends', async () => {
    const { it, client } = await holding({}, slow(61_000))
    const asked = it.request(client, { ...HELD, deadlineMs: 200_000 })
    await ended(it, asked, 200_000)
    expect(['uncertain', 'again']).toContain(asked.outcome!.fault!.kind)
    await it.clock.advance(100_000)
    await checkMoney(it)
    expect(await has(it, 'client 0')).toBe(FULL)
    await it.close()
  })
})
