import { systemClock } from '../../engine/base/clock.ts'
import type { Settings } from '../../engine/base/config/resolve.ts'
import { toHex } from '../../engine/base/bytes.ts'
import { Fault } from '../../engine/base/fault.ts'
import { type Log, silentLog } from '../../engine/base/log.ts'
import type { Msat } from '../../engine/base/money.ts'
import { systemRandom } from '../../engine/base/random.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import type { Signer } from '../../engine/identity/seams.ts'
import type { Connection } from '../../engine/payments/connection.ts'
import { fingerprintOf } from '../../engine/payments/fingerprint.ts'
import { openPayer } from '../../engine/payments/open-payer.ts'
import type { Payer } from '../../engine/payments/payer.ts'
import type { PaymentSeams } from '../../engine/payments/wallet.ts'
import type { Net } from '../../engine/protocol/event.ts'
import { openPurse } from '../../engine/roles/client/purse.ts'
import type { Purse } from '../../engine/roles/client/purse-seam.ts'
import type { SpendingCaps } from '../../engine/spending/caps.ts'
import type { MoneyStore } from '../../engine/storage/money-store.ts'
import { daemonSigner } from '../serve/identity.ts'
import { type Terminal, openTerminal } from '../terminal.ts'
import { openUserLedger } from './ledger.ts'
import { fundPlayAccount, playAccount } from './play.ts'
import { overFeeLine } from './show.ts'
import { readWallet } from './wallet-file.ts'

/** The identity that is made on first use; another name must be there (serve/identity.ts). */
export const USUAL_IDENTITY = 'payer'

export type UserOptions = Readonly<{
  settings: Settings
  log?: Log | undefined
  /** To ask for the passphrase of the identity, where it has one. */
  terminal?: Terminal | undefined
  passphraseFile?: string | undefined
}>

/** The wallet that this user pays with. */
export type UserWallet = Readonly<{
  payer: Payer
  signer: Signer
  seams: PaymentSeams
  kind: Connection['kind']
  /** What tells it from all others, in the ledger and on screens. */
  fingerprint: string
  /** The account of play money; null where a wallet holds the money. */
  account: string | null
  /** What the account has, msat; null where nobody here can say. */
  balance(): Promise<Msat | null>
}>

export type UserPurse = UserWallet &
  Readonly<{
    purse: Purse
    money: MoneyStore
    caps: SpendingCaps
    net: Net
    isPlay: boolean
    /**
     * Waits for the ledger. What is under way stays so: the next process asks about it.
     * @param patience as of Purse.close
     */
    close(patience?: Parameters<Purse['close']>[0]): Promise<void>
  }>

/**
 * What this user pays with: the wallet that is connected on the network of the settings; on `sim` without one
 * an account of this machine's play money, filled by the faucet. Any number of processes share it.
 * @param options.timeoutMs after so many ms a payment that did not end is `unknown`
 * @param options.broken the ledger takes nothing more (default: it is logged)
 * @returns null on another network without a wallet: say `notConnected`
 * @throws Fault `config` `wallet.*` | `key.*`, `io` `ledger.*`; those of Wallet.info
 */
export const openUserPurse = async (
  options: UserOptions & Readonly<{ timeoutMs?: number; broken?: (fault: Fault) => void }>,
): Promise<UserPurse | null> => {
  const { settings, log = silentLog } = options
  const net = settings.get('net')
  const wallet = await openUserWallet(options)
  if (!wallet) return null
  const { payer, signer, seams } = wallet
  let closing = false
  try {
    const store = await openUserLedger(net)
    const broken = (fault: Fault): void => {
      // What comes of a payment after we have left is for the next process to ask.
      if (closing) return
      log.error('ledger_broken', { code: fault.code })
      options.broken?.(fault)
    }
    const purse = openPurse({
      ...seams,
      ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
      store: store.money,
      payer: heardUntil(sayingFees(payer, options.terminal), () => closing),
      wallet: wallet.fingerprint,
      signer,
      broken,
    })
    return {
      ...wallet,
      purse,
      money: store.money,
      caps: capsOf(settings),
      net,
      isPlay: net === 'sim',
      close: async (patience) => {
        await purse.close(async (over) => {
          await patience?.(over)
          closing = true
        })
        await payer.close()
        await store.close()
      },
    }
  } catch (error) {
    await payer.close()
    throw error
  }
}

