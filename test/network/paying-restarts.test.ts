import { describe, expect, test } from 'bun:test'
import type { Payer, Payment } from '../../src/engine/payments/payer.ts'
import { textPieces } from '../fakes/scripted-runner.ts'
import { checkInvariants } from './invariants.ts'
import { checkMoney, tabOf } from './money-books.ts'
import { ended, paying, toldOf, words } from './paying.ts'
import type { Asked, World } from './world.ts'

const FUNDED = 10_000n

/** A tab with 10 sat on it that one job has used a little of. */
const funded = async (...of: Parameters<typeof paying>) => {
  const made = await paying(...of)
  const asked = made.it.request(made.client, {})
  await ended(made.it, asked)
  await made.it.clock.advance(1_000)
  expect(tabOf(made.it.nodes[0]!)).toMatchObject({ paid: FUNDED, n: 1 })
  return made
}

const serves = async (it: World, asked: Asked): Promise<void> => {
  await ended(it, asked)
  expect(asked.outcome?.fault).toBeNull()
  expect(toldOf(asked)).not.toContain('paying')
  expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: FUNDED, seq: 1, n: 2 })
  checkInvariants(it, [asked])
  await checkMoney(it)
  await it.close()
}

describe('what is on a tab stays there', () => {
  test('over a restart of the node', async () => {
    const { it, client } = await funded()
    it.kill(it.nodes[0]!)
    await it.clock.advance(1_000)
    await it.startNode(it.nodes[0]!)
    await it.clock.advance(3_000)
    await serves(it, it.request(client, {}))
  })

  test('over a restart of the client, and nothing is paid again', async () => {
    const { it } = await funded()
    it.kill(it.clients[0]!)
    await it.clock.advance(1_000)
    await it.startClient(it.clients[0]!)
    await it.clock.advance(3_000)
    await serves(it, it.request(it.clients[0]!.client!, {}))
  })

  test('over a restart of the router', async () => {
    const { it, client } = await funded()
    it.kill(it.routerParty)
    await it.clock.advance(1_000)
    await it.startRouter()
    await it.clock.advance(5_000)
    await serves(it, it.request(client, {}))
  })
})

/** A wallet that takes so long over each payment. */
const slow =
  (it: World, ms: number) =>
  (payer: Payer): Payer => {
    let until = 0
    const said = async (payment: Promise<Payment | null>): Promise<Payment | null> =>
      (await payment) && it.clock.now() < until ? { state: 'inflight' } : payment
    return {
      ...payer,
      payStatus: (...of) => said(payer.payStatus(...of)),
      pay: async (...of) => {
        until = it.clock.now() + ms
        const paid = await payer.pay(...of)
        await new Promise<void>((resolve) => void it.clock.after(ms, resolve))
        return paid
      },
    }
  }

const slowly = (ms: number, nodes = 1) =>
  paying({ nodes }, (it) => (it.bank!.wrapPayer = slow(it, ms)))

describe('while it is paid', () => {
  test.each([
    [
      'the link of the client',
      (it: World): void => it.memory.cut(it.clients[0]!.life!.linkIds()[0]!),
    ],
    ['the link of the node', (it: World): void => it.memory.cut(it.nodes[0]!.life!.linkIds()[0]!)],
    ['the router', (it: World): void => void (it.kill(it.routerParty), it.startRouter())],
  ] as const)('%s is lost: what was paid is on the tab, and used', async (_, lose) => {
    const { it, client } = await slowly(1_500)
    const asked = it.request(client, { waitMs: 20_000 })
    await it.clock.advance(500)
    expect(toldOf(asked)).toContain('paying')
    lose(it)
    await ended(it, asked)
    expect(asked.outcome?.fault).toBeNull()
    expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: FUNDED, seq: 1, n: 1 })
    checkInvariants(it, [asked])
    await checkMoney(it)
    await it.close()
  })

  test('the link of the client is away when it is paid: the job is asked for anew, and draws on it', async () => {
    const { it, client } = await slowly(1_000)
    const asked = it.request(client, { waitMs: 20_000 })
    await it.clock.advance(500)
    expect(toldOf(asked)).toContain('paying')
    const { pubkey } = it.clients[0]!.signer
    it.memory.cut(it.clients[0]!.life!.linkIds()[0]!)
    it.memory.partition(pubkey)
    await it.clock.advance(4_000)
    expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: FUNDED })
    expect(asked.outcome).toBeUndefined()
    it.memory.heal(pubkey)
    await ended(it, asked)
    expect(asked.outcome?.fault).toBeNull()
    expect(asked.news.filter(({ type }) => type === 'offers')).toHaveLength(2)
    expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: FUNDED, n: 1 })
    await checkMoney(it)
    await it.close()
  })

  test.each([
    ['the node', 0],
    ['the client', 1],
  ] as const)(
    '%s is killed: what was paid is on the tab, and used by the next',
    async (_, which) => {
      const { it } = await slowly(1_500)
      const asked = it.request(it.clients[0]!.client!, { waitMs: 20_000 })
      await it.clock.advance(500)
      expect(toldOf(asked)).toContain('paying')
      const party = which === 0 ? it.nodes[0]! : it.clients[0]!
      it.kill(party)
      await it.clock.advance(2_000)
      await it.start(party)
      await it.clock.advance(8_000)
      if (which === 0) await ended(it, asked)
      const next = it.request(it.clients[0]!.client!, {})
      await ended(it, next)
      expect(next.outcome?.fault).toBeNull()
      expect(toldOf(next)).not.toContain('paying')
      expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: FUNDED, seq: 1 })
      await checkMoney(it)
      await it.close()
    },
  )

  test('it takes longer than its ticket lives: it goes out on another', async () => {
    const { it, client } = await slowly(40_000)
    const asked = it.request(client, { deadlineMs: 100_000 })
    await ended(it, asked)
    expect(asked.outcome?.fault).toBeNull()
    expect(tabOf(it.nodes[0]!)).toMatchObject({ paid: FUNDED, seq: 1, n: 1 })
    await checkMoney(it)
    await it.close()
  })

  test('its deadline passes: nobody can say yet, and later it is on the tab', async () => {
    const { it, client } = await slowly(40_000)
    const asked = it.request(client, { deadlineMs: 10_000 })
    await ended(it, asked)
    expect(asked.outcome?.fault).toMatchObject({ kind: 'uncertain', code: 'payment.unknown' })
    await it.clock.advance(40_000)
    expect(it.bank!.purses[0]!.open()).toEqual([])
    await serves2(it, it.request(client, {}))
  })
})

