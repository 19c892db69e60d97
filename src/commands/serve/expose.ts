import { join } from 'node:path'
import { systemClock } from '../../engine/base/clock.ts'
import { asFault } from '../../engine/base/fault.ts'
import { paths } from '../../engine/base/paths.ts'
import { openHealth } from '../../engine/observe/health.ts'
import type { Registry } from '../../engine/observe/metrics.ts'
import { serveLocal } from '../../engine/transport/local.ts'
import { announce, retract } from '../running.ts'
import type { Means, Service } from './service.ts'

/** How other processes of this machine see a daemon. */
export type Exposed = Readonly<{
  /** Where /health, /ready and /metrics are; null where there is no socket. */
  socket: string | null
  /** Nobody finds it any more; who knows it can still ask how it does. */
  retract: () => void
  close: () => Promise<void>
}>

type Options = Means & Readonly<{ role: 'router' | 'node'; service: Service; registry: Registry }>

/** Says in the runtime folder what runs here and where, answers how it does, and keeps the watchdog quiet. */
export const expose = (options: Options): Exposed => {
  const { role, name, signer, service, registry, log, notifier, stop } = options
  for (const figure of Object.keys(service.figures()))
    registry.gauge(
      `fedai_${figure}`,
      `How many ${figure} there are now.`,
      () => service.figures()[figure],
    )
  const health = openHealth({
    clock: systemClock,
    registry,
    notReady: () => (stop.aborted ? 'it is about to end' : service.notReady()),
    figures: service.figures,
  })
  const socket = join(
    paths(process.env).runtime,
    `${name === role ? role : `${role}-${name}`}.sock`,
  )
  const closeSocket = localSocket(socket, health.answer, log)
  const { address } = service
  const key = signer.pubkey
  announce(address === null ? { role: 'node', key } : { role: 'router', key, address })
  const unwatch = notifier.watch(health.alive)
  return {
    socket: closeSocket ? socket : null,
    retract: () => retract(role),
    close: async () => {
      retract(role)
      unwatch()
      health.stop()
      await closeSocket?.()
    },
  }
}

// Jobs are served without it, so a path that is too long for a socket is said and lived with.
const localSocket = (
  path: string,
  answer: Parameters<typeof serveLocal>[1],
  log: Means['log'],
): ReturnType<typeof serveLocal> | undefined => {
  try {
    return serveLocal(path, answer)
  } catch (error) {
    const { code, message } = asFault(error)
    log.warn('health.unavailable', { code, reason: message })
    return undefined
  }
}
