import { systemClock } from '../../engine/base/clock.ts'
import { Fault, isFault } from '../../engine/base/fault.ts'
import { msat, parseAmount } from '../../engine/base/money.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import { capFlaw, usualMaxFee } from '../../engine/spending/caps.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { isOut } from '../../engine/spending/journal-news.ts'
import { readText } from '../read.ts'
import { readSettings } from '../settings.ts'
import { openPrompts } from '../prompts.ts'
import { openTerminal } from '../terminal.ts'
import { parseSpan } from '../values.ts'
import { failed, stillOpen, uncertain } from './ends.ts'
import { readInvoice, utc } from './invoice.ts'
import { notConnected, openUserPurse, sayingLog } from './purse.ts'
import { type Money, type Order, moneyLine, moneyOf, objectOf, planText } from './payment.ts'
import { emitResult, feeWords, money, shortNode } from './show.ts'
import { WAIT_MS, waitForEnd } from './waiting.ts'

export type PayOptions = Readonly<{
  net?: string | undefined
  budget?: string | undefined
  maxFee?: string | undefined
  wait?: string | undefined
  passphraseFile?: string | undefined
  yes?: boolean | undefined
  dryRun?: boolean | undefined
  json?: boolean | undefined
  quiet?: boolean | undefined
}>

/** An invoice is some hundred characters, and no longer than this (bolt11/decode.ts). */
const INVOICE_BYTES = 8_192
const LONGEST_WAIT_MS = 3_600_000

/**
 * `fedai pay INVOICE`: any BOLT 11 invoice, once, within the caps. The preimage goes to stdout.
 * @param word the invoice, or `-` for stdin
 * @throws Fault of readInvoice, openUserPurse and capFlaw (77); `uncertain` (80) where nobody can say how it ended
 */
export const payInvoice = async (word: string, options: PayOptions): Promise<void> => {
  const terminal = openTerminal(options)
  const { wait, maxFee } = options
  const waitMs = wait === undefined ? WAIT_MS : parseSpan(wait, '--wait', LONGEST_WAIT_MS, 1_000)
  const most = maxFee === undefined ? undefined : parseAmount(maxFee, '--max-fee')
  const settings = await readSettings({ net: options.net, 'pay.budget': options.budget })
  const text = word === '-' ? await readText('-', INVOICE_BYTES) : word
  const secp = await openSecp256k1()
  const invoice = readInvoice(text, { net: settings.get('net'), now: systemClock.now(), secp })
  if (!options.yes && !options.dryRun && !terminal.canAsk) throw noTerminal()
  const { passphraseFile } = options
  const log = sayingLog(terminal)
  const user = await openUserPurse({ settings, terminal, log, passphraseFile, timeoutMs: waitMs })
  if (!user) throw notConnected(settings.get('net'))
  try {
    const order = { user, terminal, invoice, maxFee: most ?? usualMaxFee(invoice.msat), waitMs }
    await payOnce(order, options)
  } finally {
    await user.close()
  }
}

const payOnce = async (order: Order, options: PayOptions): Promise<void> => {
  const { user, terminal, invoice } = order
  const before = await moneyOf(user)
  const known = user.money.payment(invoice.hash)
  if (known) return follow(order, known, before, options.dryRun)
  terminal.say(planText(order, before))
  const flaw = capFlaw(
    { ...user.caps, exposure: null },
    { today: before.spent, here: 0n },
    { price: msat(0n), msat: invoice.msat, maxFee: order.maxFee },
  )
  if (flaw) throw flaw
  if (options.dryRun) {
    if (terminal.json) await emitResult(terminal, objectOf(order, 'dry_run', before, before), none)
    else terminal.say('nothing was paid')
    return
  }
  if (!options.yes) await askWhether(order)
  // Another process of ours may have paid it while we asked.
  const meanwhile = user.money.payment(invoice.hash)
  if (meanwhile) return follow(order, meanwhile, before)
  try {
    const { entry, left } = await waitForEnd(user, invoice.hash, begin(order), order)
    await conclude(order, before, entry, left)
  } catch (error) {
    // Another process was first with the same invoice: what became of that is the answer here too.
    const first = isFault(error) && OF_ANOTHER.has(error.code) && user.money.payment(invoice.hash)
    if (!first) throw error
    await follow(order, first, before)
  }
}

