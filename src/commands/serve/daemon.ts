import { join } from 'node:path'
import type { Settings } from '../../engine/base/config/resolve.ts'
import { systemClock } from '../../engine/base/clock.ts'
import { asFault } from '../../engine/base/fault.ts'
import { metered } from '../../engine/observe/meter.ts'
import { type Registry, newRegistry } from '../../engine/observe/metrics.ts'
import { openNotifier } from '../../engine/observe/notify.ts'
import { addProcessMetrics } from '../../engine/observe/process.ts'
import { openStore } from '../../engine/storage/sqlite.ts'
import { interrupted } from '../interrupt.ts'
import { daemonFolder } from '../state.ts'
import { type Terminal, openTerminal } from '../terminal.ts'
import { endInOrder } from './end.ts'
import { expose } from './expose.ts'
import { daemonSigner } from './identity.ts'
import { daemonLog } from './log.ts'
import { tellReady } from './ready.ts'
import { reloader } from './reload.ts'
import type { Daemon, Means } from './service.ts'
import { type Signals, aborted, daemonSignals } from './signals.ts'

/** What has to be closed again, in the order in which it was opened. */
type Opened = (() => unknown)[]

/**
 * Runs a role until a signal ends it, or it breaks. One line says that it is ready.
 * @throws Fault of what kept it from its start, or broke it
 */
export const runDaemon = async (daemon: Daemon): Promise<void> => {
  const started = performance.now()
  const terminal = openTerminal(daemon.options)
  const signals = daemonSignals()
  const opened: Opened = [signals.release]
  try {
    const current = { settings: await daemon.settings() }
    const registry = newRegistry()
    const broken = Promise.withResolvers<never>()
    broken.promise.catch(() => {})
    const stage = { daemon, terminal, signals, registry, broken: broken.reject }
    const means = await prepare(stage, current.settings, opened)
    const opening = daemon.open(current.settings, means)
    // The first signal ends what listens to it; the second one waits for nobody.
    const skipped = aborted(signals.skip).then((): never => {
      throw interrupted()
    })
    skipped.catch(() => {})
    const starting = [whileStarting(opening, means), broken.promise, skipped] as const
    const service = await Promise.race(starting)
    opened.push(service.close)
    const exposed = expose({ ...means, role: daemon.role, service, registry })
    opened.push(exposed.close)
    signals.onReload(reloader(daemon, current, service, means.log))
    const net = current.settings.get('net')
    tellReady({
      ...means,
      role: daemon.role,
      net,
      service,
      exposed,
      ms: performance.now() - started,
    })

    await Promise.race([aborted(signals.stop), broken.promise])
    exposed.retract()
    const drainMs = current.settings.get(`${daemon.role}.drain`)
    await Promise.race([endInOrder(service, means, drainMs, signals.skip), broken.promise])
    means.log.info('ended')
  } catch (error) {
    // Whoever ends a daemon that still starts has got what was asked for.
    if (!signals.stop.aborted || asFault(error).kind !== 'interrupted') throw error
  } finally {
    await closeAll(opened)
  }
}

type Stage = Readonly<{
  daemon: Daemon
  terminal: Terminal
  signals: Signals
  registry: Registry
  broken: Means['broken']
}>

/** The log, the key, and the ledger that nobody else writes. */
const prepare = async (stage: Stage, settings: Settings, opened: Opened): Promise<Means> => {
  const { daemon, terminal, signals, registry, broken } = stage
  const { role, version, options } = daemon
  addProcessMetrics(registry, version, role)
  const { isJson, ...lines } = daemonLog(terminal, settings.get('log.format'))
  const log = metered(lines, registry)
  const name = settings.get(`${role}.identity`)
  const signer = await daemonSigner(name, role, options.passphraseFile, terminal, (file) =>
    log.info('identity.made', { name, file }),
  )
  const held = daemonFolder(role, signer.pubkey)
  opened.push(held.release)
  const store = await openStore(join(held.folder, 'ledger.db'))
  opened.push(() => store.close())
  const notifier = openNotifier({ env: process.env, clock: systemClock })
  return {
    name,
    signer,
    store,
    log,
    isJson,
    terminal,
    notifier,
    broken,
    stop: signals.stop,
  }
}

/** How far ahead a start that takes long is announced to systemd, and how often. */
const AHEAD_MS = 30_000
const AGAIN_MS = 10_000

/** A model that is loaded from a slow disk is no daemon that hangs. */
const whileStarting = async <T>(opening: Promise<T>, { notifier }: Means): Promise<T> => {
  notifier.extend(AHEAD_MS)
  const timer = setInterval(() => notifier.extend(AHEAD_MS), AGAIN_MS)
  try {
    return await opening
  } finally {
    clearInterval(timer)
  }
}

/** The last one first; one that does not close keeps no other open, and none for ever. */
const closeAll = async (opened: Opened): Promise<void> => {
  for (const close of opened.toReversed())
    await Promise.race([
      Promise.resolve()
        .then(close)
        .catch(() => {}),
      Bun.sleep(CLOSING_MS),
    ])
}

const CLOSING_MS = 5_000
