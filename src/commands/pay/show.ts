import type { z } from 'zod'
import { type Msat, showMsat } from '../../engine/base/money.ts'
import { WALLET_KINDS, type WalletInfo, type WalletKind } from '../../engine/payments/wallet.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { shortId } from '../figures.ts'
import type { Terminal } from '../terminal.ts'
import { isOpen } from './ledger.ts'
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
    ...(isOpen(it) ? [`from ${it.wallet ?? 'a wallet that is not on record'}`] : []),
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
  tested: TESTED[kind],
})

/** A wallet in two lines: which, and what it can do within which limits. */
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
