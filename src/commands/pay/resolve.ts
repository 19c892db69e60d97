import type { z } from 'zod'
import type { Net } from '../../engine/protocol/event.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { count } from '../figures.ts'
import { interrupted, onInterrupt } from '../interrupt.ts'
import { readSettings } from '../settings.ts'
import { type Terminal, openTerminal } from '../terminal.ts'
import { namer, readTrust } from '../trust/set.ts'
import { stillOpen } from './ends.ts'
import { isOpen, openUserLedger, readUserLedger, standingOf } from './ledger.ts'
import { notConnected, openUserPurse } from './purse.ts'
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
 * `fedai pay resolve`: asks the wallet how each payment ended whose end is not known. Pays nothing. With `--give-up`
 * it asks nobody, and one payment ends by the user's word (give-up.ts).
 * @throws Fault `uncertain` (80) where it is not known of one; those of openUserPurse
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
  const before = openPayments(net)
  // Without any there is nothing to ask a wallet, which may be gone by now.
  if (before.length === 0 || options.dryRun) return tell(terminal, net, before, 'as it stands')
  const user = await openUserPurse({ settings, terminal, passphraseFile })
  if (!user) throw notConnected(net)
  const stop = onInterrupt(terminal.gone)
  try {
    terminal.progress(`asking the wallet about ${count(before.length, 'payment')}`)
    await stop.within(user.purse.resolve(), 0)
    terminal.progress('')
    const now = before.map((it) => user.money.payment(it.hash) ?? it)
    await tell(terminal, net, now, 'asked')
    if (stop.asked()) throw interrupted()
    const open = now.filter(isOpen)
    if (open.length > 0) throw stillOpen(open, net, user.fingerprint)
  } finally {
    stop.release()
    await user.close()
  }
}

const openPayments = (net: Net): readonly Entry[] => readUserLedger(net, standingOf).open

const tell = async (
  terminal: Terminal,
  net: Net,
  payments: readonly Entry[],
  how: 'as it stands' | 'asked' | 'given up',
): Promise<void> => {
  const open = payments.filter(isOpen).length
  const object: z.output<typeof resolutionShape> = {
    v: 1,
    type: 'resolution',
    net,
    payments: payments.map(entryObject),
    open,
  }
  if (terminal.json) return emitResult(terminal, object, () => '')
  const show = namer(readTrust())
  for (const it of payments) await terminal.emit(`${entryLine(it, show)}\n`)
  if (payments.length === 0) terminal.say('no payment is open: how each ended is known')
  else if (how === 'as it stands') terminal.say('nobody was asked')
}
