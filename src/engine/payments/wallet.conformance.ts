import { describe, expect, test } from 'bun:test'
import { msat } from '../base/money.ts'
import { decodeBolt11 } from '../protocol/bolt11/decode.ts'
import { fitsNet } from '../protocol/bolt11/invoice.ts'
import { termsHash, termsMemo } from '../protocol/terms.ts'
import {
  type Breakdown,
  type Cannot,
  type World,
  faultOf,
  newPreimage,
  newTerms,
  outcome,
  sats,
  until,
} from './specimen.conformance.ts'
import { RECEIVES_AFTER_A_MINUTE, TWICE } from './stumbles.conformance.ts'
import { HOLD, NO_HOLD, create, stateOf, untilState } from './wallet-hold.conformance.ts'
import type { Caps, InvoiceStatus, Issued, Wallet, WalletInfo } from './wallet.ts'

/** A wallet under test, with somebody else who can pay it. */
export type WalletSpecimen = World &
  Readonly<{
    wallet: Wallet
    expected: Omit<WalletInfo, 'caps'>
    /** Somebody else pays an invoice of the wallet; ends with the payment. Their purse holds 10,000 sat at least. */
    payFromOutside(bolt11: string): Promise<'settled' | 'failed'>
    /** How many invoices the backend has made so far, where it can be asked. */
    made?(): number | Promise<number>
    /** From now on the backend answers every call like this. */
    break?(how: Breakdown): void
    /** From now on each notification comes twice. */
    twice?(): void
  }>

export type WalletTable = Readonly<{
  caps: Caps
  cannot?: Cannot<'expiry' | 'made' | 'break' | 'twice'>
  /** Seconds that an invoice lives which the cases let expire. */
  shortSec?: number
  /** Longest that one case may take, in ms. */
  timeoutMs?: number
}>

/** What every wallet must do, against its fake and against the real one. `make` gives a fresh one for each case. */
export const walletConformance = (
  name: string,
  table: WalletTable,
  make: () => Promise<WalletSpecimen>,
): void =>
  describe(`${name} is a wallet`, () => {
    for (const [title, check] of casesOf(table))
      test(
        title,
        async () => {
          const it = await make()
          try {
            await check(it)
          } finally {
            await it.wallet.close()
            await it.stop?.()
          }
        },
        table.timeoutMs,
      )
  })

export type Case = readonly [title: string, check: (it: WalletSpecimen) => Promise<void>]

const casesOf = ({ caps, cannot = {}, shortSec = 2 }: WalletTable): readonly Case[] => {
  /** In place of cases that cannot be: what is missing stands in the name, the caps are looked at. */
  const only = (title: string): Case => [
    title,
    async (it) => expect((await outcome(it, it.wallet.info())).caps).toEqual(caps),
  ]
  const unless = (name: keyof typeof cannot, cases: readonly Case[]): readonly Case[] =>
    cannot[name] === undefined
      ? cases
      : [only(`cannot show: ${cases.map(([title]) => title).join('; ')} (${cannot[name]})`)]
  return [
    [
      'says what it is and what it can do',
      async (it) => {
        expect(await outcome(it, it.wallet.info())).toEqual({ ...it.expected, caps })
        expect(caps.granularity === 1n || caps.granularity === 1_000n).toBe(true)
      },
    ],
    INVOICE(caps, cannot.expiry === undefined),
    PAID,
    TOLD,
    UNKNOWN,
    ...unless('expiry', [EXPIRED(shortSec)]),
    ...unless('made', [REFUSED(caps)]),
    ...unless('break', [BROKEN, RECEIVES_AFTER_A_MINUTE]),
    ...unless('twice', [TWICE]),
    ...(caps.hold ? HOLD(shortSec) : [only('holds no invoices, and says so'), NO_HOLD]),
  ]
}

const INVOICE = (caps: Caps, expiry: boolean): Case => [
  `makes an invoice of just this amount, net and life, which names its terms by ${caps.bind}`,
  async (it) => {
    const hashes = new Set<string>()
    for (const [n, amount] of [sats(1), sats(21), sats(4_321)].entries()) {
      const terms = newTerms(n)
      const wish = { msat: amount, terms, expirySec: 60 + n }
      const { bolt11, paymentHash: hash } = await outcome(it, it.wallet.createInvoice(wish))
      const invoice = decodeBolt11(bolt11)
      if (typeof invoice === 'string') throw new Error(`the invoice is none: ${invoice}`)
      expect(invoice.msat).toBe(amount)
      expect(fitsNet(invoice.prefix, it.expected.net)).toBe(true)
      expect(invoice.paymentHash).toBe(hash)
      if (expiry) expect(invoice.expirySec).toBe(60 + n)
      if (caps.bind === 'hash' || caps.bind === 'description')
        expect(invoice.descriptionHash).toBe(termsHash(terms))
      if (caps.bind === 'memo') expect(invoice.description).toBe(termsMemo(terms))
      expect(await stateOf(it, hash)).toBe('open')
      hashes.add(hash)
    }
    expect(hashes.size).toBe(3)
  },
]

