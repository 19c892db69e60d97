import { z } from 'zod'
import { count, eventIdField, msatField, sumField } from './fields.ts'

/**
 * 4646: a tab after its n-th receipt, signed by the node. `n` rises by one; two statements of one node and
 * tab with the same `n` contradict each other. Never published.
 */
export const statement = z.object({
  n: count.min(1),
  paid: sumField,
  used: sumField,
  reserved: sumField,
  receipt: eventIdField,
  cost: msatField,
})
