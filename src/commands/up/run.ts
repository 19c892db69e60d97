import { Fault } from '../../engine/base/fault.ts'
import { type Fields, type Log, openLog, silentLog } from '../../engine/base/log.ts'
import { newMemoryLedgers } from '../../engine/payments/sim/ledger.ts'
import type { Play } from './once.ts'
import { playMoneyPath } from '../pay/play.ts'
import { UP_PORT, type Up, type UpEvent, type UpOptions, openUp } from '../../engine/roles/up.ts'
import { paths } from '../../engine/base/paths.ts'
import { chatModels, openRunners } from '../../engine/runners/open.ts'
import { closeRunners, type Runner } from '../../engine/runners/runner.ts'
import { type Interrupt, interrupted, onInterrupt } from '../interrupt.ts'
import { announce, retract } from '../running.ts'
import { upFolder } from '../state.ts'
import { type Terminal, openTerminal } from '../terminal.ts'
import { parseWhole } from '../values.ts'
import { keptSigners } from './kept-keys.ts'
import { type Setup, eventLine, watcherFor } from './watch.ts'

export type UpCommandOptions = Readonly<{
  runner?: readonly string[] | undefined
  port?: string | undefined
  once?: boolean | undefined
  json?: boolean | undefined
  quiet?: boolean | undefined
}>

/**
 * `fedai up`: a router and a node in this process. With `--once` (or turns) it sends a few jobs and
 * ends; else it stays until Ctrl-C and tells what happens.
 * @param turns what is said to a chat model, in order
 * @throws Fault `unavailable` where a prompt has no model to go to; those of runners and router
 */
export const runUp = async (
  turns: readonly string[],
  options: UpCommandOptions,
  version: string,
): Promise<void> => {
  const started = performance.now()
  const terminal = openTerminal(options)
  const once = Boolean(options.once)
  if (turns.length > 0 && !once)
    throw new Fault('usage', 'up.prompt', 'a prompt goes with --once', {
      hint: 'try: fedai up --once "Why is the sky blue?"\nor, beside a running fedai up: fedai request "Why is the sky blue?"',
    })
  const port =
    options.port === undefined
      ? once
        ? 0
        : UP_PORT
      : parseWhole(options.port, '--port', 0, 65_535, UP_PORT)
  const stop = onInterrupt(terminal.gone)
  try {
    const told = runnerLog(terminal)
    const opening = openRunners(options.runner ?? [], {
      version,
      log: told.log,
      say: (line) => terminal.say(line),
      runtime: paths(process.env).runtime,
      signal: stop.signal,
    })
    const runners = await stop.within(opening, CLOSING_MS)
    try {
      const chat = await stop.within(chatModels(runners), 0)
      if (turns.length > 0 && chat.length === 0) throw noChat()
      const order = { runners, port, version, once, turns, chat, terminal, stop, started }
      await inNetwork(order, told.listeners)
    } finally {
      await closeRunners(runners)
    }
  } finally {
    stop.release()
  }
  if (once && stop.asked()) throw interrupted()
}

/** After Ctrl-C, for what was half open to close. */
const CLOSING_MS = 1_000

/** Who hears what happens, once the network stands. */
type Listeners = Set<(event: UpEvent) => void>

type Order = Readonly<{
  runners: readonly Runner[]
  port: number
  version: string
  once: boolean
  turns: readonly string[]
  chat: readonly string[]
  terminal: Terminal
  stop: Interrupt
  started: number
}>

const inNetwork = async (order: Order, listeners: Listeners): Promise<void> => {
  const { runners, port, version, once, terminal, stop } = order
  const broken = Promise.withResolvers<never>()
  broken.promise.catch(() => {})
  const held = once ? undefined : upFolder()
  const play = once ? ownPlay() : { path: playMoneyPath() }
  const opening = openIn(held?.folder, (line) => terminal.say(terminal.paint.yellow(line)), {
    signal: stop.signal,
    port,
    runners,
    software: `fedai ${version}`,
    // What happens is told by the watcher; the log is for what went wrong.
    log: once || terminal.errIsTTY ? silentLog : troubleLog(terminal),
    play,
    onEvent: (event) => {
      for (const listener of listeners) listener(event)
    },
    broken: broken.reject,
  })
  try {
    const up = await stop.within(opening, CLOSING_MS)
    await live(up, order, listeners, broken.promise, play)
  } finally {
    held?.release()
  }
}

/** With `--once` nothing is kept, no key either. */
const openIn = async (
  state: string | undefined,
  say: (line: string) => void,
  options: UpOptions,
): Promise<Up> => {
  if (state === undefined) return openUp(options)
  return openUp({ ...options, state, ...(await keptSigners(state, say)) })
}

/** Play money that is gone with this process. */
const ownPlay = (): Play => ({ path: '/play-money', ledgers: newMemoryLedgers() })

const live = async (
  up: Up,
  { once, turns, chat, terminal, stop, started }: Order,
  listeners: Listeners,
  broken: Promise<never>,
  play: Play,
): Promise<void> => {
  try {
    if (once) {
      const { sendJobs } = await import('./once.ts')
      terminal.say('play money · a router and a node in this process, nothing leaves this machine')
      const jobs = { terminal, stop, turns, chat: chat.length > 0, play }
      await Promise.race([sendJobs(up, jobs), broken])
    } else {
      const setup = { up, chat, readyMs: performance.now() - started }
      await Promise.race([stay(setup, listeners, terminal, stop), broken])
    }
  } finally {
    await up.close()
  }
}

/** Tells other terminals of this machine where the router is, and this one what happens, until a signal. */
const stay = async (
  setup: Setup,
  listeners: Listeners,
  terminal: Terminal,
  stop: Interrupt,
): Promise<void> => {
  const { key, address }: Up['router'] = setup.up.router
  announce({ role: 'router', key, address })
  // So that `request --where own` knows it.
  announce({ role: 'node', key: setup.up.node.key })
  const watcher = await watcherFor(terminal, setup)
  try {
    await watcher.ready()
    listeners.add((event) => watcher.event(event))
    await new Promise<void>((resolve) => {
      if (stop.signal.aborted) resolve()
      stop.signal.addEventListener('abort', () => resolve())
    })
  } finally {
    for (const role of ['node', 'router'] as const) retract(role)
    await watcher.end()
  }
}

/** What the runners that were started say: in lines until somebody listens, then like all that happens. */
const runnerLog = (terminal: Terminal): { log: Log; listeners: Listeners } => {
  const listeners: Listeners = new Set()
  const tell = (event: string, fields: Fields = {}) => {
    const line = eventLine({ event, fields })
    if (listeners.size === 0 && line !== undefined) terminal.say(line)
    for (const listener of listeners) listener({ event, fields })
  }
  return { log: { info: tell, warn: tell, error: tell }, listeners }
}

const troubleLog = (terminal: Terminal) => {
  const log = openLog({ write: (line) => terminal.say(line), json: false, now: Date.now })
  // What the watcher tells in words of its own is not said twice.
  const warn: typeof log.warn = (event, fields = {}) => {
    if (eventLine({ event, fields }) === undefined) log.warn(event, fields)
  }
  return { ...log, info: () => {}, warn }
}

const noChat = (): Fault =>
  new Fault(
    'unavailable',
    'up.no_chat',
    'a prompt needs a chat model, and there is none on this machine',
    {
      hint: 'start ollama or llama-server, or name a server: --runner openai=http://127.0.0.1:8080\nin a clone, a small model is fetched by: npm run try -- --chat',
    },
  )
