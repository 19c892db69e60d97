import { join } from 'node:path'
import { existsSync } from 'node:fs'
import { systemClock } from '../../engine/base/clock.ts'
import type { Settings } from '../../engine/base/config/resolve.ts'
import { Fault } from '../../engine/base/fault.ts'
import { systemRandom } from '../../engine/base/random.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import { type Connection, parseConnection } from '../../engine/payments/connection.ts'
import { openWallet } from '../../engine/payments/open.ts'
import { spendingFault } from '../../engine/payments/spending-credential.ts'
import type { Wallet, WalletInfo } from '../../engine/payments/wallet.ts'
import type { Net } from '../../engine/protocol/event.ts'
import { playAccount } from '../pay/play.ts'
import { CONNECTION_BYTES } from '../pay/wallet-file.ts'
import { readSecret } from '../unlock.ts'
import type { Means } from './service.ts'

/**
 * The wallet that a node is paid into; null where it works for nothing.
 * @throws Fault `config` `wallet.none` | `wallet.kind`, `refused` `wallet.can_spend`; those of openWallet
 */
export const openNodeWallet = async (
  settings: Settings,
  { signer, log }: Pick<Means, 'signer' | 'log'>,
): Promise<Wallet | null> => {
  const net = settings.get('net')
  const kind = settings.get('node.wallet')
  const file = settings.get('node.wallet_file') ?? credential()
  if (kind === 'none') {
    // Who named a file means to be paid.
    if (file !== undefined) log.warn('wallet.unused', { file, reason: '--wallet none' })
    return null
  }
  if (kind !== 'auto' && (kind === 'sim') !== (net === 'sim')) throw anotherNet(kind, net)
  if (net !== 'sim' && file === undefined) throw noWallet(net)
  const connection =
    file === undefined
      ? playAccount(`node-${signer.pubkey.slice(0, 16)}`)
      : await connected(file, net)
  if (kind !== 'auto' && connection.kind !== kind) throw anotherKind(connection.kind, kind)
  const allowed = settings.get('node.allow_spending_credential') === 'yes'
  return openToReceive(connection, { net, log }, (info) => {
    const fault = spendingFault(info, allowed)
    return fault && withFlag(fault)
  })
}

/**
 * The wallet that a router's own fee is paid into; null where it takes none. What can spend is refused, whatever
 * anybody says: strangers talk to a router.
 * @throws Fault `config` `wallet.none`, `refused` `wallet.can_spend`; those of openWallet
 */
export const openRouterWallet = async (
  settings: Settings,
  { signer, log }: Pick<Means, 'signer' | 'log'>,
): Promise<Wallet | null> => {
  const net = settings.get('net')
  const file = settings.get('router.wallet_file') ?? credential()
  const isFree = settings.get('router.fee') === 0n
  if (isFree && file === undefined) return null
  if (file === undefined && net !== 'sim') throw noFeeWallet(net)
  const connection =
    file === undefined
      ? playAccount(`router-${signer.pubkey.slice(0, 16)}`)
      : await connected(file, net)
  const wallet = await openToReceive(connection, { net, log }, (info) => spendingFault(info, false))
  if (!isFree) return wallet
  // What a router was given is looked at even where it takes nothing: it must not lie there with what can spend.
  await wallet.close()
  return null
}

const openToReceive = async (
  connection: Connection,
  { net, log }: Readonly<{ net: Net; log: Means['log'] }>,
  flaw: (info: WalletInfo) => Fault | null,
): Promise<Wallet> => {
  const seams = { clock: systemClock, random: systemRandom, secp: await openSecp256k1(), net }
  const wallet = await openWallet(connection, seams)
  try {
    const info = await wallet.info()
    const fault = flaw(info)
    if (fault) throw fault
    const { spend, hold, custodial } = info.caps
    log.info('wallet.open', { wallet: info.kind, net, spends: spend, holds: hold, custodial })
    return wallet
  } catch (error) {
    await wallet.close()
    throw error
  }
}

/** Where systemd puts what a unit is given. */
const credential = (): string | undefined => {
  const folder = process.env['CREDENTIALS_DIRECTORY']
  const file = folder && join(folder, 'wallet')
  return file && existsSync(file) ? file : undefined
}

const connected = async (file: string, net: Net): Promise<Connection> => {
  const connection = parseConnection((await readSecret(file, CONNECTION_BYTES)).trim())
  if (net === 'sim' && connection.kind !== 'sim') throw playMoney(connection.kind)
  return connection
}

const playMoney = (kind: string): Fault =>
  new Fault(
    'config',
    'wallet.net',
    `the network is sim, play money, and the wallet file connects ${kind}`,
    { hint: 'name the network of the wallet: --net mainnet\nor leave --wallet-file out' },
  )

const anotherNet = (kind: string, net: Net): Fault =>
  new Fault(
    'config',
    'wallet.net',
    net === 'sim'
      ? `--wallet ${kind} is for real money, and the network is sim, play money`
      : `--wallet sim is play money, and the network is ${net}`,
    {
      hint:
        net === 'sim'
          ? 'name the network of the wallet: --net mainnet\nor leave --wallet out'
          : `leave --wallet out and name a wallet of ${net}: --wallet-file FILE\nor work for play money: --net sim`,
    },
  )

const noFeeWallet = (net: string): Fault =>
  new Fault('config', 'wallet.none', `a router that takes a fee on ${net} needs a wallet for it`, {
    hint: 'name the file with its connection string, a Lightning address will do: --wallet-file FILE\nor route for nothing: --fee 0msat',
  })

const noWallet = (net: string): Fault =>
  new Fault('config', 'wallet.none', `a node on ${net} needs a wallet that it is paid into`, {
    hint: 'name the file with its connection string: --wallet-file FILE (docs/wallets/)\nor work for nothing: --wallet none',
  })

const anotherKind = (is: string, wanted: string): Fault =>
  new Fault('config', 'wallet.kind', `the file connects a wallet of kind ${is}, not ${wanted}`, {
    hint: `leave --wallet out, or name a file that connects ${wanted}`,
  })

const withFlag = ({ kind, code, message, hint }: Fault): Fault =>
  new Fault(kind, code, message, {
    hint: `${hint}\nor start with it all the same: --allow-spending-credential`,
  })
