import { Fault } from '../../engine/base/fault.ts'
import { type Msat, msat, parseAmount } from '../../engine/base/money.ts'
import type { Pinned } from '../../engine/identity/keys.ts'
import type { PubKey } from '../../engine/protocol/ids.ts'
import { openClient } from '../../engine/roles/client/client.ts'
import type { Client, News, ToppedUp, TopUpWish } from '../../engine/roles/client/news.ts'
import { capFlaw } from '../../engine/spending/caps.ts'
import type { Entry } from '../../engine/spending/journal-rows.ts'
import { leftOn } from '../../engine/spending/ledger.ts'
import type { Lock } from '../../engine/storage/lock.ts'
import { type Interrupt, onInterrupt } from '../interrupt.ts'
import { findRouters } from '../running.ts'
import { readSettings } from '../settings.ts'
import { openPrompts } from '../prompts.ts'
import { type Terminal, openTerminal } from '../terminal.ts'
import { type Namer, namer, readTrust } from '../trust/set.ts'
import { skippedLine } from '../request/lines.ts'
import { stillOpen } from './ends.ts'
import { lastTopUp, standingOf } from './ledger.ts'
import { nodeOf } from './node-word.ts'
import { noTerminal } from './pay.ts'
import { type UserPurse, notConnected, openUserPurse, sayingLog } from './purse.ts'
import { money } from './show.ts'
import { showPlan, showProgress, tellEnd } from './top-up-show.ts'
import { joinedLine, joinedTopUp, takeTurn, turnPath } from './turn.ts'

type Options = Readonly<{
  net?: string | undefined
  router?: readonly string[] | undefined
  budget?: string | undefined
  maxExposure?: string | undefined
  maxFee?: string | undefined
  passphraseFile?: string | undefined
  yes?: boolean | undefined
  dryRun?: boolean | undefined
  json?: boolean | undefined
  quiet?: boolean | undefined
}>

/** One top-up on its way through this command. */
export type TopUpOrder = Readonly<{
  user: UserPurse
  terminal: Terminal
  stop: Interrupt
  show: Namer
  node: PubKey
  amount: Msat | null
  maxFee: Msat | null
  /** When this process began, ms since 1970. */
  since: number
  /** What was paid into this tab last before: a command that was killed may have been this very one. */
  last: Entry | null
}>

/** Before it is known what was paid there last. */
type Asked = Omit<TopUpOrder, 'last'>

/** How long a router may take to answer where there is another one to ask. */
const CONNECT_MS = 2_000

/**
 * `fedai pay top-up NODE [AMOUNT]`: pays into the tab at a node, and waits until that says that it has it.
 * @throws Fault of nodeOf, findRouters, openUserPurse, topUpSum; capFlaw (77); `uncertain` (80) where nobody can say
 *   how it ended, or an earlier payment to that node has no end yet
 */
export const topUpTab = async (
  word: string,
  amountWord: string | undefined,
  options: Options,
): Promise<void> => {
  const terminal = openTerminal(options)
  const amount = amountWord === undefined ? null : parseAmount(amountWord, 'the amount')
  const maxFee = options.maxFee === undefined ? null : parseAmount(options.maxFee, '--max-fee')
  const named = options.router && findRouters(options.router)
  const settings = await readSettings({
    net: options.net,
    'pay.budget': options.budget,
    'pay.max_exposure': options.maxExposure,
  })
  if (!options.yes && !options.dryRun && !terminal.canAsk) throw noTerminal()
  const trust = readTrust()
  const log = sayingLog(terminal)
  const user = await openUserPurse({
    settings,
    terminal,
    log,
    passphraseFile: options.passphraseFile,
  })
  if (!user) throw notConnected(settings.get('net'))
  const stop = onInterrupt(terminal.gone, () => terminal.progress('leaving'))
  let turn: Lock | null = null
  try {
    const tabs = standingOf(user.money).tabs.map((it) => it.payee)
    const node = nodeOf(word, trust, tabs)
    const since = performance.timeOrigin
    const asked = { user, terminal, stop, show: namer(trust), node, amount, maxFee, since }
    const takes = async (): Promise<void> => void (turn ??= await takeTurn(waiterOf(asked)))
    // Who is asked first keeps nobody waiting meanwhile.
    if (options.yes && !options.dryRun) await takes()
    if (await hasArrived(asked)) return
    const last = lastTopUp(user.money, user.purse.tab(node).pubkey)
    const routers = named ?? findRouters(settings.get('routers'))
    await topUp({ ...asked, last }, routers, options, takes)
  } finally {
    terminal.progress('')
    stop.release()
    await user.close()
    ;(turn as Lock | null)?.release()
  }
}

const waiterOf = ({ user, node, stop, terminal, show }: Asked): Parameters<typeof takeTurn>[0] => ({
  path: turnPath(user.net, node),
  signal: stop.signal,
  waits: () =>
    terminal.say(
      `another command pays into the tab at ${show(node)}: waits for its end · Ctrl-C leaves`,
    ),
})

/**
 * Where one over the same sum was under way since this command began, that is what was asked for: also where a command
 * that was killed had sent it. It is not paid again.
 * @returns true where one has settled: that is the answer
 */
