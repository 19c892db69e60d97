import { type Clock, systemClock } from '../../engine/base/clock.ts'
import type { Log } from '../../engine/base/log.ts'
import { shortNpub } from '../../engine/identity/keys.ts'
import type { Node } from '../../engine/roles/node/node.ts'
import { lives } from '../../engine/base/process.ts'
import { type RunningRouter, routersHere } from '../running.ts'

/** How often the runtime folder is read. A router that restarts is found again within this time. */
const LOOK_MS = 500

/**
 * Joins every router that runs on this machine, now or later, and leaves it when its process has ended;
 * one that only drains keeps its links.
 * @param tell the status that systemd shows
 * @returns what ends the looking; links that stand are not touched
 */
export const joinLocal = (
  dial: Node['dial'],
  { status }: { status: (text: string) => void },
  log: Pick<Log, 'info'>,
  here: () => readonly RunningRouter[] = () => routersHere(),
  clock: Clock = systemClock,
): (() => void) => {
  const joined = new Map<string, { router: RunningRouter; leave: () => void }>()
  let waiting = false
  const look = (): void => {
    for (const [id, { router, leave }] of joined) {
      if (lives(router)) continue
      joined.delete(id)
      leave()
    }
    for (const router of here()) {
      const id = `${router.pid} ${router.key} ${router.address}`
      if (!joined.has(id)) joined.set(id, { router, leave: dial(router) })
    }
    tell()
    stop = clock.after(LOOK_MS, look)
  }
  const tell = (): void => {
    if ((joined.size === 0) === waiting) return
    waiting = joined.size === 0
    if (waiting) log.info('router.awaited', { hint: 'fedai serve router' })
    status(
      waiting
        ? 'waiting for a router on this machine'
        : `at ${[...joined.values()].map(({ router }) => shortNpub(router.key)).join(', ')}`,
    )
  }
  let stop = () => {}
  look()
  return () => stop()
}
