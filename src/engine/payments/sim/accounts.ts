import { hmac, utf8 } from '../../base/bytes.ts'
import { Fault } from '../../base/fault.ts'
import { type Msat, msat } from '../../base/money.ts'
import type { PaymentHash } from '../../protocol/ids.ts'
import type { SimLedger } from './ledger.ts'
import { MINT } from './schema.ts'

/** Accounts of one ledger, at most. */
const MOST_ACCOUNTS = 10_000n

/**
 * Within a deed: an account of this name, made where there is none.
 * @returns a Fault `config` `wallet.account` for a name that is none, or one too many
 */
export const openAccount = (ledger: SimLedger, name: string): Fault | null => {
  if (!/^[a-z0-9_-]{1,64}$/.test(name))
    return new Fault('config', 'wallet.account', 'this is no name of an account of play money', {
      hint: 'use 1 to 64 of a to z, 0 to 9, - and _',
    })
  const known = ledger.sql<{ n: bigint }, [string]>('SELECT 1 AS n FROM accounts WHERE name = ?')
  if (known.get(name)) return null
  const { n } = ledger.sql<{ n: bigint }, []>('SELECT count(*) AS n FROM accounts').get()!
  if (n >= MOST_ACCOUNTS)
    return new Fault('config', 'wallet.account', `the ledger has ${n} accounts already`, {
      hint: 'use one of them, or another file',
    })
  ledger.sql<never, [string]>('INSERT INTO accounts VALUES (?, 0)').run(name)
  return null
}

/** What an account has. */
export const balance = (ledger: SimLedger, name: string): Msat => {
  const row = ledger
    .sql<{ msat: bigint }, [string]>('SELECT msat FROM accounts WHERE name = ?')
    .get(name)
  return msat(row?.msat ?? 0n)
}

/** Within a deed: moves money that is there; of nothing, nothing. What is not there ends the ledger (CHECK). */
export const move = (ledger: SimLedger, { giver, taker, amount, hash, at }: Move): void => {
  if (amount === 0n) return
  const add = ledger.sql<never, [bigint, string]>(
    'UPDATE accounts SET msat = msat + ? WHERE name = ?',
  )
  if (add.run(-amount, giver).changes !== 1 || add.run(amount, taker).changes !== 1)
    throw new Error('an account of the ledger is gone')
  ledger
    .sql<never, [bigint, string, string, bigint, string | null]>(
      'INSERT INTO moves (at, giver, taker, msat, hash) VALUES (?, ?, ?, ?, ?)',
    )
    .run(BigInt(at), giver, taker, amount, hash)
}

export type Move = Readonly<{
  giver: string
  taker: string
  amount: Msat
  hash: PaymentHash | null
  /** ms since 1970 */
  at: number
}>

/** Within a deed: play money for an account, as long as there is some. */
export const mint = (
  ledger: SimLedger,
  account: string,
  amount: Msat,
  at: number,
): Fault | Msat => {
  const left = balance(ledger, MINT)
  if (amount > left)
    return new Fault('refused', 'wallet.supply', `the faucet has ${left / 1_000n} sat left`, {
      hint: 'ask for less, or begin with another file',
    })
  move(ledger, { giver: MINT, taker: account, amount, hash: null, at })
  return balance(ledger, account)
}

/** The key of an account's Lightning node: one block of HKDF-SHA-256 (RFC 5869) over the network's secret and the name. */
export const nodeSecret = (network: Uint8Array, account: string): Uint8Array =>
  hmac(hmac(utf8('fedai-sim/node'), network), utf8(account), Uint8Array.of(1))
