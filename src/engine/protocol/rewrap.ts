import type { z } from 'zod'
import { eventIdField } from './fields.ts'
import { job } from './job.ts'

/** 26436: the same job for the next ticket; `from` is the ticket that failed. */
export const rewrap = job.extend({ from: eventIdField })
export type Rewrap = z.output<typeof rewrap>
