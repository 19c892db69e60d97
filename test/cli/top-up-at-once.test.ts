// Several `fedai pay top-up` at one moment: they share a tab, and its next invoice.
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { topUpShape } from '../../src/commands/pay/shape.ts'
import { jsonOf } from './pay.ts'
import { type WithUp, withUp } from './with-up.ts'

let it: WithUp
beforeAll(async () => void (it = await withUp()), 120_000)
afterAll(() => it.end())

test('each ends with 0: those that paid, and those whose payment another one made', async () => {
  const { here } = it
  const offers = await jsonOf(here.run(['request', '--dry-run', '--json', 'hello']))
  const [{ node }] = offers.said.offers
  const args = [
    'pay',
    'top-up',
    node,
    '100sat',
    '--yes',
    '--max-exposure',
    '2000sat',
    '--budget',
    '9000sat',
    '--json',
  ]
  const ran = await Promise.all(Array.from({ length: 8 }, () => jsonOf(here.run(args))))
  expect(ran.map(({ code, error }) => ({ code, error }))).toEqual(
    ran.map(() => ({ code: 0, error: null })),
  )
  const ends = ran.map(({ said }) => topUpShape.parse(said))
  for (const { status, amount_msat, fee_msat } of ends) {
    expect(['paid', 'paid_before']).toContain(status)
    expect({ amount_msat, fee_msat }).toEqual({ amount_msat: '100000', fee_msat: '0' })
  }
  // Who says that it paid has paid, and nobody else.
  const paid = ends.filter(({ status }) => status === 'paid').length
  const { payments } = (await jsonOf(here.run(['pay', 'history', '--json']))).said
  expect(payments.map(({ state }: { state: string }) => state)).toEqual(
    Array.from({ length: paid }, () => 'settled'),
  )
  const { tabs } = (await jsonOf(here.run(['pay', 'tabs', '--json']))).said
  expect(tabs).toMatchObject([{ paid_msat: `${paid}00000`, seq: paid }])
}, 60_000)
