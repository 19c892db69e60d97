import type { z } from 'zod'
import { type Msat, showMsat } from '../../engine/base/money.ts'
import { WALLET_KINDS, type WalletInfo, type WalletKind } from '../../engine/payments/wallet.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { isOut } from '../../engine/spending/journal-news.ts'
import { shortId } from '../figures.ts'
import type { Terminal } from '../terminal.ts'
import type { Namer } from '../trust/set.ts'
import { safeJson } from './safe.ts'
import type { entryFields, walletFields } from './shape.ts'

/** What each adapter was tested against; docs/money.md says the same. */
export const TESTED: Readonly<Record<WalletKind, string>> = {
  sim: 'it is its own ledger: play money',
  nwc: 'LDK behind a wallet service of ours, and @getalby/sdk',
  lnd: 'lnd 0.21 with btcd',
  cln: 'tested against a fake only',
  phoenixd: 'tested against a fake only',
  lnbits: 'tested against a fake only',
  address: 'receives only',
}

/** Wallets that can pay. */
export const PAYING_KINDS = WALLET_KINDS.filter((kind) => kind !== 'address')

/** An amount for people; play money is always called so. */
export const money = (amount: bigint, net: Net): string =>
  `${amount < 0n ? `−${showMsat(-amount)}` : showMsat(amount)}${net === 'sim' ? ' of play money' : ''}`

/** `12 sat of 1,000 sat`, or without the bound where there is none. */
export const ofCap = (amount: bigint, cap: Msat | null): string =>
  cap === null ? showMsat(amount) : `${showMsat(amount)} of ${showMsat(cap)}`

export const feeWords = (fee: Msat | null): string =>
  fee === null ? 'the wallet did not say the fee' : `fee ${showMsat(fee)}`

/**
 * A wallet that takes no limit went over the one that it was given. The ledger has both (`fee_msat`, `max_fee_msat`),
 * and the day's budget counts what it cost.
 */
export const overFeeLine = (fee: Msat, maxFee: Msat): string =>
  `routing cost ${showMsat(fee)}, more than the ${showMsat(maxFee)} that it may cost: this wallet keeps to no limit for fees`

/** What routing may cost, before it is paid. */
export const routingWords = (maxFee: Msat, kind: WalletKind): string =>
  KEEPS_LIMIT[kind]
    ? `and at most ${showMsat(maxFee)} for routing`
    : `and for routing what the wallet thinks right: ${kind} takes no limit for fees, and ${showMsat(maxFee)} is only counted with`

/**
 * Whether a wallet of this kind pays no more for routing than it was told. NIP-47 has no field for it: `max_fee` of
 * `pay_invoice` is a proposal (nips#2444), which no info event announces and older wallets pass over without a word.
 */
export const KEEPS_LIMIT: Readonly<Record<WalletKind, boolean>> = {
  sim: true,
  nwc: false,
  lnd: true,
  cln: true,
  phoenixd: true,
  lnbits: true,
  address: true,
}

/** A Lightning node’s key, shortened: `02ab4c…91`. */
export const shortNode = (key: string): string => `${key.slice(0, 6)}…${key.slice(-4)}`

export const entryObject = (it: Entry): z.output<typeof entryFields> => ({
  hash: it.hash,
  state: it.state,
  late: it.late,
  purpose: it.purpose,
  payee: it.payee,
  ref: it.ref,
  seq: it.seq,
  amount_msat: String(it.msat),
  fee_msat: orNull(it.fee),
  max_fee_msat: String(it.maxFee),
  preimage: it.preimage,
  reason: it.reason,
  invoice: it.bolt11,
  terms: it.terms === '' ? null : it.terms,
  at: it.at,
  done_at: it.doneAt,
  wallet: it.wallet,
})

export const orNull = (amount: bigint | null): string | null =>
  amount === null ? null : String(amount)

/**
 * A payment in one line: `settled  10 sat  fee 0 msat  to mira (npub1q7…k2f)  7c1e…04`. One whose end is not known
 * says which wallet can tell.
 */
export const entryLine = (it: Entry, show: Namer): string =>
  [
    it.state.padEnd(8),
    showMsat(it.msat).padStart(10),
    (it.fee === null ? '' : `fee ${showMsat(it.fee)}`).padEnd(12),
    it.payee === null ? 'an invoice' : `${PURPOSES[it.purpose]} ${show(it.payee)}`,
    shortId(it.hash),
    ...(it.reason === null ? [] : [it.reason]),
    ...(isOut(it) ? [`from ${it.wallet ?? 'a wallet that is not on record'}`] : []),
    ...(it.fee !== null && it.fee > it.maxFee
      ? [`the fee is over the ${showMsat(it.maxFee)} allowed`]
      : []),
  ].join('  ')

const PURPOSES: Readonly<Record<Entry['purpose'], string>> = {
  topup: 'tab at',
  job: 'job of',
  after: 'work of',
  route: 'routes of',
  other: 'invoice of',
}

/** What a wallet said of itself, and what tells it from all others: null of play money that nobody has begun with. */
export type KnownWallet = WalletInfo & Readonly<{ fingerprint: string | null }>

export const walletObject = ({
  kind,
  fingerprint,
  net,
  nodeKey,
  caps,
}: KnownWallet): z.output<typeof walletFields> => ({
  kind,
  fingerprint,
  net,
  node: nodeKey,
  pays: caps.spend,
  preimage: caps.preimage,
  granularity_msat: String(caps.granularity),
  custodial: caps.custodial,
  fee_limit: KEEPS_LIMIT[kind],
  tested: TESTED[kind],
})

/** A wallet in two lines or three: which, and what it can do within which limits. */
export const walletLines = ({ kind, fingerprint, net, nodeKey, caps }: KnownWallet): string[] => {
  const can = [
    caps.spend === null ? 'pays, as far as it says' : caps.spend ? 'pays' : 'only receives',
    caps.granularity === 1n ? 'counts msat' : 'counts whole sats',
    `shows the preimage ${caps.preimage}`,
    ...(caps.custodial ? ['somebody else holds the money'] : []),
  ]
  const name = kind === 'sim' ? 'play money' : `${kind} on ${net}`
  return [
    [
      name,
      ...(nodeKey === null ? [] : [`node ${shortNode(nodeKey)}`]),
      ...(fingerprint === null ? [] : [fingerprint]),
    ].join(' · '),
    `${can.join(' · ')} · ${kind === 'sim' ? 'worth nothing' : TESTED[kind]}`,
    ...(KEEPS_LIMIT[kind]
      ? []
      : ['takes no limit for fees (--max-fee): what bounds them is its own budget']),
  ]
}

/** Rows with a label before the first line of each: what `status` and `connect` print. */
export const labelled = (rows: readonly (readonly [label: string, lines: readonly string[]])[]) => {
  const width = Math.max(...rows.map(([label]) => label.length)) + 2
  return rows
    .flatMap(([label, lines]) =>
      lines.map((line, i) => `${(i === 0 ? label : '').padEnd(width)}${line}`),
    )
    .join('\n')
}

/** The result: one object, or lines for people. */
export const emitResult = (terminal: Terminal, object: object, lines: () => string) =>
  terminal.emit(`${terminal.json ? safeJson(object) : lines()}\n`)
