import { z } from 'zod'
import { bootIdField, carriedEvent, count } from './fields.ts'

/** 26430: opens a node's ticket stream at a router. Manifest and sheet come as events in full. */
export const register = z.object({
  boot: bootIdField,
  manifest: carriedEvent,
  sheet: carriedEvent,
  capacity: z.object({ slots: count, queue: count }),
})

/** A router's answer to a ticket of a node that has not registered on this link, or not last of its key. */
export const NOT_REGISTERED = 'restricted: register first'
