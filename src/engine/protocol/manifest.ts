import { z } from 'zod'
import { count, name, pubKeyField, taskField } from './fields.ts'

/** 36420: what a node or a router is. Bands, benchmarks and the relay snapshot are null until measured. */
export const manifest = z.object({
  role: z.enum(['node', 'router']),
  name: name.optional(),
  software: name,
  /** Who runs it, as it says itself; null where it does not. */
  operator: pubKeyField.nullable(),
  tasks: z.array(z.object({ task: taskField, models: z.array(name).max(200) })).max(100),
  limits: z.object({ input_bytes: count, slots: count, queue: count }).partial(),
  doors: z.array(z.string().max(300)).max(8),
  payees: z.array(pubKeyField).max(8),
  bands: z.null(),
  bench: z.null(),
  relays: z.null(),
})
export type Manifest = z.output<typeof manifest>
