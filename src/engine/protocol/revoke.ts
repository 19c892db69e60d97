import { z } from 'zod'
import { eventIdField } from './fields.ts'

/** 26431: tickets withdrawn before use. */
export const revoke = z.object({
  tickets: z.array(eventIdField).min(1).max(500),
  reason: z.enum(['drain', 'price', 'model']),
})
