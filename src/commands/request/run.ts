import { Fault } from '../../engine/base/fault.ts'
import type { Client, Outcome, Wish } from '../../engine/roles/client/news.ts'
import type { Task } from '../../engine/tasks/task.ts'
import { type Interrupt, interrupted, onInterrupt } from '../interrupt.ts'
import { findRouter } from '../running.ts'
import { type Terminal, openTerminal } from '../terminal.ts'
import { parseName } from '../values.ts'
import { filePrinter, jsonPrinter, textPrinter } from './print.ts'
import { offersObject, offersText } from './result.ts'
import { checkArguments } from './input.ts'
import { type WishOptions, planOf } from './wish.ts'

type Options = WishOptions &
  Readonly<{
    router?: string | undefined
    as?: string | undefined
    passphraseFile?: string | undefined
    out?: string | undefined
    dryRun?: boolean | undefined
    json?: boolean | undefined
    stream?: boolean | undefined
    quiet?: boolean | undefined
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
  const router = findRouter(options.router)
  const wish = await plan.wish()
  if (options.out !== undefined) await (await import('../write.ts')).checkWritable(options.out)
  const signer =
    options.as === undefined
      ? undefined
      : await (await import('../unlock.ts')).unlock(options.as, options.passphraseFile, terminal)
  const stop = onInterrupt(terminal.gone, () =>
    terminal.progress('stopping · Ctrl-C again leaves at once'),
  )
  try {
    const { openClient } = await import('../../engine/roles/client/client.ts')
    const opening = openClient({ router, net: 'sim', ...(signer && { signer }) })
    const client = await opened(opening, stop)
    try {
      if (options.dryRun) await showOffers(client, plan.task, wish, terminal, stop)
      else conclude(await serve(client, plan.task, wish, options, terminal, stop), stop)
    } finally {
      await client.close()
    }
  } finally {
    terminal.progress('')
    stop.release()
  }
}

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

// A connection that opens after Ctrl-C is closed again: nothing is left behind.
const opened = async (opening: Promise<Client>, stop: Interrupt): Promise<Client> => {
  try {
    return await stop.within(opening, 0)
  } catch (error) {
    void opening.then((client) => client.close()).catch(() => {})
    throw error
  }
}

const showOffers = async (
  client: Client,
  task: Task,
  wish: Wish,
  terminal: Terminal,
  stop: Interrupt,
): Promise<void> => {
  terminal.progress('asking for offers')
  const found = await stop.within(client.offers(wish), 0)
  const text = terminal.json
    ? JSON.stringify(offersObject(task.name, client.router, found))
    : offersText(found)
  await terminal.emit(`${text}\n`)
}

const serve = async (
  client: Client,
  task: Task,
  wish: Wish,
  options: Options,
  terminal: Terminal,
  stop: Interrupt,
): Promise<Outcome> => {
  const started = performance.now()
  const printer =
    options.out !== undefined
      ? filePrinter(terminal, task, options.out, started)
      : terminal.json
        ? jsonPrinter(terminal, Boolean(options.stream))
        : textPrinter(terminal, task, started)
  terminal.progress('asking for offers')
  const follow = async (): Promise<Outcome> => {
    for await (const news of client.request(wish, stop.signal)) {
      if (news.type === 'ended') return news.outcome
      await printer.news(news)
    }
    throw new Fault('bug', 'request.no_end', 'the job ended without an outcome')
  }
  const outcome = await stop.within(follow(), AFTER_CANCEL_MS)
  await printer.end(outcome)
  return outcome
}

const conclude = (outcome: Outcome, stop: Interrupt): void => {
  if (stop.asked()) throw interrupted()
  // The reader of the output left (`| head -1`): the job was stopped, and that is no error.
  if (stop.signal.aborted) return
  if (outcome.fault) throw outcome.fault
  if (outcome.verified === false)
    throw new Fault(
      'verification',
      'receipt.disputed',
      `the receipt does not hold: ${outcome.dispute ?? 'see fedai verify'}`,
      {
        hint: 'keep the result (--json) and check it: fedai verify FILE',
      },
    )
}
