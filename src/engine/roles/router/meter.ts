import type { Bounds } from '../../base/bounds.ts'
import type { Credit } from '../../protocol/frames.ts'

/**
 * What passed of one job in one direction, and what may: a router counts credits, though it cannot
 * make them. What is sent again after a lost link was counted before, and has a bound of its own.
 */
export type Meter = {
  bytes: number
  allowed: number
  /** Frames from this seq on were not seen yet. */
  next: number
  /** Bytes below `next` that may still pass. */
  again: number
  /** False for a job that another run of this router placed: what passed before is not known. */
  based: boolean
}

type MeterBounds = Pick<Bounds, 'windowBytes' | 'windowBytesMax'>

export const newMeter = (bounds: MeterBounds): Meter => ({
  bytes: 0,
  allowed: bounds.windowBytes,
  next: 0,
  again: bounds.windowBytes,
  based: true,
})

/** Of a job that goes on in another run of the router: all that its writer keeps may come. */
export const restoredMeter = (bounds: MeterBounds): Meter => ({
  bytes: 0,
  allowed: bounds.windowBytesMax,
  next: 0,
  again: bounds.windowBytesMax,
  based: false,
})

/** Counts a frame of so many bytes. `new` and `again` go on; `over` breaks the job; `dropped` was sent again too often. */
export const measure = (
  meter: Meter,
  seq: number,
  size: number,
): 'new' | 'again' | 'over' | 'dropped' => {
  if (seq < meter.next) {
    meter.again -= size
    return meter.again >= 0 ? 'again' : 'dropped'
  }
  meter.next = seq + 1
  meter.bytes += size
  return meter.bytes <= meter.allowed ? 'new' : 'over'
}

/** The reader allows more. */
export const allow = (meter: Meter, credit: Credit, bounds: MeterBounds): void => {
  // No writer sends more than the largest window without a credit: so much at least was sent before.
  if (!meter.based) meter.bytes = Math.max(0, credit.allowed - bounds.windowBytesMax)
  meter.allowed = meter.based ? Math.max(meter.allowed, credit.allowed) : credit.allowed
  meter.based = true
}

/** The reader has asked for what it lacks: one window of it, the largest that there is. */
export const allowAgain = (meter: Meter, bounds: MeterBounds): void => {
  meter.again = bounds.windowBytesMax
}
