// Where a job is not paid by `hold`, and what whoever pays or is paid so can keep locked at most.
import { describe, expect, test } from 'bun:test'
import { KINDS } from '../../src/engine/protocol/kinds.ts'
import { HELD, PRICE, hearing, holding, paymentsOf, until } from './holding.ts'
import { checkMoney } from './money-books.ts'
import { ended } from './paying.ts'
import type { World } from './world.ts'

const FULL = 1_000_000n
const has = (it: World, name: string) => it.bank!.balance(name, it.clock)

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
