import { systemClock } from '../../engine/base/clock.ts'
import { type Fault, isFault } from '../../engine/base/fault.ts'
import type { Msat } from '../../engine/base/money.ts'
import { paths } from '../../engine/base/paths.ts'
import { systemRandom } from '../../engine/base/random.ts'
import { listKeys } from '../../engine/identity/keystore.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import type { Connection } from '../../engine/payments/connection.ts'
import { fingerprintOf } from '../../engine/payments/fingerprint.ts'
import { openPayer } from '../../engine/payments/open-payer.ts'
import { viewSim } from '../../engine/payments/sim/view.ts'
import { daemonSigner } from '../serve/identity.ts'
import { openTerminal } from '../terminal.ts'
import { type PlayAccount, playAccount, playMoneyPath } from './play.ts'
import { USUAL_IDENTITY, type UserOptions, accountOf } from './purse.ts'
import type { KnownWallet } from './show.ts'
import { readWallet } from './wallet-file.ts'

/** The wallet as far as it answers. */
export type Seen = Readonly<{
  /** null without one, and where it does not answer. */
  info: KnownWallet | null
  /** Of play money; null where no identity has one yet. */
  account: string | null
  balance: Msat | null
  fault: Fault | null
}>

/**
 * Looks at the wallet that this user would pay with, as `openUserWallet` opens it, and writes nothing: neither the
 * identity nor the account of play money is made, nor filled.
 * @returns what there is; a Fault of the wallet is in it, not thrown
 */
export const lookAtWallet = async (options: UserOptions): Promise<Seen> => {
  try {
    return { ...NOTHING, ...(await look(options)) }
  } catch (error) {
    if (!isFault(error)) throw error
    return { ...NOTHING, fault: error }
  }
}

const NOTHING: Seen = { info: null, account: null, balance: null, fault: null }

const look = async (options: UserOptions): Promise<Partial<Seen>> => {
  const net = options.settings.get('net')
  const connected = await readWallet(net)
  const connection = connected?.connection ?? (net === 'sim' ? await usualAccount(options) : null)
  if (!connection) return {}
  const secp = await openSecp256k1()
  if (connection.kind === 'sim') {
    const { info, balance } = viewSim(connection, { secp, net })
    // Play money that nobody has begun with is known by nothing yet.
    const fingerprint = info.nodeKey === null ? null : fingerprintOf(connection, info, secp)
    return { info: { ...info, fingerprint }, balance, account: connection.account || null }
  }
  return { info: await infoOf(connection, { clock: systemClock, random: systemRandom, secp, net }) }
}

const infoOf = async (
  connection: Connection,
  seams: Parameters<typeof openPayer>[1],
): Promise<KnownWallet> => {
  const payer = await openPayer(connection, seams)
  try {
    const info = await payer.info()
    return { ...info, fingerprint: fingerprintOf(connection, info, seams.secp) }
  } finally {
    await payer.close()
  }
}

/** The account of play money that is there without a wallet; one without a name before its identity is made. */
const usualAccount = async (options: UserOptions): Promise<PlayAccount> => {
  const name = options.settings.get('pay.identity')
  const isMade = name !== USUAL_IDENTITY || listKeys(paths(process.env).keys).includes(name)
  if (!isMade) return { kind: 'sim', path: playMoneyPath(), account: '' }
  const terminal = options.terminal ?? openTerminal({ quiet: true })
  const signer = await daemonSigner(
    name,
    USUAL_IDENTITY,
    options.passphraseFile,
    terminal,
    () => {},
  )
  return playAccount(accountOf(signer))
}
