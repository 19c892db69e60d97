import { decodeFrame, type Frame } from '../../src/engine/protocol/frames.ts'
import type { Signed } from '../../src/engine/protocol/event.ts'

/** Everything that arrived anywhere, in order; an event that was passed on is there once. */
export class Tape {
  readonly events: { event: Signed; text: string; at: number }[] = []
  readonly frames: { link: number; frame: Frame; bytes: Uint8Array }[] = []
  private readonly seen = new Set<string>()

  /** @param at true time, ms since 1970 */
  event(text: string, at: number): void {
    // A whole parse for each hop would cost more than the hop.
    const id = /"id":"([0-9a-f]{64})"/.exec(text)?.[1] ?? text
    if (this.seen.has(id)) return
    this.seen.add(id)
    this.events.push({ event: JSON.parse(text) as Signed, text, at })
  }

  frame(link: number, bytes: Uint8Array): void {
    const frame = decodeFrame(bytes)
    if (frame) this.frames.push({ link, frame, bytes })
  }
}
