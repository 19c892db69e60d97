import type { z } from 'zod'
import { systemClock } from '../../engine/base/clock.ts'
import { type Fault, isFault } from '../../engine/base/fault.ts'
import { systemRandom } from '../../engine/base/random.ts'
import type { Net } from '../../engine/protocol/event.ts'
import { type Result, paidRows, resultsIn } from '../../engine/roles/client/results.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { isOut } from '../../engine/spending/journal-news.ts'
import { count } from '../figures.ts'
import { interrupted, onInterrupt } from '../interrupt.ts'
import { readSettings } from '../settings.ts'
import { type Terminal, openTerminal } from '../terminal.ts'
import { namer, readTrust } from '../trust/set.ts'
import { unlock } from '../unlock.ts'
import { stillOpen, unasked } from './ends.ts'
import { openUserLedger, readUserLedger, standingOf } from './ledger.ts'
import { type UserOptions, notConnected, openUserPurse } from './purse.ts'
import { forgetResults, keptWords, resultObject, showResults } from './results.ts'
import type { resolutionShape } from './shape.ts'
import { emitResult, entryLine, entryObject } from './show.ts'

type Options = Readonly<{
  net?: string | undefined
  passphraseFile?: string | undefined
  giveUp?: string | undefined
  yes?: boolean | undefined
  dryRun?: boolean | undefined
  json?: boolean | undefined
}>

/**
 * `fedai pay resolve`: asks the wallet how each payment ended whose end is not known, and hands out results that came
 * locked and are paid now. Pays nothing. With `--give-up` it asks nobody, and one payment ends by the user's word
 * (give-up.ts).
 * @throws Fault `uncertain` (80) where it is not known of one, also where its wallet cannot be asked;
 *   `verification` `hold.nonsense`; `config` `hold.identity` where another identity kept one
 */
export const resolvePayments = async (options: Options): Promise<void> => {
  const terminal = openTerminal(options)
  const settings = await readSettings({ net: options.net })
  const net = settings.get('net')
  const { passphraseFile, giveUp: word } = options
  if (word !== undefined) {
    const store = await openUserLedger(net)
    try {
      const { giveUp } = await import('./give-up.ts')
      const wallet = { settings, terminal, passphraseFile }
      const entry = await giveUp(store.money, net, word, options, wallet)
      return await tell(terminal, net, [entry], 'given up')
    } finally {
      await store.close()
    }
  }
  const before = readUserLedger(net, standingOf).open
  if (options.dryRun) return tell(terminal, net, before, 'as it stands')
  // Without an open payment there is nothing to ask a wallet, which may be gone by now: the ledger has all.
  if (before.length === 0) return handOut({ settings, terminal, passphraseFile }, net)
  const user = await openUserPurse({ settings, terminal, passphraseFile }).catch(faultIn)
  if (!user || user instanceof Error) {
    await tell(terminal, net, before, 'as it stands')
    throw unasked(before, net, user ?? notConnected(net))
  }
  const stop = onInterrupt(terminal.gone)
  try {
    terminal.progress(`asking the wallet about ${count(before.length, 'payment')}`)
    await stop.within(user.purse.resolve(), 0)
    terminal.progress('')
    const now = before.map((it) => user.money.payment(it.hash) ?? it)
    const { results, pin } = user.purse
    const found = results.all()
    await tell(terminal, net, now, 'asked', found)
    const wrong = await forgetResults(found, results, terminal, pin)
    if (stop.asked()) throw interrupted()
    const open = now.filter(isOut)
    if (open.length > 0) throw stillOpen(open, net, user.fingerprint)
    if (wrong) throw wrong
  } finally {
    stop.release()
    await user.close()
  }
}

/** Prints results that are paid, and forgets them. Only the identity that kept them opens them. */
const handOut = async (user: UserOptions & { terminal: Terminal }, net: Net): Promise<void> => {
  const { terminal } = user
  if (readUserLedger(net, paidRows).length === 0) return tell(terminal, net, [], 'as it stands')
  const signer = await unlock(user.settings.get('pay.identity'), user.passphraseFile, terminal)
  const store = await openUserLedger(net)
  try {
    const { money } = store
    const results = resultsIn({ store: money, clock: systemClock, signer, random: systemRandom })
    const found = results.all()
    await tell(terminal, net, [], 'as it stands', found)
    const wrong = await forgetResults(found, results, terminal)
    if (wrong) throw wrong
  } finally {
    await store.close()
  }
}

/** Whatever keeps us from asking: what is open stays open, and that is the answer. */
const faultIn = (error: unknown): Fault => {
  if (isFault(error) && error.kind !== 'interrupted' && error.kind !== 'bug') return error
  throw error
}

const tell = async (
  terminal: Terminal,
  net: Net,
  payments: readonly Entry[],
  how: 'as it stands' | 'asked' | 'given up',
  results: readonly Result[] = [],
): Promise<void> => {
  const open = payments.filter(isOut).length
  const paid = results.length || readUserLedger(net, paidRows).length
  const handed = results.filter(({ shut }) => shut === null).length
  const kept = paid - handed
  const object: z.output<typeof resolutionShape> = {
    v: 1,
    type: 'resolution',
    net,
    payments: payments.map(entryObject),
    open,
    results: results.map(resultObject),
    kept: kept - handed,
  }
  if (terminal.json) return emitResult(terminal, object, () => '')
  const show = namer(readTrust())
  // A result has stdout for itself, so that it can be led into a file.
  for (const it of payments)
    if (handed > 0) terminal.say(entryLine(it, show))
    else await terminal.emit(`${entryLine(it, show)}\n`)
  await showResults(results, terminal, show)
  if (results.length > 0) return
  if (payments.length === 0) terminal.say('no payment is open: how each ended is known')
  else if (how === 'as it stands') terminal.say('nobody was asked')
  if (kept > 0)
    terminal.say(`${keptWords(kept)}: fedai pay resolve prints ${kept === 1 ? 'it' : 'them'}`)
}