const OF_ANOTHER: ReadonlySet<string> = new Set([
  'payment.open',
  'payment.other_wallet',
  'payment.repeated',
  'payment.reused',
])

const begin = ({ user, invoice, maxFee }: Order): Promise<Entry> => {
  const { bolt11, hash, msat: amount, expiresAt } = invoice
  return user.purse.pay({
    payment: {
      bolt11,
      hash,
      msat: amount,
      expiresAt,
      maxFee,
      terms: '',
      payee: null,
      ref: hash,
      seq: 1,
      purpose: 'other',
    },
    caps: user.caps,
    price: msat(0n),
  })
}

/** What became of an invoice that was paid before, or is being paid. It is never paid again. */
const follow = async (order: Order, known: Entry, before: Money, isLook = false): Promise<void> => {
  const { user, terminal, invoice } = order
  if (known.bolt11 !== invoice.bolt11) throw sameHash()
  if (known.state === 'settled') {
    terminal.say(
      `this invoice was paid before, at ${utc(known.doneAt ?? known.at)}; nothing was sent now`,
    )
    return tell(order, 'paid_before', before, known)
  }
  if (known.state === 'failed') throw failed(known)
  if (isLook || known.wallet !== user.fingerprint) return conclude(order, before, known, false)
  terminal.say('a payment of this invoice is on its way already; waiting for its end')
  const asked = user.purse.resolve().then(() => null)
  const { entry, left } = await waitForEnd(user, invoice.hash, asked, order)
  await conclude(order, before, entry, left)
}

const conclude = async (
  order: Order,
  before: Money,
  entry: Entry | undefined,
  left: boolean,
): Promise<void> => {
  if (entry?.state === 'settled') return tell(order, 'settled', before, entry)
  const isFailed = entry !== undefined && !isOut(entry)
  const { net, fingerprint } = order.user
  const isOthers = entry !== undefined && entry.wallet !== fingerprint
  const fault = isFailed
    ? failed(entry)
    : isOthers
      ? stillOpen([entry], net, fingerprint)
      : uncertain(order.invoice, net, left)
  const after = await moneyOf(order.user)
  const object = objectOf(order, isFailed ? 'failed' : 'unknown', before, after, entry, fault)
  if (order.terminal.json) await emitResult(order.terminal, object, none)
  throw fault
}

/** It is paid: the preimage on stdout, the fee and what is left beside it. */
const tell = async (
  order: Order,
  status: 'settled' | 'paid_before',
  before: Money,
  entry: Entry,
): Promise<void> => {
  const { user, terminal, invoice } = order
  const after = await moneyOf(user)
  if (terminal.json)
    return emitResult(terminal, objectOf(order, status, before, after, entry), none)
  if (entry.preimage !== null) await terminal.emit(`${entry.preimage}\n`)
  const fee = feeWords(entry.fee)
  if (status === 'settled')
    terminal.say(
      `${terminal.paint.green('paid')} ${money(invoice.msat, user.net)} to ${shortNode(invoice.node)} · ${fee}`,
    )
  if (entry.preimage === null) terminal.say('the wallet showed no preimage')
  terminal.say(`after: ${moneyLine(user, after)}`)
}

const askWhether = async ({ user, invoice }: Order): Promise<void> => {
  const { confirm } = await openPrompts()
  const answer = await confirm({
    message: `Pay ${money(invoice.msat, user.net)}? Yes sends it and cannot be undone; no, the default, leaves all as it is`,
  })
  if (answer !== true) throw new Fault('interrupted', 'interrupted', 'nothing was paid')
}

const none = (): string => ''

/** @param what is asked about before it happens */
export const noTerminal = (what = 'money is sent'): Fault =>
  new Fault('usage', 'pay.no_terminal', `there is no terminal to ask on before ${what}`, {
    hint: 'allow it by --yes, or look first: --dry-run',
  })

const sameHash = (): Fault =>
  new Fault('refused', 'payment.repeated', 'another invoice of this payment hash was paid before', {
    hint: 'do not pay it: whoever paid on the way knows its secret; ask the payee for a new one',
  })
