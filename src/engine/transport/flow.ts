import { BOUNDS, type Bounds } from '../base/bounds.ts'
import { type UnixMs, unixMs } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import type { Credit } from '../protocol/frames.ts'

/** A window that was used up faster than this doubles. */
const FAST_MS = 100
/** Most frames that are kept beyond a gap: frames without bytes would pass every bound in bytes. */
const MOST_BEYOND_GAP = 1_024

/** A frame of one job and direction: its sealed bytes, without the header. */
export type Portion = Readonly<{ seq: number; bytes: Uint8Array; last: boolean }>

export type Arrived = Readonly<{
  /** What can be read now: in order, each once. */
  ready: readonly Portion[]
  /** To be sent to the writer now; null where it can wait (see `dueAt`). */
  credit: Credit | null
  /** The writer sent more than it was allowed: reset the job. Nothing was taken. */
  overWindow: boolean
}>

/** What all reading windows of one connection share, so that their sum stays bounded. */
export type WindowBudget = {
  readonly limit: number
  readonly jobs: number
  used: number
  open: number
}

/** At most `limit` bytes in all windows, while first windows for `jobs` jobs remain possible. */
export const windowBudget = (
  limit: number = BOUNDS.windowsPerLinkBytes,
  jobs: number = BOUNDS.jobsPerLink,
): WindowBudget => ({ limit, jobs, used: 0, open: 0 })

/**
 * The reading end of one job's flow control (docs/protocol.md, credits): puts frames in order,
 * drops what came twice, and says when which credit is due. Pure: time is an argument.
 */
export class ReadWindow {
  private readonly first: number
  private readonly beyond = new Map<number, Portion>()
  private window: number
  private next = 0
  private allowed: number
  /** Bytes delivered in order, and of these how many under a credit. */
  private delivered = 0
  private credited = 0
  private held = 0
  private due: UnixMs | undefined
  private turn: { since: UnixMs | undefined; bytes: number } = { since: undefined, bytes: 0 }
  private paused = false
  private ended = false
  private closed = false

  constructor(
    private readonly budget: WindowBudget,
    private readonly bounds: Pick<
      Bounds,
      'windowBytes' | 'windowBytesMax' | 'creditWithinMs'
    > = BOUNDS,
  ) {
    this.first = bounds.windowBytes
    this.window = this.first
    this.allowed = this.first
    budget.used += this.first
    budget.open++
  }

  /** A frame has come. */
  arrived(portion: Portion, now: UnixMs): Arrived {
    const { seq, bytes } = portion
    if (this.ended || seq < this.next || this.beyond.has(seq)) {
      // Sent again because our credit was lost: it is due again, but not once for each.
      this.due ??= unixMs(now + this.bounds.creditWithinMs)
      return NOTHING
    }
    if (this.delivered + this.held + bytes.length > this.allowed) return OVER
    if (seq - this.next > MOST_BEYOND_GAP) return NOTHING
    this.beyond.set(seq, portion)
    this.held += bytes.length
    const ready = this.takeReady()
    if (ready.length === 0) return NOTHING
    this.grow(ready, now)
    this.due ??= unixMs(now + this.bounds.creditWithinMs)
    const atOnce = this.ended || this.delivered - this.credited >= this.window / 4
    return { ready, credit: atOnce ? this.credit() : null, overWindow: false }
  }

  /** When a credit is due though nothing more comes; undefined where none is. */
  dueAt(): UnixMs | undefined {
    return this.due
  }

  /** The credit that is due at `now`, or null. */
  tick(now: UnixMs): Credit | null {
    return this.due !== undefined && this.due <= now ? this.credit() : null
  }

  /** The credit for what came since the last one, before it is due; null where nothing did. */
  creditNow(): Credit | null {
    return this.delivered > this.credited ? this.credit() : null
  }

  /**
   * Whoever reads has enough for now: what comes is still acknowledged, since charges are counted by
   * that, but no more may be sent until `resume`. At most one window more comes.
   */
  pause(): void {
    this.paused = true
  }

  /** Reads on; gives the credit that was held back, or null. */
  resume(): Credit | null {
    this.paused = false
    return this.allowed < this.delivered + this.window ? this.credit() : null
  }

