import { showMsat } from '../../engine/base/money.ts'
import { paidNews } from '../../engine/roles/client/paid-news.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import type { Interrupt } from '../interrupt.ts'
import type { UserPurse } from '../pay/purse.ts'
import type { Terminal } from '../terminal.ts'
import type { Namer } from '../trust/set.ts'
import { eventLine } from './lines.ts'

type Leaving = Readonly<{ terminal: Terminal; stop: Interrupt; show: Namer }>

/**
 * Closes a purse after a job. The top-up that followed the job is waited for, so that it is paid when the command
 * ends: for 10 s, or 2.5 s after Ctrl-C. One that was not begun by then is not begun. Says what came of it.
 * @param unsure the job ends with 80: what is told to be looked at is not waited for
 */
export const leavePurse = async (
  { purse, money, close }: UserPurse,
  { terminal, stop, show }: Leaving,
  unsure: boolean,
): Promise<void> => {
  await close(async (over) => {
    if (unsure) return
    const before = purse.open()
    if (before.length > 0) terminal.progress('waiting for the payment to end')
    await within(stop, over)
    terminal.progress('')
    for (const { hash } of before) {
      const now = money.payment(hash)
      if (now?.state === 'settled' && now.payee !== null)
        terminal.say(eventLine(paidNews(now.payee, now), show))
    }
  })
  for (const line of openLines(purse.open(), show)) terminal.say(line)
}

/** What was begun and whose end nobody knows is not lost: it is in the journal. */
export const openLines = (open: readonly Entry[], show: Namer): string[] => {
  const lines: string[] = []
  // It follows a job that is done: nobody has it to pay again, and whoever comes next there looks how it stands.
  const topUps = open.filter(({ purpose, payee }) => purpose === 'topup' && payee !== null)
  for (const { payee, msat } of topUps)
    lines.push(
      `${showMsat(msat)} still on the way to the tab at ${show(payee!)}: the next job there looks how that ended`,
    )
  const rest = open.length - topUps.length
  if (rest === 0) return lines
  const count = `${rest} payment${rest === 1 ? ' is' : 's are'}`
  return [...lines, `${count} still under way; do not pay again`, 'fedai pay resolve']
}

const within = async (stop: Interrupt, over: Promise<void>): Promise<void> => {
  let timer: Timer | undefined
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ENDS_WITHIN_MS)
  })
  // Ctrl-C ends the wait as its end does: what is open by then is said by whoever waited.
  await stop.within(Promise.race([over, patience]), LEAVES_WITHIN_MS).catch(() => {})
  clearTimeout(timer)
}

const ENDS_WITHIN_MS = 10_000
/** After Ctrl-C a command is gone within 5 s. */
const LEAVES_WITHIN_MS = 2_500
