import { describe, expect, test } from 'bun:test'
import type { Msat } from '../base/money.ts'
import type { PaymentHash } from '../protocol/ids.ts'
import {
  BROKEN,
  CANCELED,
  NO_BALANCE,
  NO_ROUTE,
  OVER_FEE,
  REFUSED,
} from './payer-failures.conformance.ts'
import {
  LIMITS,
  expectSettled,
  expectSpent,
  payState,
  untilPaid,
  untilReceived,
} from './payer-steps.conformance.ts'
import type { Payer } from './payer.ts'
import {
  type Breakdown,
  type Cannot,
  type World,
  outcome,
  sats,
  until,
} from './specimen.conformance.ts'
import { FAILED_FIRST, PAYS_AFTER_A_MINUTE } from './stumbles.conformance.ts'
import type { Caps, WalletInfo } from './wallet.ts'

/** An invoice of somebody else, and what only they know. */
export type OutsideInvoice = Readonly<{
  bolt11: string
  paymentHash: PaymentHash
  /** What arrived for it so far, in msat; what is only held counts as nothing. */
  received(): Promise<bigint>
  /** Of one that is held. */
  settle?(): Promise<void>
  cancel?(): Promise<void>
}>

/** A paying wallet under test, with somebody else to pay. */
export type PayerSpecimen = World &
  Readonly<{
    payer: Payer
    expected: Omit<WalletInfo, 'caps'>
    /** All that the payer has, in msat: 10,000 sat at least. What is held for a payment is gone from it, or not yet. */
    balance(): Promise<bigint>
    invoiceFromOutside(wish: {
      msat: Msat
      expirySec: number
      hold?: boolean
    }): Promise<OutsideInvoice>
    /** An invoice of somebody whom no route leads to. */
    unreachable?(wish: { msat: Msat; expirySec: number }): Promise<OutsideInvoice>
    /** From now on the backend answers every call like this, with nothing sent. */
    break?(how: Breakdown): void
    /** From now on the backend says of each payment that it failed, also of those that settle; or the truth again. */
    lie?(failed: boolean): void
  }>

export type PayerTable = Readonly<{
  caps: Caps
  /**
   * hold: nobody there can make a held invoice. fee: routing costs nothing there, or the wallet takes no limit.
   * route: all can be reached.
   */
  cannot?: Cannot<'hold' | 'fee' | 'route' | 'balance' | 'break' | 'lie'>
  timeoutMs?: number
}>

/** What every payer must do, against its fake and against the real one. `make` gives a fresh one for each case. */
export const payerConformance = (
  name: string,
  table: PayerTable,
  make: () => Promise<PayerSpecimen>,
): void =>
  describe(`${name} pays`, () => {
    for (const [title, check] of casesOf(table))
      test(
        title,
        async () => {
          const it = await make()
          try {
            await check(it)
          } finally {
            await it.payer.close()
            await it.stop?.()
          }
        },
        table.timeoutMs,
      )
  })

export type Case = readonly [title: string, check: (it: PayerSpecimen) => Promise<void>]

const casesOf = ({ caps, cannot = {} }: PayerTable): readonly Case[] => {
  const unless = (name: keyof typeof cannot, cases: readonly Case[]): readonly Case[] =>
    cannot[name] === undefined
      ? cases
      : [
          [
            `cannot show: ${cases.map(([title]) => title).join('; ')} (${cannot[name]})`,
            async (it) => expect((await outcome(it, it.payer.info())).caps).toEqual(caps),
          ],
        ]
  return [
    [
      'says what it is, and that it can spend',
      async (it) => {
        expect(await outcome(it, it.payer.info())).toEqual({ ...it.expected, caps })
        expect(caps.spend).not.toBe(false)
      },
    ],
    PAYS(caps),
    AGAIN(caps),
    LATER(caps),
    AT_ONCE(caps),
    ...REFUSED,
    CANCELED,
    ...unless('balance', [NO_BALANCE]),
    ...unless('route', [NO_ROUTE]),
    ...unless('fee', [OVER_FEE]),
    NEVER,
    ...unless('break', [BROKEN, PAYS_AFTER_A_MINUTE]),
    ...unless('lie', [FAILED_FIRST]),
    ...unless('hold', HOLD(caps)),
  ]
}

const PAYS = (caps: Caps): Case => [
  `pays just what is asked, and ${caps.preimage} shows the preimage`,
  async (it) => {
    const before = await outcome(it, it.balance())
    const invoice = await it.invoiceFromOutside({ msat: sats(21), expirySec: 60 })
    const payment = await outcome(it, it.payer.pay(invoice.bolt11, LIMITS))
    expectSettled(payment, invoice.paymentHash, caps)
    await untilReceived(it, invoice, sats(21))
    await expectSpent(it, before, sats(21))
  },
]

