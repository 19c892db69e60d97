import type { z } from 'zod'
import { systemClock } from '../../engine/base/clock.ts'
import { Fault, isFault } from '../../engine/base/fault.ts'
import { systemRandom } from '../../engine/base/random.ts'
import { openSecp256k1 } from '../../engine/identity/secp256k1.ts'
import { fingerprintOf } from '../../engine/payments/fingerprint.ts'
import { type Connection, parseConnection } from '../../engine/payments/connection.ts'
import { openPayer } from '../../engine/payments/open-payer.ts'
import type { Net } from '../../engine/protocol/event.ts'
import { readText } from '../read.ts'
import { readSettings } from '../settings.ts'
import { openPrompts } from '../prompts.ts'
import { type Terminal, openTerminal } from '../terminal.ts'
import { readSecret } from '../unlock.ts'
import { stillOpen } from './ends.ts'
import { openUserLedger, standingOf } from './ledger.ts'
import type { connectionShape } from './shape.ts'
import { type KnownWallet, emitResult, labelled, walletLines, walletObject } from './show.ts'
import { CONNECTION_BYTES, readWallet, storeWallet, walletPath } from './wallet-file.ts'

type Options = Readonly<{
  net?: string | undefined
  file?: string | undefined
  yes?: boolean | undefined
  dryRun?: boolean | undefined
  json?: boolean | undefined
}>

/**
 * `fedai pay connect`: a wallet to pay with, from a connection string that is read, never typed as an argument.
 * It is opened and looked at before it is kept.
 * @param words of the command line: there may be none
 * @throws Fault `usage` `wallet.connection` | `pay.secret_argument` | `pay.no_terminal`; `config` `wallet.net` |
 *   `wallet.cannot_pay`; `uncertain` where payments of the wallet before are open; those of openPayer
 */
export const connectWallet = async (words: readonly string[], options: Options): Promise<void> => {
  const terminal = openTerminal(options)
  if (words.length > 0) throw secretArgument()
  const settings = await readSettings({ net: options.net })
  const net = settings.get('net')
  const text = await connectionText(options.file, terminal)
  const connection = parseConnection(text)
  const seams = {
    clock: systemClock,
    random: systemRandom,
    secp: await openSecp256k1(),
    net,
  }
  terminal.progress('asking the wallet what it can do')
  const payer = await openPayer(connection, seams).catch((error: unknown) => {
    throw isFault(error) && error.code === 'wallet.net'
      ? withNet(error, connection.kind, net)
      : error
  })
  try {
    const info = await payer.info()
    const fingerprint = fingerprintOf(connection, info, seams.secp)
    terminal.progress('')
    const before = await readWallet(net)
    const status = options.dryRun ? 'checked' : before?.text === text ? 'unchanged' : 'stored'
    if (status === 'stored') {
      await mayReplace(net, fingerprint, before !== null, options, terminal)
      await storeWallet(net, text)
    }
    await tell(terminal, status, net, { ...info, fingerprint })
    const isUsual = settings.sourceOf('net').from !== 'flag'
    if (status !== 'checked' && !isUsual)
      terminal.say(`to use it without --net: net = "${net}" in fedai.toml`)
  } finally {
    await payer.close()
  }
}

/** What stands in the text is the wallet’s money: it comes from stdin, from a file, or is typed unseen. */
const connectionText = async (file: string | undefined, terminal: Terminal): Promise<string> => {
  if (file !== undefined) return (await readSecret(file, CONNECTION_BYTES)).trim()
  if (!terminal.inIsTTY) return (await readText('-', CONNECTION_BYTES)).trim()
  if (!terminal.canAsk) throw nothingToRead()
  const { password } = await openPrompts()
  const answer = await password({
    message: 'Connection string of the wallet (it is not shown)',
  })
  if (answer === null) throw new Fault('interrupted', 'interrupted', 'nothing was stored')
  return answer.trim()
}

/**
 * Another wallet knows nothing of payments that are open, so none takes the place of the one that sent them. That may
 * have no file: the account of play money that is there without one, or one whose file was taken away. It may be
 * connected again, also by another text. Which one sent a payment from before that was written down nobody knows, so that
 * it keeps none away; nor does it then end as failed by the word of any (journal-news.ts).
 */
const mayReplace = async (
  net: Net,
  fingerprint: string,
  isThere: boolean,
  { yes }: Options,
  terminal: Terminal,
): Promise<void> => {
  const store = await openUserLedger(net)
  const { open } = standingOf(store.money)
  await store.close()
  const others = open.filter(({ wallet }) => wallet !== null && wallet !== fingerprint)
  if (others.length > 0) {
    const { kind, code, message, hint } = stillOpen(others, net, fingerprint, 'would be')
    const file = isThere || net === 'sim' ? '' : `its file is ${walletPath(net)}, mode 0600\n`
    throw new Fault(kind, code, message, { hint: `${file}${hint}` })
  }
  if (yes || !isThere) return
  if (!terminal.canAsk)
    throw new Fault('usage', 'pay.no_terminal', `a wallet is connected on ${net} already`, {
      hint: 'replace it by --yes',
    })
  const { confirm } = await openPrompts()
  const answer = await confirm({
    message: `A wallet is connected on ${net} already. Yes puts this one in its place; no, the default, keeps it`,
  })
  if (answer !== true)
    throw new Fault('interrupted', 'interrupted', 'the wallet that was there is kept')
}

const tell = async (
  terminal: Terminal,
  status: z.output<typeof connectionShape>['status'],
  net: Net,
  info: KnownWallet,
): Promise<void> => {
  const file = walletPath(net)
  const object: z.output<typeof connectionShape> = {
    v: 1,
    type: 'connection',
    status,
    net,
    file,
    wallet: walletObject(info),
  }
  const where = {
    stored: `${file}, readable by you alone`,
    unchanged: `${file}, as before`,
    checked: 'nowhere: --dry-run',
  }
  await emitResult(terminal, object, () =>
    labelled([
      ['wallet', walletLines(info)],
      ['kept in', [where[status]]],
    ]),
  )
  if (status !== 'checked') terminal.say('try: fedai pay status')
}

/** What to type instead; a wallet that told its network has it in its hint already. */
const withNet = (fault: Fault, kind: Connection['kind'], net: Net): Fault => {
  const theirs = kind === 'sim' ? 'sim' : net === 'sim' ? 'mainnet' : null
  if (theirs === null) return fault
  const hint = `name the network of the wallet: fedai pay connect --net ${theirs}`
  return new Fault(fault.kind, fault.code, fault.message, { hint, cause: fault })
}

export const secretArgument = (): Fault =>
  new Fault(
    'usage',
    'pay.secret_argument',
    'a connection string does not belong on a command line, where other users can read it',
    {
      hint: 'make a new one in the wallet, since this one may have been seen\nthen: fedai pay connect --file FILE, or pipe it into fedai pay connect',
    },
  )

const nothingToRead = (): Fault =>
  new Fault('usage', 'pay.no_terminal', 'there is no connection string to read', {
    hint: 'pipe it into fedai pay connect, or name a file: --file FILE',
  })
