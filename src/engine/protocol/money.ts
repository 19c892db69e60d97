import { z } from 'zod'
import type { KindName } from './kinds.ts'

/** 26437: one event about money, sealed (NIP-44) between the keys of this one, so that no router links a tab to a job. */
export const money = z.object({ sealed: z.base64().max(40_000) })

/** What travels sealed alone. */
export const MONEY_KINDS = [
  'invoice',
  'proof',
  'fund',
  'paid',
  'tab_sync',
  'statement',
] as const satisfies readonly KindName[]
export type MoneyKind = (typeof MONEY_KINDS)[number]