const serves2 = async (it: World, asked: Asked): Promise<void> => {
  await ended(it, asked)
  expect(asked.outcome?.fault).toBeNull()
  expect(toldOf(asked)).not.toContain('paying')
  await checkMoney(it)
  await it.close()
}

describe('a cancel', () => {
  // Of a job that asks, is offered, waits for an invoice, is paid, sent, accepted, streams, and has ended.
  test.each([2, 8, 12, 18, 22, 26, 30, 40, 50, 60, 80, 120, 400, 900])(
    'after %d ms loses nothing, and costs no more than what came',
    async (ms) => {
      const script = { pieces: textPieces(words(20)), pieceMs: 20, startMs: 20 }
      const { it, client } = await paying({ script, jitterMs: 0 })
      const abort = new AbortController()
      const asked = it.request(client, {}, abort.signal)
      await it.clock.advance(ms)
      abort.abort()
      await ended(it, asked)
      await it.clock.advance(3_000)
      expect(asked.outcome).toBeDefined()
      const before = await it.bank!.balance('node 0', it.clock)
      expect([0n, FUNDED]).toContain(before)
      const next = it.request(client, {})
      await ended(it, next)
      expect(next.outcome?.fault).toBeNull()
      // What was paid for the first is there for the second.
      expect(await it.bank!.balance('node 0', it.clock)).toBe(FUNDED)
      checkInvariants(it, [asked, next])
      await checkMoney(it)
      await it.close()
    },
  )
})

describe('a move to a second node', () => {
  const moved = async (prepaid: boolean) => {
    const { it, client } = await paying({ nodes: 2, slots: 1, queue: 0 })
    if (prepaid)
      for (let n = 0; n < 2; n++) {
        // Both at once: one at each node.
        const both = [it.request(client, {}), it.request(client, {})]
        for (const asked of both) await ended(it, asked)
      }
    await it.clock.advance(2_000)
    const asked = it.request(client, { waitMs: 10_000 })
    // The node that is offered first takes nothing any more, and says nothing.
    for (let ms = 0; ms < 40 && !asked.news.some(({ type }) => type === 'offers'); ms++)
      await it.clock.advance(1)
    const first = asked.news.find((it_) => it_.type === 'offers')
    if (first?.type !== 'offers') throw new Error('no offers')
    const dead = it.nodes.find(({ signer }) => signer.pubkey === first.lines[0]!.node)!
    it.kill(dead, 'vanished')
    await ended(it, asked)
    return { it, asked, dead }
  }

  test('that was paid before', async () => {
    const { it, asked } = await moved(true)
    expect(asked.outcome?.fault).toBeNull()
    expect(toldOf(asked)).not.toContain('paying')
    await checkMoney(it, false)
    await it.close()
  })

  test('that is paid for it', async () => {
    const { it, asked, dead } = await moved(false)
    expect(asked.outcome?.fault).toBeNull()
    const other = it.nodes.find((node) => node !== dead)!
    expect(tabOf(other)).toMatchObject({ paid: FUNDED, n: 1 })
    await checkMoney(it, false)
    await it.close()
  })
})
