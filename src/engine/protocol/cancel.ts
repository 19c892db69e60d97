import { z } from 'zod'
import { count, eventIdField, jobIdField } from './fields.ts'

/** 26427: stop, and what the client has seen so far: how far the job was, and the next output seq it waits for. */
export const cancel = z.object({
  job: jobIdField,
  ticket: eventIdField,
  seen: z.enum(['nothing', 'accepted', 'started']),
  next: count,
})
