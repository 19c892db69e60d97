import { type UnixMs, systemClock } from '../../engine/base/clock.ts'
import { Fault, isFault } from '../../engine/base/fault.ts'
import type { Net } from '../../engine/protocol/event.ts'
import { decide, openJournal } from '../../engine/spending/journal.ts'
import { ABSENT_MS } from '../../engine/spending/journal-news.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import type { MoneyStore } from '../../engine/storage/money-store.ts'
import { openPrompts } from '../prompts.ts'
import type { Terminal } from '../terminal.ts'
import { namer, readTrust } from '../trust/set.ts'
import { utc } from './invoice.ts'
import { standingOf } from './ledger.ts'
import { noTerminal } from './pay.ts'
import { type UserOptions, openUserWallet } from './purse.ts'
import { entryLine, labelled, money } from './show.ts'

type Options = Readonly<{ yes?: boolean | undefined; dryRun?: boolean | undefined }>

/**
 * `fedai pay resolve --give-up HASH`: a payment whose wallet is gone for good counts as not made, by the user's word
 * alone. While the wallet that sent it is connected, it is for that to say.
 * @param word the payment hash, how it begins, or as lines for people show it
 * @returns the payment as it stands then
 * @throws Fault `usage` `payment.not_open`; `again` `payment.payable`; `uncertain` `payment.open`; `interrupted`
 */
export const giveUp = async (
  store: MoneyStore,
  net: Net,
  word: string,
  options: Options,
  wallet: UserOptions & Readonly<{ terminal: Terminal }>,
): Promise<Entry> => {
  const { terminal } = wallet
  const entry = openOne(store, word)
  if (systemClock.now() < entry.expiresAt + ABSENT_MS) throw payable(entry)
  if (entry.wallet !== null && (await connected(wallet)) === entry.wallet)
    throw itsWalletIsHere(entry)
  terminal.say(
    labelled([
      ['gives up', [entryLine(entry, namer(readTrust()))]],
      ['then', ['it counts as not paid, and another invoice for the same may be paid']],
      ['if it arrived', [`${money(entry.msat, net)} are paid that this ledger knows nothing of`]],
    ]),
  )
  if (options.dryRun) return entry
  if (!options.yes) await askWhether(entry, net, terminal)
  await write(store, entry, systemClock.now())
  return store.payment(entry.hash) ?? entry
}

const openOne = (store: MoneyStore, word: string): Entry => {
  const [start = '', end = ''] = word.trim().toLowerCase().split('…')
  const { open } = standingOf(store)
  const found = open.filter(({ hash }) => hash.startsWith(start) && hash.endsWith(end))
  if (start.length >= SHORTEST && found.length === 1) return found[0]!
  throw new Fault(
    'usage',
    'payment.not_open',
    `${found.length === 1 ? 'too little is written of the hash' : `${start === '' ? 0 : found.length} open payments have this hash`}`,
    { hint: 'give the hash of one of these: fedai pay resolve --dry-run' },
  )
}

/** As many digits of the hash as lines for people show. */
const SHORTEST = 4

/** Fingerprint of the wallet that is connected; null where there is none, or it does not answer. */
const connected = async (options: UserOptions): Promise<string | null> => {
  try {
    const wallet = await openUserWallet(options)
    await wallet?.payer.close()
    return wallet?.fingerprint ?? null
  } catch (error) {
    if (isFault(error) && error.code.startsWith('wallet.')) return null
    throw error
  }
}

const askWhether = async (entry: Entry, net: Net, terminal: Terminal): Promise<void> => {
  if (!terminal.canAsk) throw noTerminal('a payment is given up')
  const { confirm } = await openPrompts()
  const answer = await confirm({
    message: `Give up ${money(entry.msat, net)}? Yes counts them as not paid, whatever became of them; no, the default, leaves all as it is`,
  })
  if (answer !== true) throw new Fault('interrupted', 'interrupted', 'the payment stays open')
}

/** @throws Fault `again` `money.elsewhere` where another process wrote meanwhile, which may have heard how it ended */
const write = async (store: MoneyStore, { hash, at }: Entry, now: UnixMs): Promise<void> => {
  const { entries, views } = store.spending(at)
  const journal = openJournal(entries, views, now, null)
  await store.write(decide(journal, { type: 'given_up', hash }, now).changes)
}

const payable = ({ expiresAt }: Entry): Fault => {
  const until = utc(expiresAt + ABSENT_MS)
  return new Fault('again', 'payment.payable', `its invoice can still be paid, until ${until}`, {
    hint: 'wait until then; ask its wallet: fedai pay resolve',
  })
}

const itsWalletIsHere = ({ wallet }: Entry): Fault =>
  new Fault(
    'uncertain',
    'payment.open',
    `the wallet that sent it, ${wallet}, is connected, and can say how it ended`,
    { hint: 'do not pay again; ask it: fedai pay resolve' },
  )