const PAID: Case = [
  'a paid invoice reads settled, with what arrived; another stays open',
  async (it) => {
    const [paid, other] = [await create(it, 21), await create(it, 21)]
    expect(await outcome(it, it.payFromOutside(paid.bolt11))).toBe('settled')
    await untilState(it, paid, 'settled')
    const status = await outcome(it, it.wallet.lookup(paid.paymentHash))
    expect(status).toEqual({
      paymentHash: paid.paymentHash,
      state: 'settled',
      received: sats(21),
    })
    expect(await outcome(it, it.wallet.lookup(other.paymentHash))).toEqual({
      paymentHash: other.paymentHash,
      state: 'open',
      received: null,
    })
  },
]

const TOLD: Case = [
  'who subscribed is told of a payment, and of nothing after the end',
  async (it) => {
    const told: InvoiceStatus[] = []
    const [first, second] = [await create(it, 5), await create(it, 6)]
    const end = it.wallet.subscribe((status) => told.push(status))
    const settled = (invoice: Issued) =>
      told.find((t) => t.paymentHash === invoice.paymentHash && t.state === 'settled')
    await outcome(it, it.payFromOutside(first.bolt11))
    await until(it, 'word of the payment', () => settled(first) !== undefined)
    expect(settled(first)?.received).toBe(sats(5))
    end()
    end()
    await outcome(it, it.payFromOutside(second.bolt11))
    await untilState(it, second, 'settled')
    await it.pass(it.settleTimeMs)
    expect(settled(second)).toBeUndefined()
  },
]

const UNKNOWN: Case = [
  'knows nothing of an invoice that it did not make',
  async (it) => {
    const { hash } = newPreimage()
    expect(await outcome(it, it.wallet.lookup(hash))).toEqual({
      paymentHash: hash,
      state: 'unknown',
      received: null,
    })
  },
]

const EXPIRED = (shortSec: number): Case => [
  'an unpaid invoice that expired reads canceled, and cannot be paid any more',
  async (it) => {
    const invoice = await create(it, 21, { expirySec: shortSec })
    expect(await stateOf(it, invoice.paymentHash)).toBe('open')
    await it.pass(shortSec * 1_000 + 1_000)
    await untilState(it, invoice, 'canceled')
    expect(await outcome(it, it.payFromOutside(invoice.bolt11))).toBe('failed')
    expect(await stateOf(it, invoice.paymentHash)).toBe('canceled')
  },
]

const REFUSED = (caps: Caps): Case => [
  caps.granularity === 1n
    ? 'refuses an amount of nothing before anything is made; counts single msats'
    : `refuses what is no multiple of ${caps.granularity} msat before anything is made`,
  async (it) => {
    const before = await it.made?.()
    const amounts = caps.granularity === 1n ? [0n] : [0n, 1n, 1_001n, 20_999n]
    for (const amount of amounts) {
      const wish = { msat: msat(amount), terms: newTerms(1), expirySec: 60 }
      expect((await faultOf(it, it.wallet.createInvoice(wish))).code).toBe('wallet.refused')
    }
    expect(await it.made?.()).toBe(before)
    if (caps.granularity === 1n)
      await outcome(
        it,
        it.wallet.createInvoice({ msat: msat(1_001n), terms: newTerms(2), expirySec: 60 }),
      )
    else await create(it, 1)
    expect(await it.made?.()).toBe(before! + 1)
  },
]

const BROKEN: Case = [
  'a backend that refuses, talks nonsense or hangs up is one of our Faults, without a secret',
  async (it) => {
    const { paymentHash: hash } = await create(it, 21)
    for (const how of ['refuses', 'talks nonsense', 'hangs up'] as const) {
      it.break?.(how)
      await faultOf(it, it.wallet.lookup(hash))
      await faultOf(
        it,
        it.wallet.createInvoice({ msat: sats(1), terms: newTerms(1), expirySec: 60 }),
      )
    }
  },
]
