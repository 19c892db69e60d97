import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { RefusalCode } from '../protocol/refusal.ts'
import type { LinkId } from './wire.ts'

/** How long a link's further refusals are counted and not logged, ms. */
const QUIET_MS = 1_000

/** `peer.absent`: what an honest peer said to somebody who is not here (yet). Of all else somebody is warned. */
type Refused = 'event.refused' | 'peer.absent'
type Last = { code: RefusalCode; at: number; more: number }

/** Logs refused events, once a second for each link: a flood of them must not flood the disk. */
export class RefusalLog {
  private readonly last = {
    'event.refused': new Map<LinkId, Last>(),
    'peer.absent': new Map<LinkId, Last>(),
  }

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  /** Logs a refusal, or counts it for the next line of its link. */
  add(link: LinkId, code: RefusalCode, as: Refused = 'event.refused'): void {
    const now = this.clock.ticks()
    const last = this.last[as].get(link)
    if (last && now - last.at < QUIET_MS) {
      last.code = code
      last.more++
      return
    }
    this.last[as].set(link, { code, at: now, more: 0 })
    this.write(link, as, code, 1 + (last?.more ?? 0))
  }

  /** The link is gone: what was counted and not logged is logged now. */
  end(link: LinkId): void {
    for (const as of ['event.refused', 'peer.absent'] as const) {
      const last = this.last[as].get(link)
      this.last[as].delete(link)
      if (last && last.more > 0) this.write(link, as, last.code, last.more)
    }
  }

  private write(link: LinkId, as: Refused, code: RefusalCode, count: number): void {
    if (as === 'peer.absent') this.log.info('peer.absent', { code, link, count })
    else this.log.warn('event.refused', { code, link, count })
  }
}
