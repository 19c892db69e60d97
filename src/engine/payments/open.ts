import type { Connection } from './connection.ts'
import { checkKind, checkNet } from './open-net.ts'
import type { PaymentSeams, Wallet } from './wallet.ts'

/**
 * The receiving half of the wallet that a connection names; it was asked once, so it answers and is on `seams.net`.
 * Only that wallet's adapter is loaded, and nothing that pays.
 * @throws Fault `config` `wallet.net` where it is on another network; those of `Wallet`
 */
export const openWallet = async (connection: Connection, seams: PaymentSeams): Promise<Wallet> => {
  checkKind(connection.kind, seams.net)
  const wallet = await open(connection, seams)
  try {
    checkNet(await wallet.info(), seams.net)
    return wallet
  } catch (fault) {
    await wallet.close()
    throw fault
  }
}

const open = async (connection: Connection, seams: PaymentSeams): Promise<Wallet> => {
  switch (connection.kind) {
    case 'sim':
      return (await import('./sim/wallet.ts')).openSimWallet(connection, seams)
    case 'nwc':
      return (await import('./nwc/wallet.ts')).openNwcWallet(connection, seams)
    case 'lnd':
      return (await import('./lnd/wallet.ts')).openLndWallet(connection, seams)
    case 'cln':
      return (await import('./cln/wallet.ts')).openClnWallet(connection, seams)
    case 'phoenixd':
      return (await import('./phoenixd/wallet.ts')).openPhoenixdWallet(connection, seams)
    case 'lnbits':
      return (await import('./lnbits/wallet.ts')).openLnbitsWallet(connection, seams)
    case 'address':
      return (await import('./address/wallet.ts')).openAddressWallet(connection, seams)
  }
}
