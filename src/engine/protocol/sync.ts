import { z } from 'zod'
import { count, eventIdField, hex16, jobIdField } from './fields.ts'

/**
 * 26435: one job again, from a frame on. Between the client and the node of a job whose link came
 * back; the event that it answers, if any, is in its `e` tag (docs/protocol.md, coming back).
 */
export const sync = z.object({
  /** Two equal ones in one second are two events. */
  nonce: hex16,
  job: jobIdField,
  ticket: eventIdField,
  /** Which end says it: one key may be a client and a node. */
  side: z.enum(['client', 'node']),
  /** The next frame that it waits for: of the output for a client, of the input for a node. */
  next: count,
})

/** 26435, sealed, by a tab's key: the statements after the `since`-th again, a page of them, and the invoice that can be paid. */
export const tabSync = z.object({
  nonce: hex16,
  since: count,
  /** The number of an invoice of the tab that was paid: whether the payee has it is to be said again. */
  paid: count.optional(),
})

/** So many statements are said again at once, each in a letter of its own: who lacks more asks again. */
export const STATEMENT_PAGE = 16
