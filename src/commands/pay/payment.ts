import type { z } from 'zod'
import type { Fault } from '../../engine/base/fault.ts'
import { type Msat, showLeft } from '../../engine/base/money.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import type { Terminal } from '../terminal.ts'
import { type AnyInvoice, utc } from './invoice.ts'
import type { UserPurse } from './purse.ts'
import { safeText } from './safe.ts'
import type { paymentShape } from './shape.ts'
import { labelled, money, ofCap, orNull, routingWords, shortNode } from './show.ts'

/** One payment on its way through this command. */
export type Order = Readonly<{
  user: UserPurse
  terminal: Terminal
  invoice: AnyInvoice
  maxFee: Msat
  waitMs: number
}>

/** What is shown of the money at one moment, msat. */
export type Money = Readonly<{ spent: bigint; balance: Msat | null }>

export const moneyOf = async (user: UserPurse): Promise<Money> => ({
  spent: user.purse.spentToday(),
  balance: await user.balance(),
})

export const moneyLine = ({ caps }: UserPurse, { spent, balance }: Money): string =>
  [
    `spent today ${ofCap(spent, caps.budget)}`,
    ...(balance === null ? [] : [`${showLeft(balance)} of play money left`]),
  ].join(' · ')

/** What is about to be paid, for whoever says yes to it. */
export const planText = ({ user, invoice, maxFee }: Order, before: Money): string =>
  labelled([
    ['pays', [`${money(invoice.msat, user.net)}, ${routingWords(maxFee, user.kind)}`]],
    ['to', [`Lightning node ${shortNode(invoice.node)}`]],
    ['memo', [invoice.memo === null ? 'none in the invoice' : `“${safeText(invoice.memo)}”`]],
    ['expires', [utc(invoice.expiresAt)]],
    ['before', [moneyLine(user, before)]],
  ])

/** What `--json` prints (shape.ts). */
export const objectOf = (
  { user, invoice, maxFee }: Order,
  status: z.output<typeof paymentShape>['status'],
  before: Money,
  after: Money,
  entry?: Entry,
  fault?: Fault,
): z.output<typeof paymentShape> => ({
  v: 1,
  type: 'payment',
  net: user.net,
  status,
  hash: invoice.hash,
  node: invoice.node,
  memo: invoice.memo,
  amount_msat: String(invoice.msat),
  fee_msat: orNull(entry?.fee ?? null),
  max_fee_msat: String(maxFee),
  preimage: entry?.preimage ?? null,
  expires: invoice.expiresAt,
  before: moneyObject(before),
  after: moneyObject(after),
  budget_msat: orNull(user.caps.budget),
  error: fault ? { code: fault.code, message: fault.message, hint: fault.hint ?? null } : null,
})

const moneyObject = ({ spent, balance }: Money) => ({
  spent_today_msat: String(spent),
  balance_msat: orNull(balance),
})
