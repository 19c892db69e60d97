import type { Fault } from '../../engine/base/fault.ts'
import type { Log } from '../../engine/base/log.ts'

/**
 * Tells of routers that cannot be reached: each trouble once, however often it is tried, and anew after
 * a router has answered.
 */
export const troubleLog = (log: Log): { log: Log; tell: (trouble: Fault) => void } => {
  const told = new Set<string>()
  return {
    log: {
      ...log,
      info: (event, fields) => {
        if (event === 'router.joined') told.clear()
        log.info(event, fields)
      },
    },
    tell: ({ code, message }) => {
      if (told.has(message)) return
      if (told.size >= MOST_TOLD) told.clear()
      told.add(message)
      log.warn('router.unreachable', { code, reason: message })
    },
  }
}

const MOST_TOLD = 100
