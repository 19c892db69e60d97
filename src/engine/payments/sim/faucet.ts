import type { Msat } from '../../base/money.ts'
import { balance, mint } from './accounts.ts'
import { type SimAccount, type SimSeams, asWallet, openSim } from './open.ts'

/**
 * Play money for an account, out of nothing.
 * @returns what the account has then
 * @throws Fault `refused` `wallet.supply` where the ledger has given out all that there is; those of openSimWallet
 */
export const faucet = async (of: SimAccount, amount: Msat, seams: SimSeams): Promise<Msat> => {
  const { ledger } = await openSim(of, seams)
  try {
    return await asWallet(() =>
      ledger.write(() => mint(ledger, of.account, amount, seams.clock.now())),
    )
  } finally {
    await ledger.close()
  }
}

/**
 * What an account has; what is held for a payment is not among it.
 * @throws as openSimWallet
 */
export const balanceOf = async (of: SimAccount, seams: SimSeams): Promise<Msat> => {
  const { ledger } = await openSim(of, seams)
  try {
    return await asWallet(() => balance(ledger, of.account))
  } finally {
    await ledger.close()
  }
}
