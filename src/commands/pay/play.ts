import { join } from 'node:path'
import { type Msat, msat } from '../../engine/base/money.ts'
import { paths } from '../../engine/base/paths.ts'
import type { Connection } from '../../engine/payments/connection.ts'
import type { SimSeams } from '../../engine/payments/sim/open.ts'

/**
 * Play money of this machine. Nothing here pays, so routers may load it too (test/arch.test.ts).
 */

type Env = Readonly<Record<string, string | undefined>>
export type PlayAccount = Extract<Connection, { kind: 'sim' }>

/** The ledger that all parties of this user share, so that they can pay each other. */
export const playMoneyPath = (env: Env = process.env): string =>
  join(paths(env).state, 'play-money.db')

/**
 * An account of that ledger; it is made where there is none.
 * @param name 1 to 64 of a-z, 0-9, _ and -: that of an identity, or a key in hex
 */
export const playAccount = (name: string, env: Env = process.env): PlayAccount => ({
  kind: 'sim',
  path: playMoneyPath(env),
  account: name,
})

/** What somebody who tries fedai out begins with: 100,000 sat, in msat. */
export const PLAY_FUNDS = msat(100_000_000n)

/**
 * Fills an account from the faucet while it has less than a tenth of what it began with. Two processes at once
 * may both do so: it is play money.
 * @returns what it has then, msat
 * @throws Fault `config` `wallet.net` on every net but sim; those of faucet
 */
export const fundPlayAccount = async (of: PlayAccount, seams: SimSeams): Promise<Msat> => {
  const { balanceOf, faucet } = await import('../../engine/payments/sim/faucet.ts')
  const has = await balanceOf(of, seams)
  return has * 10n < PLAY_FUNDS ? faucet(of, msat(PLAY_FUNDS - has), seams) : has
}