  /** The seq of the frame that it waits for: all below has come. */
  nextSeq(): number {
    return this.next
  }

  /** Everything up to the frame flagged last was read. */
  isEnded(): boolean {
    return this.ended
  }

  /** Gives the window back to the connection. */
  close(): void {
    if (this.closed) return
    this.closed = true
    this.budget.used -= this.window
    this.budget.open--
    this.beyond.clear()
  }

  private takeReady(): Portion[] {
    const ready: Portion[] = []
    for (;;) {
      const portion = this.beyond.get(this.next)
      if (!portion || this.ended) return ready
      this.beyond.delete(this.next++)
      this.held -= portion.bytes.length
      this.delivered += portion.bytes.length
      this.ended = portion.last
      ready.push(portion)
    }
  }

  /** What came and what may, whether it is due or not: the last credit may be lost with its link. */
  credit(): Credit {
    this.due = undefined
    this.credited = this.delivered
    if (!this.paused) this.allowed = Math.max(this.allowed, this.delivered + this.window)
    return { next: this.next, allowed: this.allowed }
  }

  // A writer far away needs a larger window for the same rate; one that is slow needs none.
  private grow(ready: readonly Portion[], now: UnixMs): void {
    this.turn.since ??= now
    for (const { bytes } of ready) this.turn.bytes += bytes.length
    if (this.turn.bytes < this.window) return
    const fast = now - this.turn.since < FAST_MS
    this.turn = { since: now, bytes: 0 }
    if (!fast || this.closed || this.window * 2 > this.bounds.windowBytesMax) return
    const { limit, jobs, used, open } = this.budget
    if (used + this.window + Math.max(0, jobs - open) * this.first > limit) return
    this.budget.used += this.window
    this.window *= 2
  }
}

/**
 * The writing end: what may be sent now, and what must be kept because no credit covers it yet.
 * A kept frame is sent again byte for byte, never sealed anew: one nonce, one plaintext.
 */
export class WriteWindow {
  private allowed: number
  private sentBytes = 0
  private acknowledgedBytes = 0
  private acknowledged = 0
  private seq = 0
  private kept: Portion[] = []

  /** @param most bytes that are sent and kept without acknowledgement, whatever the reader allows */
  constructor(
    first: number = BOUNDS.windowBytes,
    private readonly most: number = BOUNDS.windowBytesMax,
  ) {
    this.allowed = first
  }

  /** The seq of the next frame. */
  nextSeq(): number {
    return this.seq
  }

  /** How many bytes may be sent now. */
  room(): number {
    return Math.min(this.allowed, this.acknowledgedBytes + this.most) - this.sentBytes
  }

  canSend(bytes: number): boolean {
    return bytes <= this.room()
  }

  /**
   * A frame is going out now; it is kept until a credit covers it.
   * @throws Fault `bug` `flow.order` where it is not the next one, or may not be sent
   */
  sent(portion: Portion): void {
    if (portion.seq !== this.seq || !this.canSend(portion.bytes.length))
      throw new Fault('bug', 'flow.order', `frame ${portion.seq} was not to be sent now`)
    this.seq++
    this.sentBytes += portion.bytes.length
    this.kept.push(portion)
  }

  /**
   * A credit has come, whose authenticity the caller has checked. Both numbers only rise; a credit
   * for frames that were never sent is ignored.
   * @returns true when anything rose
   */
  credited(credit: Credit): boolean {
    if (credit.next > this.seq) return false
    const rose = credit.next > this.acknowledged || credit.allowed > this.allowed
    this.allowed = Math.max(this.allowed, credit.allowed)
    for (const { bytes } of this.kept.splice(0, credit.next - this.acknowledged))
      this.acknowledgedBytes += bytes.length
    this.acknowledged = Math.max(this.acknowledged, credit.next)
    return rose
  }

  /** The next seq the reader waits for: all below has arrived. */
  acknowledgedSeq(): number {
    return this.acknowledged
  }

  /** Frames that no credit covers yet, in order: what is sent again after a lost link. */
  unacknowledged(): readonly Portion[] {
    return this.kept
  }
}

const NOTHING: Arrived = { ready: [], credit: null, overWindow: false }
const OVER: Arrived = { ready: [], credit: null, overWindow: true }
