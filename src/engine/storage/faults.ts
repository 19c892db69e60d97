import { Fault } from '../base/fault.ts'
import type { JobId } from '../protocol/ids.ts'

/** A node signs one receipt for a job and ticket, ever: two are proof against it. */
export const receiptDuplicate = (job: JobId): Fault =>
  new Fault(
    'io',
    'receipt.duplicate',
    `job ${job.slice(0, 8)}… already has a receipt for this ticket`,
  )

export const storeClosed = (): Fault => new Fault('io', 'store.closed', 'the ledger is closed')

/** What may be there once is there already, or what settled would be changed. */
export const moneyKnown = (table: string, id: string): Fault =>
  new Fault('io', 'money.known', `${id.slice(0, 8)}… of ${table} is in the ledger already`)

export const moneyElsewhere = (): Fault =>
  new Fault('again', 'money.elsewhere', 'another fedai of this user has paid something meanwhile', {
    hint: 'try again',
  })
