import type { Settings } from '../../engine/base/config/resolve.ts'
import { KEYS, settingOf } from '../../engine/base/config/schema.ts'
import { asFault } from '../../engine/base/fault.ts'
import type { Log } from '../../engine/base/log.ts'
import type { Daemon, Service } from './service.ts'

/**
 * What HUP does: reads file and variables again, takes what can be taken, says what cannot. What is
 * wrong changes nothing. One after the other, however many signals come.
 */
export const reloader = (
  daemon: Pick<Daemon, 'settings'>,
  current: { settings: Settings },
  service: Pick<Service, 'reload'>,
  log: Log,
): (() => void) => {
  const reload = async (): Promise<void> => {
    try {
      const next = await daemon.settings()
      await service.reload(next)
      const changed = KEYS.filter((key) => !same(current.settings.written(key), next.written(key)))
      for (const key of changed.filter((it) => !settingOf(it).reload))
        log.warn('reload.needs_restart', { key })
      current.settings = next
      log.info('reloaded', { changed: changed.filter((it) => settingOf(it).reload).join(' ') })
    } catch (error) {
      const { code, message, hint } = asFault(error)
      log.error('reload.failed', { code, reason: message, hint })
    }
  }
  let last = Promise.resolve()
  return () => {
    last = last.then(reload)
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)
