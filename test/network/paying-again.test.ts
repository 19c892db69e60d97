import { describe, expect, test } from 'bun:test'
import { Fault } from '../../src/engine/base/fault.ts'
import type { Payer, Payment } from '../../src/engine/payments/payer.ts'
import { paymentsOf } from './holding.ts'
import { checkMoney } from './money-books.ts'
import { ended, paying } from './paying.ts'

// A wallet that could not pay for a moment: the next job is paid as soon as it can, by the invoice that lives.

/** A wallet that pays nothing as often as it is told. `once`: it says that it moves the money of a hash once. */
const stumbling = (fails: () => Promise<Payment>, once: boolean) => {
  const left = { fails: 1, sent: 0 }
  const wrap = (payer: Payer): Payer => {
    const { onceByHash, ...rest } = payer
    return {
      ...rest,
      ...(once && onceByHash && { onceByHash }),
      pay: (bolt11, limits) => {
        left.sent++
        return left.fails-- > 0 ? fails() : payer.pay(bolt11, limits)
      },
    }
  }
  return { left, wrap }
}

const EMPTY = async (): Promise<Payment> => ({ state: 'failed', reason: 'no_balance' })
const AWAY = async (): Promise<Payment> => {
  throw new Fault('unavailable', 'wallet.unreachable', 'the wallet does not answer')
}

describe('the next job is paid at once, by the same invoice', () => {
  test.each([
    ['an empty account', EMPTY, true],
    ['a wallet that was away', AWAY, true],
    ['a wallet that was away, and may pay a hash twice', AWAY, false],
  ] as const)('after %s', async (_, fails, once) => {
    const { left, wrap } = stumbling(fails, once)
    const { it, client } = await paying({}, ({ bank }) => (bank!.wrapPayer = wrap))
    const first = it.request(client, {})
    await ended(it, first)
    expect(first.outcome!.fault).toMatchObject({ kind: 'again', code: 'payment.failed' })
    expect(first.outcome!.fault!.hint).toEndWith('then try again')
    await it.clock.advance(1_000)
    const next = it.request(client, {})
    await ended(it, next, 5_000)
    expect(next.outcome!.fault).toBeNull()
    expect(left.sent).toBe(2)
    expect(paymentsOf(it.clients[0]!)).toMatchObject([{ state: 'settled', late: false, seq: 1 }])
    await checkMoney(it)
    await it.close()
  })
})

test('a wallet that may pay a hash twice is not asked to: it is said until when, and that holds', async () => {
  const { left, wrap } = stumbling(EMPTY, false)
  const { it, client } = await paying({}, ({ bank }) => (bank!.wrapPayer = wrap))
  const ask = async () => {
    const asked = it.request(client, {})
    await ended(it, asked, 30_000)
    return asked.outcome!.fault
  }
  const hint = (await ask())!.hint!
  const [, said] = /then try again after (\d\d:\d\d:\d\d) UTC, with another invoice$/.exec(hint)!
  await it.clock.advance(1_000)
  expect((await ask())!.hint).toBe(hint)
  expect(left.sent).toBe(1)
  const day = new Date(it.clock.now()).toISOString().slice(0, 11)
  await it.clock.advance(Date.parse(`${day}${said}Z`) - it.clock.now() + 1_000)
  expect(await ask()).toBeNull()
  expect(left.sent).toBe(2)
  await checkMoney(it)
  await it.close()
})
