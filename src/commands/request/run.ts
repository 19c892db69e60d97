import { Fault, asFault } from '../../engine/base/fault.ts'
import type { Outcome, Wish } from '../../engine/roles/client/news.ts'
import type { Several, Skipped } from '../../engine/roles/client/several.ts'
import type { Task } from '../../engine/tasks/task.ts'
import type { Net } from '../../engine/protocol/event.ts'
import type { UserPurse } from '../pay/purse.ts'
import { type Interrupt, onInterrupt } from '../interrupt.ts'
import { findRouters } from '../running.ts'
import { readSettings } from '../settings.ts'
import { type Terminal, openTerminal } from '../terminal.ts'
import { type Namer, namer, readTrust } from '../trust/set.ts'
import { parseName } from '../values.ts'
import { filePrinter, jsonPrinter, textPrinter } from './print.ts'
import { checkArguments } from './input.ts'
import { awaitPaid, leavePurse } from './leave.ts'
import { eventLine, skippedLine } from './lines.ts'
import { offersObject, offersText } from './offers.ts'
import { endOf, leftPaying, skippedObject } from './result.ts'
import type { RequestEvent } from './shape.ts'
import { type Teller, teller } from './teller.ts'
import { parseWhere, whereOf } from './where.ts'
import { type WishOptions, planOf } from './wish.ts'

type Options = WishOptions &
  Readonly<{
    router?: readonly string[] | undefined
    where?: readonly string[] | undefined
    prefer?: string | undefined
    as?: string | undefined
    passphraseFile?: string | undefined
    out?: string | undefined
    dryRun?: boolean | undefined
    json?: boolean | undefined
    stream?: boolean | undefined
    quiet?: boolean | undefined
    net?: string | undefined
    timing?: readonly string[] | undefined
    budget?: string | undefined
    tab?: string | undefined
    maxExposure?: string | undefined
  }>

/** How long a cancelled job may take to say how it ended. */
const AFTER_CANCEL_MS = 5_000

/**
 * `fedai request`: one job, from the command line to its receipt.
 * @param prompt the words of the command line; undefined where there are none
 * @throws Fault of whatever kept it from ending well, after everything that came was shown
 */
export const runRequest = async (prompt: string | undefined, options: Options): Promise<void> => {
  const terminal = openTerminal(options)
  checkOutput(options)
  if (options.as !== undefined) parseName(options.as, '--as')
  checkArguments()
  const plan = planOf(prompt, options, !terminal.inIsTTY)
  const named = options.router && findRouters(options.router)
  const rules = options.where && parseWhere(options.where)
  const settings = await readSettings({
    net: options.net,
    'request.prefer': options.prefer,
    'request.timing': options.timing,
    'pay.budget': options.budget,
    'pay.tab': options.tab,
    'pay.max_exposure': options.maxExposure,
  })
  const net = settings.get('net')
  const timings = settings.get('request.timing')
  const tab = settings.get('pay.tab')
  const trust = readTrust()
  const routers = named ?? findRouters(settings.get('routers'))
  const plain = await plan.wish({
    cap: settings.get('request.max_price') ?? null,
    deadlineMs: settings.get('request.deadline'),
    waitMs: settings.get('request.wait'),
    where: await whereOf(rules ?? parseWhere(settings.get('request.where')), trust),
    prefer: settings.get('request.prefer'),
  })
  const wish = timings.length > 0 ? { ...plain, timings } : plain
  if (options.out !== undefined) await (await import('../write.ts')).checkWritable(options.out)
  const identity = options.as ?? settings.get('request.identity')
  const signer =
    identity === undefined
      ? undefined
      : await (await import('../unlock.ts')).unlock(identity, options.passphraseFile, terminal)
  const stop = onInterrupt(terminal.gone, () =>
    terminal.progress('stopping · Ctrl-C again leaves at once'),
  )
  try {
    const { openSeveral } = await import('../../engine/roles/client/several.ts')
    const order = { terminal, stop, wish, task: plan.task, show: namer(trust), net }
    const told = teller((news) => terminal.say(eventLine(news, order.show)))
    const openWith =
      (money: UserPurse | null): Open =>
      (skipped) =>
        openSeveral({
          routers,
          net,
          skipped,
          tab,
          background: told.background,
          ...(signer && { signer }),
          ...(money && { money }),
        })
    if (options.dryRun) return await showOffers(order, openWith(null))
    const { openUserPurse } = await import('../pay/purse.ts')
    const broken: Fault[] = []
    const money = await openUserPurse({ settings, terminal, broken: (it) => void broken.push(it) })
    if (money && tab === 'off')
      terminal.say('tab off: what is paid and not used is gone when this command ends')
    const fault = await serve(order, options, openWith(money), {
      told,
      paid: async (outcome) => (money ? awaitPaid(money, order, told, outcome) : outcome),
      shown: async (job) => money && handedOut(terminal, money, job),
    }).then(() => null, asFault)
    const unsure = fault?.kind === 'uncertain'
    const isOpen = money !== null && (await leavePurse(money, order, unsure, told))
    if (fault?.kind === 'interrupted' && isOpen) throw leftPaying(null)
    if (fault) throw fault
    // Its result is there, and what it cost is in no book.
    if (broken[0]) throw broken[0]
  } finally {
    terminal.progress('')
    stop.release()
  }
}

