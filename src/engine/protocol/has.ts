import { z } from 'zod'
import { count } from './fields.ts'

/**
 * What who signs has of its tab at the node: the number of the newest statement up to which it has all, and of the last
 * invoice that it paid into it. A node whose ledger has less was given an older one, or another, and refuses (`no_tab`).
 */
export const has = z.object({ n: count, seq: count })

export type Has = z.infer<typeof has>
