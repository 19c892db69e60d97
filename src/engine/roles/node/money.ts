import type { UnixMs } from '../../base/clock.ts'
import { Fault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import type { Secp256k1, Signer } from '../../identity/seams.ts'
import type { CreditPolicy } from '../../metering/tab-credit.ts'
import type { Wallet } from '../../payments/wallet.ts'
import type { Contents } from '../../protocol/messages.ts'
import type { SheetPay } from '../../protocol/sheet.ts'
import type { MoneyStore } from '../../storage/money-store.ts'
import { openTill } from './till.ts'

/** What a node takes money with. The wallet is closed with the node. */
export type NodeMoney = Readonly<{
  wallet: Wallet
  store: MoneyStore
  /** How far it trusts those who paid before (timing `after`). */
  credit?: CreditPolicy
}>

/**
 * Opens the till of a node, and says in its sheet how it is paid.
 * @throws Fault `config` `wallet.unbound` where the wallet's invoices cannot name their terms; those of the wallet
 */
export const openMoney = async (
  { wallet, store, credit = CREDIT }: NodeMoney,
  { signer, secp }: Readonly<{ signer: Signer; secp: Secp256k1 }>,
  now: UnixMs,
): Promise<ReturnType<typeof openTill>> => {
  const { nodeKey, caps } = await wallet.info()
  if (caps.bind === 'none')
    throw new Fault('config', 'wallet.unbound', 'this wallet cannot bind an invoice to its terms', {
      hint: 'take money for jobs with nwc, lnd, cln, phoenixd or lnbits',
    })
  const pay: SheetPay = {
    payees: nodeKey === null ? [] : [nodeKey],
    bind: caps.bind === 'memo' ? 'memo' : 'hash',
    granularity: caps.granularity,
    keeps_days: KEEPS_DAYS,
  }
  const canHold = caps.hold && wallet.hold !== undefined
  return openTill(store, { node: signer.pubkey, pay, canHold, credit, verifier: secp }, now)
}

/**
 * How what costs something is paid here; what costs nothing is free.
 * @param canHold whether our wallet makes hold invoices
 */
export const paidRow = (row: Row, canHold: boolean): Row => {
  const amounts = [...Object.values(row.rates), row.minimum, row.cold_surcharge]
  if (amounts.every((amount) => amount === '0')) return { ...row, timings: ['free'] }
  // What a person reads while it comes cannot stay locked until its end.
  const holds = canHold && !STREAMS.includes(row.task.replace(/@.*$/, ''))
  return { ...row, timings: ['before', 'stream', 'after', ...(holds ? (['hold'] as const) : [])] }
}

type Row = Contents['sheet']['rows'][number]

const STREAMS = ['text.chat', 'text.generate']
/** What those who paid before may use before they pay: 10 sat each, 1,000 sat in all. */
const CREDIT: CreditPolicy = { each: msat(10_000n), all: msat(1_000_000n) }
/** How long units that were paid and not used stay (docs/money.md). */
const KEEPS_DAYS = 365
