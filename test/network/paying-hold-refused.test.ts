// A job by `hold` that is not paid leaves nothing open at its node.
import { describe, expect, test } from 'bun:test'
import { Fault } from '../../src/engine/base/fault.ts'
import { msat } from '../../src/engine/base/money.ts'
import { HELD, PRICE, holding, paymentsOf, until } from './holding.ts'
import { checkMoney, letters } from './money-books.ts'
import { ended, toldOf } from './paying.ts'
import type { ClientParty, World } from './world.ts'

const invoices = (it: World) => {
  const [node] = it.nodes
  return node!.store.money.openInvoices(node!.signer.pubkey).map(({ state }) => state)
}

/** The same client, in a process of its own that allows something else. */
const allowing = async (it: World, caps: { budget: bigint; exposure: bigint }) => {
  const party: ClientParty = it.clients[0]!
  it.kill(party)
  it.bank!.caps = { budget: msat(caps.budget), exposure: msat(caps.exposure) }
  await it.startClient(party)
  await it.clock.advance(1_000)
  return party.client!
}
const RICH = { budget: 1_000_000n, exposure: 200_000n }

describe('refused by a cap', () => {
  test.each([
    ['--max-exposure', { ...RICH, exposure: 1n }, { ...RICH, exposure: PRICE }, '5sat'],
    ['--budget', { ...RICH, budget: 1n }, { ...RICH, budget: 15_000n }, '15sat'],
  ] as const)(
    '%s: no invoice is asked for, and the sum that is named does',
    async (flag, low, enough, sum) => {
      const { it } = await holding()
      const client = await allowing(it, low)
      for (let n = 0; n < 3; n++) {
        const asked = it.request(client, HELD)
        await ended(it, asked)
        expect(asked.outcome!.fault).toMatchObject({
          kind: 'refused',
          hint: `allow it with ${flag} ${sum}`,
        })
        expect(toldOf(asked)).not.toContain('paying')
      }
      expect([letters(it), invoices(it)]).toEqual([0, []])
      const allowed = it.request(await allowing(it, enough), HELD)
      await ended(it, allowed, 3_000)
      expect(allowed.outcome?.fault).toBeNull()
      await checkMoney(it)
      await it.close()
    },
  )
})

test('what the wallet did not take is given back: however often, the next one is served at once', async () => {
  let isAway = true
  const { it, client } = await holding({}, ({ bank }) => {
    bank!.wrapPayer = (payer) => ({
      ...payer,
      pay: async (...of) => {
        if (isAway) throw new Fault('unavailable', 'wallet.unreachable', 'away')
        return payer.pay(...of)
      },
    })
  })
  for (let n = 0; n < 4; n++) {
    const asked = it.request(client, HELD)
    await ended(it, asked, 5_000)
    expect(asked.outcome?.fault).toMatchObject({ code: 'payment.failed' })
    await it.clock.advance(1_000)
  }
  isAway = false
  expect(invoices(it)).toEqual(['canceled', 'canceled', 'canceled', 'canceled'])
  const asked = it.request(client, HELD)
  await ended(it, asked, 3_000)
  expect(asked.outcome?.fault).toBeNull()
  const states = paymentsOf(it.clients[0]!).map(({ state }) => String(state))
  expect(states).toEqual(['failed', 'failed', 'failed', 'failed', 'settled'])
  await checkMoney(it)
  await it.close()
})

test('what a user stops while it is asked for is given back, too', async () => {
  const { it, client } = await holding()
  for (let n = 0; n < 4; n++) {
    const abort = new AbortController()
    const asked = it.request(client, HELD, abort.signal)
    await until(it, () => toldOf(asked).includes('funding'))
    await it.clock.advance(11)
    abort.abort()
    await ended(it, asked)
    expect(asked.outcome!.fault!.kind).toBe('interrupted')
    await it.clock.advance(1_000)
  }
  expect(invoices(it)).not.toContain('issued')
  const asked = it.request(client, HELD)
  await ended(it, asked, 3_000)
  expect(asked.outcome?.fault).toBeNull()
  await checkMoney(it)
  await it.close()
})

test('two that a killed client left: the third is told what is out, and for how long', async () => {
  const { it } = await holding()
  const [party] = it.clients
  for (let n = 0; n < 2; n++) {
    const asked = it.request(party!.client!, HELD)
    await until(it, () => invoices(it).filter((state) => state === 'issued').length > n)
    it.kill(party!)
    await it.startClient(party!)
    await it.clock.advance(1_000)
    expect(asked.outcome).toBeUndefined()
  }
  const third = it.request(party!.client!, HELD)
  await ended(it, third)
  expect(third.outcome!.fault).toMatchObject({ kind: 'again', code: 'hold.busy' })
  expect(third.outcome!.fault!.hint).toContain('a minute')
  await it.clock.advance(60_000)
  const later = it.request(party!.client!, HELD)
  await ended(it, later, 3_000)
  expect(later.outcome?.fault).toBeNull()
  await it.close()
})