const AGAIN = (caps: Caps): Case => [
  'the same invoice again moves nothing and reads settled, in pay and in payStatus',
  async (it) => {
    const before = await outcome(it, it.balance())
    const { bolt11, paymentHash, ...invoice } = await it.invoiceFromOutside({
      msat: sats(21),
      expirySec: 60,
    })
    for (let i = 0; i < 3; i++)
      expectSettled(await outcome(it, it.payer.pay(bolt11, LIMITS)), paymentHash, caps)
    expectSettled(await outcome(it, it.payer.payStatus(paymentHash, bolt11)), paymentHash, caps)
    await untilReceived(it, invoice, sats(21))
    await expectSpent(it, before, sats(21))
  },
]

const LATER = (caps: Caps): Case => [
  'an invoice that was paid and has expired since is paid still, and nothing moves again',
  async (it) => {
    const before = await outcome(it, it.balance())
    // Longer than it takes to pay it, where time is put forward while an answer comes.
    const expirySec = Math.max(4, Math.ceil(it.settleTimeMs / 1_000))
    const { bolt11, paymentHash } = await it.invoiceFromOutside({ msat: sats(21), expirySec })
    expectSettled(await outcome(it, it.payer.pay(bolt11, LIMITS)), paymentHash, caps)
    await it.pass((expirySec + 1) * 1_000)
    expectSettled(await outcome(it, it.payer.pay(bolt11, LIMITS)), paymentHash, caps)
    expectSettled(await outcome(it, it.payer.payStatus(paymentHash, bolt11)), paymentHash, caps)
    await expectSpent(it, before, sats(21))
  },
]

const AT_ONCE = (caps: Caps): Case => [
  'one invoice paid five times at once moves its money once, and no answer says failed',
  async (it) => {
    const before = await outcome(it, it.balance())
    const invoice = await it.invoiceFromOutside({ msat: sats(21), expirySec: 60 })
    const all = await outcome(
      it,
      Promise.all(Array.from({ length: 5 }, () => it.payer.pay(invoice.bolt11, LIMITS))),
    )
    for (const { state } of all) expect(state).not.toBe('failed')
    await untilPaid(it, invoice, 'settled')
    const payment = await outcome(it, it.payer.payStatus(invoice.paymentHash, invoice.bolt11))
    expectSettled(payment, invoice.paymentHash, caps)
    await untilReceived(it, invoice, sats(21))
    await expectSpent(it, before, sats(21))
  },
]

const NEVER: Case = [
  'knows of no payment that was never begun',
  async (it) => {
    const { bolt11, paymentHash } = await it.invoiceFromOutside({ msat: sats(21), expirySec: 60 })
    expect(await outcome(it, it.payer.payStatus(paymentHash, bolt11))).toBeNull()
  },
]

const HOLD = (caps: Caps): readonly Case[] => [
  [
    'a payment that is held outlives its timeout as nothing certain, and ends as its payee says',
    async (it) => {
      const before = await outcome(it, it.balance())
      const invoice = await it.invoiceFromOutside({ msat: sats(21), expirySec: 60, hold: true })
      const limits = { ...LIMITS, timeoutMs: 1_000 }
      const { state } = await outcome(
        { ...it, settleTimeMs: it.settleTimeMs + 1_000 },
        it.payer.pay(invoice.bolt11, limits),
      )
      expect(['inflight', 'unknown']).toContain(state)
      expect(['inflight', 'unknown']).toContain((await payState(it, invoice)) ?? 'none')
      expect(await outcome(it, invoice.received())).toBe(0n)
      await outcome(it, invoice.settle!())
      await untilPaid(it, invoice, 'settled')
      const payment = await outcome(it, it.payer.payStatus(invoice.paymentHash, invoice.bolt11))
      expectSettled(payment, invoice.paymentHash, caps)
      await untilReceived(it, invoice, sats(21))
      await expectSpent(it, before, sats(21))
    },
  ],
  [
    'a payment that is held and then cancelled has failed, and the money is back',
    async (it) => {
      const before = await outcome(it, it.balance())
      const invoice = await it.invoiceFromOutside({ msat: sats(21), expirySec: 60, hold: true })
      const paying = it.payer.pay(invoice.bolt11, LIMITS)
      await until(it, 'the payment is on its way', async () =>
        ['inflight', 'unknown'].includes((await payState(it, invoice)) ?? ''),
      )
      await outcome(it, invoice.cancel!())
      const { state } = await outcome(it, paying)
      expect(state).not.toBe('settled')
      await untilPaid(it, invoice, 'failed')
      await until(it, 'the money is back', async () => (await outcome(it, it.balance())) === before)
    },
  ],
]
