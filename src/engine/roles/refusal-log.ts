import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { RefusalCode } from '../protocol/refusal.ts'
import type { LinkId } from './wire.ts'

/** How long a link's further refusals are counted and not logged, ms. */
const QUIET_MS = 1_000

type Last = { code: RefusalCode; at: number; more: number }

/** Logs refused events, once a second for each link: a flood of them must not flood the disk. */
export class RefusalLog {
  private readonly last = new Map<LinkId, Last>()

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
  ) {}

  /** Logs a refusal, or counts it for the next line of its link. */
  add(link: LinkId, code: RefusalCode): void {
    const now = this.clock.ticks()
    const last = this.last.get(link)
    if (last && now - last.at < QUIET_MS) {
      last.code = code
      last.more++
      return
    }
    this.last.set(link, { code, at: now, more: 0 })
    this.write(link, code, 1 + (last?.more ?? 0))
  }

  /** The link is gone: what was counted and not logged is logged now. */
  end(link: LinkId): void {
    const last = this.last.get(link)
    this.last.delete(link)
    if (last && last.more > 0) this.write(link, last.code, last.more)
  }

  private write(link: LinkId, code: RefusalCode, count: number): void {
    this.log.warn('event.refused', { code, link, count })
  }
}
