import { z } from 'zod'
import { count, name } from './fields.ts'

/** 36422: how busy someone is. Expires within 300 s. */
export const status = z.object({
  load: z.enum(['NORMAL', 'BUSY', 'SATURATED']),
  warm: z.array(name).max(200),
  queue: count,
})
export type Status = z.output<typeof status>