/** Also of what is paid in the background: a wallet that takes no limit for fees is found out by what it says. */
export const sayingFees = (
  payer: Payer,
  terminal: Pick<Terminal, 'say' | 'paint'> | undefined,
): Payer => ({
  ...payer,
  pay: async (bolt11, limits) => {
    const payment = await payer.pay(bolt11, limits)
    if (payment.state === 'settled' && payment.fee !== null && payment.fee > limits.maxFee)
      terminal?.say(terminal.paint.yellow(overFeeLine(payment.fee, limits.maxFee)))
    return payment
  },
})

/** Nobody hears what a wallet says after the end: the ledger takes no more, and the next process asks again. */
const heardUntil = (payer: Payer, isOver: () => boolean): Payer => {
  const heard = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer
    } finally {
      if (isOver()) await new Promise(() => {})
    }
  }
  return {
    ...payer,
    pay: (...of) => heard(payer.pay(...of)),
    payStatus: (...of) => heard(payer.payStatus(...of)),
  }
}

/** The same without ledger and caps. The caller closes the payer. */
export const openUserWallet = async (options: UserOptions): Promise<UserWallet | null> => {
  const { settings, log = silentLog, passphraseFile } = options
  const net = settings.get('net')
  const connected = await readWallet(net)
  if (!connected && net !== 'sim') return null
  const signer = await daemonSigner(
    settings.get('pay.identity'),
    USUAL_IDENTITY,
    passphraseFile,
    options.terminal ?? openTerminal({ quiet: true }),
    (file) => log.info('identity_made', { file }),
  )
  const secp = await openSecp256k1()
  const seams: PaymentSeams = { clock: systemClock, random: systemRandom, secp, net }
  const connection = connected?.connection ?? playAccount(accountOf(signer))
  if (!connected && connection.kind === 'sim') await fundPlayAccount(connection, seams)
  const payer = await openPayer(connection, seams)
  const info = await payer.info().catch(async (fault: unknown) => {
    await payer.close()
    throw fault
  })
  return {
    payer,
    signer,
    seams,
    kind: connection.kind,
    fingerprint: fingerprintOf(connection, info, secp),
    account: connection.kind === 'sim' ? connection.account : null,
    balance: async () => {
      if (connection.kind !== 'sim') return null
      const { balanceOf } = await import('../../engine/payments/sim/faucet.ts')
      return balanceOf(connection, seams)
    },
  }
}

/** Says on the terminal what else only a log would hear: that an identity was made. */
export const sayingLog = (terminal: Terminal): Log => ({
  ...silentLog,
  info: (event, { file } = {}) => {
    if (event === 'identity_made') terminal.say(`made the identity of your tabs: ${String(file)}`)
  },
})

/** What a user allows. */
export const capsOf = (settings: Settings): SpendingCaps => ({
  maxPrice: settings.get('request.max_price') ?? null,
  budget: settings.get('pay.budget'),
  exposure: settings.get('pay.max_exposure'),
})

/** What to say where there is nothing to pay with. */
export const notConnected = (net: Net): Fault =>
  new Fault('config', 'wallet.none', `no wallet is connected on ${net}`, {
    hint: `connect one: fedai pay connect --net ${net} --file FILE`,
  })

/** The account of play money that belongs to an identity: its name shows the key to nobody. */
export const accountOf = (signer: Signer): string =>
  `payer-${toHex(signer.derive('fedai/1 play money').subarray(0, 8))}`
