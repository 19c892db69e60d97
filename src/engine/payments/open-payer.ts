import { Fault } from '../base/fault.ts'
import type { Connection } from './connection.ts'
import { checkKind, checkNet } from './open-net.ts'
import type { Payer } from './payer.ts'
import type { PaymentSeams, WalletKind } from './wallet.ts'

/**
 * The paying half of the wallet that a connection names: for clients. No file that a router loads imports this one
 * (test/arch.test.ts).
 * @throws Fault `config` `wallet.net` where it is on another network, `config` `wallet.cannot_pay` where the
 * wallet or its credential only receives; those of `Wallet`
 */
export const openPayer = async (connection: Connection, seams: PaymentSeams): Promise<Payer> => {
  checkKind(connection.kind, seams.net)
  // Asked to pay, the wallet would say no more than that something is not allowed.
  if (await saysItCannot(connection)) throw onlyReceives(connection.kind)
  const payer = await open(connection, seams)
  try {
    const info = await payer.info()
    checkNet(info, seams.net)
    if (info.caps.spend === false) throw onlyReceives(info.kind)
    return payer
  } catch (fault) {
    await payer.close()
    throw fault
  }
}

const open = async (connection: Connection, seams: PaymentSeams): Promise<Payer> => {
  switch (connection.kind) {
    case 'sim':
      return (await import('./sim/payer.ts')).openSimPayer(connection, seams)
    case 'nwc':
      return (await import('./nwc/payer.ts')).openNwcPayer(connection, seams)
    case 'lnd':
      return (await import('./lnd/payer.ts')).openLndPayer(connection, seams)
    case 'cln':
      return (await import('./cln/payer.ts')).openClnPayer(connection, seams)
    case 'phoenixd':
      return (await import('./phoenixd/payer.ts')).openPhoenixdPayer(connection, seams)
    case 'lnbits':
      return (await import('./lnbits/payer.ts')).openLnbitsPayer(connection, seams)
    case 'address':
      throw new Fault('config', 'wallet.cannot_pay', 'a Lightning address only receives', {
        hint: 'to pay, connect a wallet by nwc, lnd, cln, phoenixd or lnbits',
      })
  }
}

/** Whether a credential says by itself that it cannot pay. With the others the wallet is asked. */
const saysItCannot = async (connection: Connection): Promise<boolean> => {
  switch (connection.kind) {
    case 'lnd':
      return (await import('./lnd/macaroon.ts')).canSpend(connection.macaroon) === false
    case 'cln':
      return (await import('./cln/rune.ts')).canSpend(connection.rune) === false
    default:
      return false
  }
}

const onlyReceives = (kind: WalletKind): Fault =>
  new Fault(
    'config',
    'wallet.cannot_pay',
    `the credential of the ${kind} wallet only receives: it cannot pay`,
    {
      hint: CAN_PAY[kind],
    },
  )

/** What makes a credential that pays, by wallet; docs/wallets/ says the same. */
export const CAN_PAY: Readonly<Record<WalletKind, string>> = {
  sim: 'use an account of the ledger that may spend',
  nwc: 'make a connection in the wallet with pay_invoice, lookup_invoice and a budget',
  lnd: 'make one with: lncli bakemacaroon --save_to pay.macaroon uri:/routerrpc.Router/SendPaymentV2 uri:/routerrpc.Router/TrackPaymentV2 uri:/lnrpc.Lightning/DecodePayReq uri:/lnrpc.Lightning/ListChannels uri:/lnrpc.Lightning/PendingChannels',
  cln: `make one with: lightning-cli createrune restrictions='[["method=xpay","method=listpays","method=getinfo"]]'`,
  phoenixd: 'use the full password: grep ^http-password= ~/.phoenix/phoenix.conf',
  lnbits: 'use the admin key of the wallet',
  address: 'connect another wallet',
}
