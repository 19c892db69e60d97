import { toHex } from '../../base/bytes.ts'
import { Fault, isFault } from '../../base/fault.ts'
import { msat } from '../../base/money.ts'
import { checkKind } from '../open-net.ts'
import type { Caps, PaymentSeams, WalletInfo } from '../wallet.ts'
import { nodeSecret, openAccount } from './accounts.ts'
import { sweep } from './invoices.ts'
import { type Ledgers, type SimLedger, newLedgers } from './ledger.ts'

/** An account of play money in a file: all who open the same file can pay each other. */
export type SimAccount = Readonly<{ path: string; account: string }>

/** `ledgers`: for tests, which play several processes in one, or need no file. */
export type SimSeams = PaymentSeams & Readonly<{ ledgers?: Ledgers }>

export type OpenSim = Readonly<{
  ledger: SimLedger
  info: WalletInfo
  /** Of the account's Lightning node. */
  secret: Uint8Array
}>

/**
 * Opens the ledger and the account in it; both are made where there are none, with nothing in them.
 * @throws Fault `config` `wallet.net` on every net but `sim`: no setting makes play money of something else
 */
export const openSim = async (
  { path, account }: SimAccount,
  { net, clock, random, secp, ledgers = ours }: SimSeams,
): Promise<OpenSim> => {
  checkKind('sim', net)
  const ledger = await ledgers.take(path, random)
  try {
    await ledger.write(() => openAccount(ledger, account) ?? sweep(ledger, clock.now()))
    const secret = nodeSecret(ledger.network, account)
    const nodeKey = toHex(secp.point(secret))
    return { ledger, secret, info: { kind: 'sim', net: 'sim', nodeKey, caps: CAPS } }
  } catch (error) {
    await ledger.close()
    throw error
  }
}

/** A call of a wallet: it rejects with what wallet.ts names, whatever the disk says. */
export const asWallet = async <T>(call: () => T | Promise<T>): Promise<T> => {
  try {
    return await call()
  } catch (error) {
    if (isFault(error) && error.code.startsWith('wallet.')) throw error
    throw new Fault(
      'unavailable',
      'wallet.unreachable',
      'the ledger of play money cannot be read or written',
      { hint: 'look at the disk: is it full, or failing? then run it again', cause: error },
    )
  }
}

export const CAPS: Caps = {
  hold: true,
  bind: 'hash',
  granularity: msat(1n),
  push: true,
  // Whoever can write the file can do everything.
  spend: true,
  preimage: 'always',
  custodial: false,
}

/** Those of this process. */
const ours = newLedgers()