const hasArrived = async (order: Asked): Promise<boolean> => {
  const { user, terminal, node, amount, since } = order
  const open = await ended(order)
  if (open.length > 0) throw stillOpen(open, user.net, user.fingerprint)
  const tab = user.purse.tab(node).pubkey
  const paid = joinedTopUp(user.money, tab, { since, amount, own: user.purse.begunHere })
  if (!paid) return false
  terminal.say(joinedLine(paid))
  const { msat: sum, maxFee, fee } = paid
  const left = leftOn(user.purse.view(node))
  const end = { node, msat: sum, maxFee, fee, paid: true, left, fault: null }
  await tellEnd({ ...order, last: null }, null, end, 'paid_before')
  return true
}

/** Those that have no end still: what another command pays at this moment has one soon. */
const ended = async ({ user, stop, node }: Asked): Promise<Entry[]> => {
  for (let looks = 0; ; looks++) {
    const all = await user.purse.resolve()
    const open = all.filter((it) => it.payee === node && it.purpose === 'topup')
    const mayEnd = open.every(({ wallet }) => wallet === user.fingerprint)
    if (open.length === 0 || !mayEnd || looks === LOOKS || stop.signal.aborted) return open
    await Bun.sleep(LOOK_MS)
  }
}

const LOOKS = 12
const LOOK_MS = 250

const topUp = async (
  order: TopUpOrder,
  routers: readonly Pinned[],
  options: Options,
  takes: () => Promise<void>,
): Promise<void> => {
  const { user, node, maxFee } = order
  const { client, plan } = await routerThatKnows(order, routers)
  try {
    showPlan(order, plan)
    const outlay = { price: msat(0n), msat: plan.msat!, maxFee: plan.maxFee! }
    // What its node does not know does not lie there.
    const isThere = plan.left > 0n && user.purse.view(node).lostAt === null
    const here = isThere ? plan.left : 0n
    const flaw = capFlaw(
      { ...user.caps, maxPrice: null },
      { today: user.purse.spentToday(), here },
      outlay,
    )
    if (flaw) throw flaw
    if (options.dryRun) return await tellEnd(order, client.router, plan, 'dry_run')
    if (!options.yes) {
      await askWhether(order, plan)
      await takes()
      if (await hasArrived(order)) return
    }
    // Exactly what was shown and agreed to.
    const end = await follow(order, client, { node, amount: plan.msat, maxFee, dryRun: false })
    if (end.fault || user.purse.begunHere.size > 0)
      await tellEnd(order, client.router, end, statusOf(end))
    else await tellOthers(order, client, end)
    if (end.fault) throw end.fault
  } finally {
    await client.close()
  }
}

/** A job of another process wanted the same there, and has paid the one invoice of both. */
const tellOthers = async (order: TopUpOrder, client: Client, end: ToppedUp): Promise<void> => {
  const { user, terminal, node } = order
  terminal.say(joinedLine({ msat: end.msat! }))
  const paid = lastTopUp(user.money, user.purse.tab(node).pubkey)
  const fee = paid?.msat === end.msat ? paid!.fee : null
  await tellEnd(order, client.router, { ...end, fee: end.fee ?? fee }, 'paid_before')
}

/** The first router that has this node, and what the top-up comes to there. */
const routerThatKnows = async (
  order: TopUpOrder,
  routers: readonly Pinned[],
): Promise<{ client: Client; plan: ToppedUp }> => {
  const { user, terminal, show, node, amount, maxFee } = order
  const { purse, caps, net } = user
  for (const router of routers) {
    const isLast = router === routers.at(-1)
    const connect = isLast ? {} : { connectMs: CONNECT_MS }
    const client = await openClient({ router, net, money: { purse, caps }, ...connect })
    const plan = await follow(order, client, { node, amount, maxFee, dryRun: true })
    const { fault } = plan
    if (!fault) return { client, plan }
    await client.close()
    const mayMoveOn = fault.kind === 'unavailable' || MOVES_ON.has(fault.code)
    if (isLast || !mayMoveOn) throw fault
    terminal.say(skippedLine({ router, fault }, show, terminal.paint))
  }
  throw new Fault('bug', 'routers.empty', 'a client without a router cannot ask')
}

const MOVES_ON: ReadonlySet<string> = new Set(['router.wrong_key', 'top_up.proof'])

const follow = async (order: TopUpOrder, client: Client, wish: TopUpWish): Promise<ToppedUp> => {
  for await (const news of client.topUp(wish, order.stop.signal)) {
    if (isEnd(news)) return news
    showProgress(order, news)
  }
  throw new Fault('bug', 'top_up.no_end', 'the top-up ended without saying how')
}

const isEnd = (news: News): news is Extract<News, { type: 'topped_up' }> =>
  news.type === 'topped_up'

const statusOf = ({ fault, paid }: ToppedUp): 'paid' | 'unheard' | 'failed' | 'unknown' => {
  if (!fault) return 'paid'
  if (paid) return 'unheard'
  return fault.kind === 'uncertain' ? 'unknown' : 'failed'
}

const askWhether = async ({ user, show, node }: TopUpOrder, plan: ToppedUp): Promise<void> => {
  const { confirm } = await openPrompts()
  const answer = await confirm({
    message: `Pay ${money(plan.msat!, user.net)} into your tab at ${show(node)}? Yes sends it, and it cannot be paid back; no, the default, leaves all as it is`,
  })
  if (answer !== true) throw new Fault('interrupted', 'interrupted', 'nothing was paid')
}
