import { describe, expect, test } from 'bun:test'
import { scriptedRunner, textPieces } from '../fakes/scripted-runner.ts'
import { type Msat, parseAmount } from '../../src/engine/base/money.ts'
import { parseNpub, shortNpub } from '../../src/engine/identity/keys.ts'
import type { News, Wish } from '../../src/engine/roles/client/news.ts'
import { FREE_PRICES } from '../../src/engine/roles/node/prices.ts'
import { World, type WorldOptions, wishOf } from './world.ts'

/** A router that asks for payment, with one node and one client. */
const asking = async (options: Partial<WorldOptions>) => {
  const it = new World({ seed: 5, latencyMs: 5, ...options })
  await it.startRouter()
  const script = { pieces: textPieces(['one ', 'two ']) }
  await it.addNode([scriptedRunner(script, { clock: it.clock, slots: 2 })])
  await it.clock.advance(1_000)
  const client = await it.addClient()
  await it.clock.advance(1_000)
  return { it, client }
}

const codeOf = async (
  { it, client }: Awaited<ReturnType<typeof asking>>,
  wish: Parameters<World['request']>[1] = {},
) => {
  const asked = it.request(client, wish)
  await it.clock.advance(30_000)
  const { outcome } = asked
  await it.close()
  return { code: outcome!.fault?.code ?? null, cost: outcome!.cost, asked }
}

describe('a router that requires payment', () => {
  test('before: a job that is paid first is placed', async () => {
    const { code, cost } = await codeOf(await asking({ payment: 'before', purse: 100_000n }))
    expect([code, cost > 0n]).toEqual([null, true])
  })

  test('after: a key without history has no credit, so nothing is placed, and nothing is paid', async () => {
    const set = await asking({ payment: 'after', purse: 100_000n })
    const { code, cost } = await codeOf(set)
    expect(code).not.toBeNull()
    expect(Number(cost)).toBe(0)
    expect(await set.it.bank!.balance('client 0', set.it.clock)).toBe(100_000n)
  })

  test('before: a client that wants to pay after it is told which timings there are', async () => {
    const set = await asking({ payment: 'before', purse: 100_000n })
    const { code } = await codeOf(set, { timings: ['after'] as const })
    expect(code).toBe('timing.none')
  })

  test('any: a node that takes no money gets no job that costs something', async () => {
    const { code, cost } = await codeOf(await asking({ payment: 'any' }))
    expect(code).toBe('payment.none')
    expect(Number(cost)).toBe(0)
  })

  test('none: the same job is placed', async () => {
    expect((await codeOf(await asking({ payment: 'none' }))).code).toBeNull()
  })
})

describe('what costs nothing needs no payment', () => {
  test.each(['before', 'after', 'any', 'none', 'proven'] as const)(
    'where the router asks for: %s, whatever timing its client allows',
    async (payment) => {
      for (const purse of [undefined, 100_000n])
        for (const timings of [undefined, ['before'], ['after'], ['free']] as const) {
          const money = purse === undefined ? {} : { purse }
          const set = await asking({ payment, rows: FREE_PRICES, ...money })
          const { code, cost, asked } = await codeOf(set, timings ? { timings } : {})
          expect([code, cost]).toEqual([null, 0n as Msat])
          expect(asked.outcome!.output).toMatchObject({ message: { content: 'one two ' } })
        }
    },
  )
})

describe('a router that places only what is paid after', () => {
  const faultOf = async (set: Awaited<ReturnType<typeof asking>>, wish: Partial<Wish>) => {
    const asked = set.it.request(set.client, wish)
    await set.it.clock.advance(30_000)
    return asked.outcome!.fault
  }
  const COMMAND = /\nfedai pay top-up (npub1\w+) (\w+) --yes$/

  test.each([[undefined], [['before']]] as const)(
    'says whose rule that is and names the way to a first job (--timing %p), and it works',
    async (timings) => {
      const set = await asking({ payment: 'after', purse: 100_000n })
      const { it, client } = set
      const fault = (await faultOf(set, timings ? { timings } : {}))!
      expect(fault.kind).toBe('refused')
      expect(fault.message).toContain(`the router ${shortNpub(client.router)}`)
      expect(fault.hint).not.toContain('--timing before')
      const [, node, sum] = COMMAND.exec(fault.hint!)!
      const wish = { amount: parseAmount(sum!, 'sum'), maxFee: null, dryRun: false }
      const told: News[] = []
      void (async () => {
        for await (const news of client.topUp({ node: parseNpub(node!), ...wish })) told.push(news)
      })()
      await it.clock.advance(30_000)
      expect(told.at(-1)).toMatchObject({ type: 'topped_up', paid: true, fault: null })
      expect(await faultOf(set, {})).toBeNull()
      // Now it is covered, so one word is enough.
      expect((await faultOf(set, { timings: ['before'] }))!.hint).toBe(
        'allow it with --timing after',
      )
      await it.close()
    },
  )

  test('a dry run says that it is paid by the tab alone; elsewhere it does not', async () => {
    for (const payment of ['after', 'before', 'any'] as const) {
      const { it, client } = await asking({ payment, purse: 100_000n })
      let after: boolean | undefined
      void client.offers(wishOf()).then((found) => (after = found.after))
      await it.clock.advance(1_000)
      expect([payment, after]).toEqual([payment, payment === 'after'])
      await it.close()
    }
  })

  test('with the tab off there is no way but the tab, and that is said', async () => {
    const set = await asking({ payment: 'after', purse: 100_000n })
    const { it } = set
    it.bank!.tab = 'off'
    set.client = await it.addClient()
    await it.clock.advance(1_000)
    const { hint } = (await faultOf(set, {}))!
    expect(hint).toStartWith('leave --tab off out, ')
    expect(hint).toMatch(COMMAND)
    await it.close()
  })
})
