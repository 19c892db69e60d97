import type { Clock } from '../base/clock.ts'
import type { EventId } from '../protocol/ids.ts'
import type { Delivery } from './link.ts'

/** How long an OK may take, ms; a delivery without one is unknown. */
const ANSWER_MS = 5_000
/** Most events of one link that wait for their OK. */
const MOST_WAITING = 4_096

type Waiting = {
  promise: Promise<Delivery>
  resolve: (delivery: Delivery) => void
  stop: () => void
}

/** The events of one dialled link that were sent and have no OK yet (NIP-01). */
export class Answers {
  private readonly waiting = new Map<EventId, Waiting>()
  constructor(private readonly clock: Clock) {}

  /** What becomes of an event that is being sent. The same event twice has one answer. */
  expect(id: EventId): Promise<Delivery> {
    const before = this.waiting.get(id)
    if (before) return before.promise
    if (this.waiting.size >= MOST_WAITING) return Promise.resolve(unknown('too many unanswered'))
    const { promise, resolve } = Promise.withResolvers<Delivery>()
    const stop = this.clock.after(ANSWER_MS, () => this.settle(id, unknown('no OK came')))
    this.waiting.set(id, { promise, resolve, stop })
    return promise
  }

  settle(id: EventId, delivery: Delivery): void {
    const waiting = this.waiting.get(id)
    if (!waiting) return
    this.waiting.delete(id)
    waiting.stop()
    waiting.resolve(delivery)
  }

  /** The link is gone: nothing more will be answered. */
  end(reason: string): void {
    for (const id of this.waiting.keys()) this.settle(id, unknown(reason))
  }
}

export const unknown = (reason: string): Delivery => ({ state: 'unknown', reason })

/** What an OK means. With `mute:` nobody was there to hear it, whether it says true or false. */
export const deliveryOf = (accepted: boolean, message: string): Delivery => {
  if (message.startsWith('mute:')) return unknown(message)
  return accepted ? { state: 'delivered' } : { state: 'refused', reason: message }
}
