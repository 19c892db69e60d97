import { showMsat } from '../../engine/base/money.ts'
import { paidNews } from '../../engine/roles/client/paid-news.ts'
import type { Outcome, PayingNews } from '../../engine/roles/client/news.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import type { Interrupt } from '../interrupt.ts'
import type { UserPurse } from '../pay/purse.ts'
import type { Terminal } from '../terminal.ts'
import type { Namer } from '../trust/set.ts'
import { eventLine } from './lines.ts'
import type { Teller } from './teller.ts'

type PaidNews = ReturnType<typeof paidNews>
type Leaving = Readonly<{ terminal: Terminal; stop: Interrupt; show: Namer }>

/**
 * Closes a purse after a job. The top-up that followed the job is waited for, so that it is paid when the command
 * ends: for 10 s, or 2.5 s after Ctrl-C. One that was not begun by then is not begun. Says what came of it; what other
 * commands pay is theirs to say.
 * @param unsure the job ends with 80: what is told to be looked at is not waited for
 * @returns whether a payment is left whose end somebody has to look for
 */
export const leavePurse = async (
  user: UserPurse,
  leaving: Leaving,
  unsure: boolean,
  told: Teller,
): Promise<boolean> => {
  const { purse, close } = user
  const { terminal, show } = leaving
  await close(async (over) => {
    if (unsure) return
    await waitOwn(user, leaving, over)
    for (const news of unsaid(user, told)) terminal.say(eventLine(news, show))
  })
  const open = openHere(purse)
  for (const line of openLines(open, show)) terminal.say(line)
  return open.some((it) => !isTopUp(it))
}

/**
 * Waits as long for what this command pays besides its job, and says what came of it.
 * @returns how the job ended, with what is left there after that
 */
export const awaitPaid = async (
  user: UserPurse,
  leaving: Leaving,
  told: Teller,
  outcome: Outcome,
): Promise<Outcome> => {
  const { node, left, leftEnds, fault } = outcome
  if (fault?.kind === 'uncertain') return outcome
  const before = new Set(settledHere(user).map(({ hash }) => hash))
  await waitOwn(user, leaving, user.purse.idle())
  for (const news of unsaid(user, told)) await told.news(news)
  const since = settledHere(user).filter((it) => !before.has(it.hash) && it.payee === node)
  if (left === null || leftEnds) return outcome
  return { ...outcome, left: since.reduce((sum, it) => sum + it.msat, left) }
}

const waitOwn = async (
  { purse }: UserPurse,
  { terminal, stop }: Leaving,
  over: Promise<void>,
): Promise<void> => {
  if (openHere(purse).length > 0) terminal.progress('waiting for the payment to end')
  await within(stop, over)
  terminal.progress('')
}

/** What this command pays that its job did not hear of. */
const unsaid = (user: UserPurse, { said }: Teller): (PayingNews | PaidNews)[] =>
  ownOf(user).flatMap((it) => {
    const { hash, payee: node, purpose } = it
    if (node === null || purpose === 'other') return []
    const what = purpose === 'topup' ? 'tab' : purpose
    const paying: PayingNews = { ...paidNews(node, it), type: 'paying', for: what }
    const isNew = !said.paying.has(hash)
    const isPaid = it.state === 'settled' && !said.paid.has(hash)
    return [...(isNew ? [paying] : []), ...(isPaid ? [paidNews(node, it)] : [])]
  })

const ownOf = ({ purse, money }: UserPurse): Entry[] =>
  [...purse.begunHere].flatMap((hash) => money.payment(hash) ?? [])

const settledHere = (user: UserPurse): Entry[] =>
  ownOf(user).filter(({ state }) => state === 'settled')

const openHere = ({ open, begunHere }: UserPurse['purse']): Entry[] =>
  open().filter(({ hash }) => begunHere.has(hash))

/** What was begun and whose end nobody knows is not lost: it is in the journal. */
export const openLines = (open: readonly Entry[], show: Namer): string[] => {
  const lines: string[] = []
  // It follows a job that is done: nobody has it to pay again, and whoever comes next there looks how it stands.
  const topUps = open.filter(isTopUp)
  for (const { payee, msat } of topUps)
    lines.push(
      `${showMsat(msat)} still on the way to the tab at ${show(payee!)}: the next job there looks how that ended`,
    )
  const rest = open.length - topUps.length
  if (rest === 0) return lines
  const count = `${rest} payment${rest === 1 ? ' is' : 's are'}`
  return [...lines, `${count} still under way; do not pay again`, 'fedai pay resolve']
}

const isTopUp = ({ purpose, payee }: Entry): boolean => purpose === 'topup' && payee !== null

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