/** What was kept of a job by `hold`: forgotten once it was shown, and only then. */
const handedOut = async (
  terminal: Terminal,
  { purse, money }: UserPurse,
  job: Outcome['job'],
): Promise<void> => {
  if (terminal.took()) return purse.results.taken(job)
  if (!money.locked().some((it) => it.job === job)) return
  const { STILL_KEPT } = await import('../pay/results.ts')
  terminal.say(STILL_KEPT)
}

type Order = Readonly<{
  terminal: Terminal
  stop: Interrupt
  wish: Wish
  task: Task
  show: Namer
  net: Net
}>
type Open = (skipped: (it: Skipped) => void) => Several
type Following = Readonly<{
  told: Teller
  /** Waits for what is paid besides the job. @returns how it stands then */
  paid: (outcome: Outcome) => Promise<Outcome>
  shown: (job: Outcome['job']) => Promise<unknown>
}>

const checkOutput = (options: Options): void => {
  if (options.stream && !options.json)
    throw wrong('--stream goes with --json', 'add --json: text streams anyway')
  if (options.stream && options.out !== undefined)
    throw wrong('--out keeps a whole result, --stream prints pieces', 'keep one')
  if (options.dryRun && options.out !== undefined)
    throw wrong('--dry-run has no result to write', 'leave --out out')
}

const wrong = (message: string, hint: string): Fault =>
  new Fault('usage', 'request.output', message, { hint })

const showOffers = async (
  { terminal, stop, wish, task, show, net }: Order,
  open: Open,
): Promise<void> => {
  const events: RequestEvent[] = []
  const client = open((it) => {
    events.push(skippedObject(it))
    terminal.say(skippedLine(it, show, terminal.paint))
  })
  try {
    terminal.progress('asking for offers')
    const found = await stop.within(client.offers(wish), 0)
    const text = terminal.json
      ? JSON.stringify(offersObject(task.name, found, events, net))
      : offersText(found, found.after ? await leftAt(found.lines[0]!.node, net) : 0n, show, net)
    await terminal.emit(`${text}\n`)
  } finally {
    await client.close()
  }
}

/** On our tabs at a node, by the ledger alone: a dry run opens no wallet. */
const leftAt = async (node: string, net: Net): Promise<bigint> => {
  const { readUserLedger, standingOf } = await import('../pay/ledger.ts')
  const tabs = readUserLedger(net, standingOf).tabs.filter(
    ({ payee, broken, lostAt }) => payee === node && !broken && lostAt === null,
  )
  return tabs.reduce((sum, { paid, used }) => sum + (paid > used ? paid - used : 0n), 0n)
}

const serve = async (
  { terminal, stop, wish, task, show }: Order,
  options: Options,
  open: Open,
  { told, paid, shown }: Following,
): Promise<void> => {
  const started = performance.now()
  const printer =
    options.out !== undefined
      ? filePrinter(terminal, task, options.out, started, show)
      : terminal.json
        ? jsonPrinter(terminal, Boolean(options.stream))
        : textPrinter(terminal, task, started, { show })
  told.to(printer)
  const client = open((it) => void printer.skipped(it))
  terminal.progress('asking for offers')
  const follow = async (): Promise<Outcome> => {
    for await (const news of client.request(wish, stop.signal)) {
      if (news.type === 'ended') return news.outcome
      await told.news(news)
    }
    throw new Fault('bug', 'request.no_end', 'the job ended without an outcome')
  }
  try {
    const ended = await stop.within(follow(), AFTER_CANCEL_MS)
    // An object says all at once: what follows the job, too.
    const outcome = options.json ? await paid(ended) : ended
    told.to(null)
    const unwritten = await printer.end(outcome)
    // From here on it need not be kept, where it was shown.
    if (outcome.output !== null) await shown(outcome.job)
    if (unwritten) throw unwritten
    const fault = endOf(outcome, stop)
    if (fault) throw fault
  } finally {
    // Without an end nobody prints any more: what was paid is said by who leaves.
    told.to(null)
    await client.close()
  }
}
